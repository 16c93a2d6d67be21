"""A scene written out: Chinese prose, English prose, or English tags; positive and negative."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sd_chinese.expand.layout import Piece
from sd_chinese.expand.lexicon import Pair
from sd_chinese.expand.parts import DYNASTY, STORIES, Element, Part
from sd_chinese.expand.scene import USER, Scene
from sd_chinese.expand.translate import Token, Translation, tokens_of, translate
from sd_chinese.expand.vocabulary import names_people, words

#: What is told at which fullness; a shorter prompt leaves the later ones out.
FULLNESS = {"subject": 0, "action": 1, "condition": 1, "style": 1, "setting": 2, "palette": 3, "mood": 3,
            "composition": 4, "pure": 4}  # fmt: skip
STRENGTHS = {"light": 1, "normal": 3, "rich": 4}
_MARKS = str.maketrans(
    {"，": ", ", "。": ". ", "、": ", ", "；": "; ", "：": ": ", "！": "! ", "？": "? ", "（": "(", "）": ")",
     "《": "", "》": "", "“": '"', "”": '"', "　": " "}
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Everything that a renderer needs.

    Attributes:
        phrase: ``auto``, ``keep`` or ``replace`` the phrases that were found.
        fullness: see :data:`FULLNESS`.
    """

    prompt: str
    pieces: Sequence[Piece]
    scene: Scene
    phrase: str
    fullness: int


def _told(elements: Sequence[Element], fullness: int) -> list[Element]:
    return [element for element in elements if FULLNESS[element.role] <= fullness] or list(elements[:1])


def is_replaced(part: Part, phrase: str, *, alone: bool) -> bool:
    """Whether a phrase gives way to its picture: what a model would misread always does; names stay.

    Args:
        alone: the phrase is a clause of its own, so that no grammar of the user's depends on it.
    """
    if not part.drawable or part.kind == "style" or phrase == "keep":
        return False
    if phrase == "replace" or (alone and _is_told(part)):
        return True
    if not (part.trap_zh or part.trap_en):
        return False
    return alone or not (_is_dynasty(part) or names_people(part.elements[0].pair.zh))


def _is_dynasty(part: Part) -> bool:
    return part.known.entry is not None and part.known.entry.sort == DYNASTY


def _is_told(part: Part) -> bool:
    """Whether the lexicon tells the picture of an idiom, a saying, a line or a poem."""
    return part.kind == "poem" or (part.kind in STORIES and part.known.entry is not None)


def _clause(
    plan: Plan, piece: Piece, say: Callable[[Pair], str], comma: str
) -> tuple[list[str | Part], list[str]]:
    """A clause's runs with replaced phrases already said, and what follows the clause."""
    runs: list[str | Part] = []
    after: list[str] = []
    whole = piece.runs(plan.prompt)
    alone = all(isinstance(run, Part) for run in whole)
    for run in whole:
        if isinstance(run, str) or not run.drawable:
            runs.append(run)
            continue
        told = _told(run.elements, plan.fullness)
        if not is_replaced(run, plan.phrase, alone=alone and (len(whole) == 1 or not _is_dynasty(run))):
            runs.append(run)
            after += [say(element.pair) for element in told]
        elif alone:
            runs.append(_Said(comma.join(say(element.pair) for element in told)))
        else:
            before = plan.prompt[piece.start : run.match.start]
            runs.append(_Said(say(_counted_once(told[0].pair, before))))
            after += [say(element.pair) for element in told[1:]]
    return runs, after


_COUNT = re.compile("^[一两三几].")
_A_MEASURE_OF = re.compile(r"^an? [\w-]+ of ")


def _counted_once(pair: Pair, before: str) -> Pair:
    """一碗热腾腾的[一碗清亮牛肉汤面]: what the user has counted is not counted again."""
    count = _COUNT.match(pair.zh)
    if not count or not before.startswith(count[0]):
        return pair
    return Pair(pair.zh.removeprefix(count[0]), _A_MEASURE_OF.sub("", pair.en))


class _Said(str):
    """Words of a scene that stand where a phrase stood."""


def chinese(plan: Plan) -> str:
    """The prompt in Chinese prose."""
    out: list[str] = []
    for piece in plan.pieces:
        text = plan.prompt[piece.start : piece.end]
        if piece.copied or not piece.parts:
            out.append(text)
            continue
        runs, after = _clause(plan, piece, lambda pair: pair.zh, "，")
        written = [run.match.text if isinstance(run, Part) else run for run in runs]
        out.append("，".join([_spaced(written, "，"), *after]))
    return _with_tail("".join(out), [pair.zh for pair in _tail(plan)], "，")


def _spaced(runs: Sequence[str], comma: str) -> str:
    """Join runs; two scenes side by side are set apart."""
    text = ""
    for at, run in enumerate(runs):
        apart = at > 0 and isinstance(run, _Said) and isinstance(runs[at - 1], _Said)
        text += (comma if apart else "") + run
    return text


def _tail(plan: Plan) -> list[Pair]:
    """What holds for the whole picture: season, time, weather, colours, mood, composition, style."""
    scene, fullness = plan.scene, plan.fullness
    found = []
    if fullness >= FULLNESS["condition"]:
        found += [c.pair for c in scene.conditions if c.source != USER]
    found += [element.pair for element in scene.shared if FULLNESS[element.role] <= fullness]
    for style in scene.styles:
        found.append(style.pair)
        if style.pure and fullness >= FULLNESS["pure"]:
            found.append(style.pure)
    return found


def _with_tail(text: str, tail: Sequence[str], comma: str) -> str:
    new = [phrase for phrase in dict.fromkeys(tail) if phrase and phrase not in text]
    if not new:
        return text
    body = text.rstrip()
    joint = "" if not body or body.endswith(("，", "。", ",", "、", "；")) else comma
    if body.endswith((",", ".", ";")):
        joint = " "
    return body + joint + comma.join(new)


def english(plan: Plan) -> Translation:
    """The prompt in English prose, and the user's words that stayed Chinese."""
    out = ""
    unknown: list[str] = []
    for piece in plan.pieces:
        text = plan.prompt[piece.start : piece.end]
        if piece.copied:
            out += text.translate(_MARKS)
            continue
        runs, after = _clause(plan, piece, lambda pair: pair.en, ", ")
        clause = _translated(runs, unknown)
        joined = ", ".join(filter(None, [clause, *(phrase for phrase in after if phrase not in clause)]))
        out += (" " if out[-1:].isalnum() and joined else "") + joined
    tail = [pair.en for pair in _tail(plan)]
    return Translation(_tidy(_with_tail(out, tail, ", ")), tuple(dict.fromkeys(unknown)))


_OF_STYLE, _OF = re.compile("^(?:风格|画风|风)?的?"), re.compile("^的")


def _translated(runs: Sequence[str | Part], unknown: list[str]) -> str:
    if all(isinstance(run, _Said) for run in runs):
        return ", ".join(str(run) for run in runs)
    tokens: list[Token] = []
    joint: re.Pattern[str] | None = None
    for at, run in enumerate(runs):
        following = runs[at + 1] if at + 1 < len(runs) else ""
        describes = isinstance(run, Part) and run.kind in STORIES and str(following).startswith("的")
        if isinstance(run, _Said):
            tokens.append(Token("", str(run), "thing"))
        elif isinstance(run, Part):
            tokens += _named(run, alone=len(runs) == 1 or (describes and run.drawable))
        else:
            tokens += tokens_of(joint.sub("", run) if joint else run)
        joint = None
        if isinstance(run, Part):
            joint = _OF_STYLE if run.kind == "style" else _OF if describes and run.drawable else None
    result = translate(tokens)
    unknown += result.unknown
    return result.text


def _named(part: Part, *, alone: bool) -> list[Token]:
    """A kept phrase in English: by the word table, else by what it shows."""
    known = words().get(part.match.canonical)
    if part.kind in STORIES:
        known = None
    if part.kind == "style":
        return [] if alone or not known else [Token("", known.en, "adjective")]
    if known:
        return [Token(part.match.text, known.en, "adjective" if known.sort == "time" else known.sort)]
    subject = part.element("subject") or (part.elements[0] if part.elements else None)
    if subject is None:
        return [Token(part.match.text, part.match.text, "unknown")]
    if part.kind == "phrase":
        own = tokens_of(part.match.canonical)
        return [] if any(token.sort == "unknown" for token in own) else own
    return [] if alone else [Token(part.match.text, subject.pair.en, "thing")]


_TIDY = ((re.compile(r"\s+,"), ","), (re.compile(r"(?:,\s*){2,}"), ", "), (re.compile(r"[ \t]{2,}"), " "))


def _tidy(text: str) -> str:
    for pattern, put in _TIDY:
        text = pattern.sub(put, text)
    return text.strip(" \t").removeprefix(", ").removesuffix(",")


_COUNTED = {"woman": ("1girl", "multiple girls"), "man": ("1boy", "multiple boys")}
_SEVERAL = re.compile("[两二三四五六七八九十几数众群]")
_ARTICLE = re.compile(r"^(?:a|an|the|with|and|in|of|some)\s+")


def tags(plan: Plan) -> Translation:
    """English booru-style tags: people counted first, then short lower-case phrases without articles."""
    prose = english(plan)
    shown = (
        plan.prompt
        if not plan.scene.parts
        else "".join(e.pair.zh for e in plan.scene.elements()) + _own_words(plan)
    )
    sorts = {word.sort for text, word in words().items() if word.sort in _COUNTED and text in shown}
    several = bool(_SEVERAL.search(shown))
    found = [_COUNTED[sort][several] for sort in ("woman", "man") if sort in sorts]
    for phrase in re.split(r",(?![^(<]*[)>])|;|\. |\band\b|\bwith\b", prose.text):
        tag = phrase.strip()
        bare = _ARTICLE.sub("", tag.lower()) if "<" not in tag and "(" not in tag else tag
        if bare:
            found.append(bare)
    return Translation(", ".join(dict.fromkeys(found)), prose.unknown)


def _own_words(plan: Plan) -> str:
    return "".join(run for piece in plan.pieces for run in piece.runs(plan.prompt) if isinstance(run, str))


def negative_zh(scene: Scene) -> str:
    words = (word for pair in scene.negative for word in pair.zh.split("，") if word)
    return "，".join(dict.fromkeys(words))


def negative_en(scene: Scene) -> str:
    words = (word.strip() for pair in scene.negative for word in pair.en.split(",") if word.strip())
    return ", ".join(dict.fromkeys(words))
