"""The whole way of a prompt: match, contribute, merge, render."""

from __future__ import annotations

import os
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

from sd_chinese.errors import SdzhError
from sd_chinese.expand import lexicon, render, scene
from sd_chinese.expand.contents import Contents
from sd_chinese.expand.hantext import HanText, read_prompt
from sd_chinese.expand.index import Index, open_index
from sd_chinese.expand.layout import lay_out
from sd_chinese.expand.matcher import Match, matches_in
from sd_chinese.expand.parts import IMAGES, LITERAL, MOOD, Beside, Part, source_of
from sd_chinese.expand.patterns import Source
from sd_chinese.expand.phrases import with_unknown_verse
from sd_chinese.expand.records import Records
from sd_chinese.expand.render import STRENGTHS, Plan
from sd_chinese.expand.scene import Scene, Style
from sd_chinese.expand.translate import Translation
from sd_chinese.expand.vocabulary import conditions, told_by, words

#: Characters of the user's own beside a phrase that still leave it a clause of its own (佛跳墙宴席).
OWN_WORD = 2
VIEWS = {LITERAL: "literal picture", IMAGES: "images", MOOD: "mood"}
_STYLE_WORDS = ("风", "画风")
PHRASES = ("auto", "keep", "replace")


@dataclass(frozen=True)
class ExpandOptions:
    """How far an expansion goes.

    Attributes:
        strength: ``light``, ``normal`` or ``rich``.
        phrase: ``replace`` the phrases found, ``keep`` them, or ``auto``: keep names that a model can draw.
        style: name of a style to paint in, instead of those named in the prompt.
        people: ``False`` leaves people out.
        off: what is switched off: a match by its canonical form, one of its phrases by its Chinese words.
        limit: longest Chinese prompt in characters (30 suits a context of 32 tokens); the user's words stay.
        seed: chooses among several pictures of an entry.
        view: one of :data:`VIEWS`.
    """

    strength: str = "normal"
    phrase: str = "auto"
    style: str | None = None
    people: bool = True
    off: frozenset[str] = field(default_factory=frozenset)
    limit: int | None = None
    seed: int = 0
    view: str = LITERAL

    def __post_init__(self) -> None:
        for name, known in (("strength", tuple(STRENGTHS)), ("phrase", PHRASES), ("view", tuple(VIEWS))):
            value = getattr(self, name)
            if value not in known:
                raise SdzhError("expand_option", name=name, value=value, known=" ".join(known))


@dataclass(frozen=True)
class Candidate:
    """One of the readings that the user may choose from."""

    name: str
    name_en: str
    prompt_zh: str
    prompt_en: str


@dataclass(frozen=True)
class Expansion:
    """What a prompt was read as. Prompts are written out when they are asked for."""

    input: str
    parts: tuple[Part, ...]
    scene: Scene
    plan: Plan
    limit: int | None
    expander: Expander
    options: ExpandOptions

    @cached_property
    def prompt_zh(self) -> str:
        text = render.chinese(self.plan)
        for fullness in range(self.plan.fullness - 1, -1, -1):
            if self.limit is None or len(text) <= self.limit:
                break
            text = render.chinese(replace(self.plan, fullness=fullness))
        return text

    @cached_property
    def english(self) -> Translation:
        return render.english(self.plan)

    @property
    def prompt_en(self) -> str:
        return self.english.text

    @cached_property
    def prompt_tags(self) -> str:
        return render.tags(self.plan).text

    @cached_property
    def negative_zh(self) -> str:
        return render.negative_zh(self.scene)

    @cached_property
    def negative_en(self) -> str:
        return render.negative_en(self.scene)

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Up to three readings that differ."""
        found: dict[str, Candidate] = {}
        for view, name in VIEWS.items():
            same = view == self.options.view
            other = self if same else self.expander.expand(self.input, replace(self.options, view=view))
            if other.scene.elements():
                found.setdefault(other.prompt_zh, Candidate(view, name, other.prompt_zh, other.prompt_en))
        return tuple(found.values())

    def to_json(self) -> dict[str, Any]:
        """The contract of the API and the command line."""
        return {
            "input": self.input,
            "matches": [_match_json(part) for part in self.parts],
            "scene": {
                "elements": [_element_json(e.role, e.pair, e.source) for e in self.scene.elements()],
                **{
                    name: [
                        {"value": c.value, **asdict(c.pair), "from": c.source}
                        for c in self.scene.conditions
                        if c.field == name
                    ]
                    for name in ("season", "time", "weather")
                },
                "styles": [{"name": style.name, **asdict(style.pair)} for style in self.scene.styles],
            },
            "prompt_zh": self.prompt_zh,
            "prompt_en": self.prompt_en,
            "prompt_tags": self.prompt_tags,
            "negative_zh": self.negative_zh,
            "negative_en": self.negative_en,
            "untranslated": list(self.english.unknown),
            "candidates": [asdict(candidate) for candidate in self.candidates],
        }


def _element_json(role: str, pair: lexicon.Pair, source: str) -> dict[str, str]:
    return {"role": role, "zh": pair.zh, "en": pair.en, "from": source}


def _match_json(part: Part) -> dict[str, Any]:
    match, known = part.match, part.known
    return {
        "text": match.text,
        "start": match.start,
        "end": match.end,
        "kind": part.kind,
        "canonical": match.canonical,
        "source": source_of(known, match.canonical) if known.poem else "",
        "exact": match.how in ("exact", "spelling"),
        "how": match.how,
        "confidence": part.sure,
        "drawable": part.drawable or part.kind == "style",
        "literal_trap": list(part.trap_zh),
        "poem": known.poem_number if known.poem_number >= 0 else None,
        "means": asdict(known.entry.means) if known.entry and known.entry.means else None,
        "pinyin": known.entry.read if known.entry else "",
    }


class Expander:
    """Turns prompts into scenes. Open one and keep it: prompts then cost a fraction of a millisecond."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.records = Records(index)
        self.contents = Contents(self.records)

    @classmethod
    def open(
        cls,
        data: Path = lexicon.DATA,
        user: Path | None = None,
        corpus: Path | None = None,
        cache: Path | None = None,
    ) -> Expander:
        """Open the lexicon, building its index at the first time.

        Args:
            data: the built-in lexicon.
            user: folder of the user's own entries, laid out like ``data``; they go before the built-in ones.
            corpus: baked verse, see ``corpus.bake_corpus``.
            cache: where the index is kept; the user's cache folder unless given.
        """
        return cls(open_index(sources(data, user, corpus), cache or cache_folder()))

    @property
    def faults(self) -> Sequence[lexicon.Fault]:
        """What could not be read of the lexicon, with file and line."""
        return self.index.faults

    def expand(self, prompt: str, options: ExpandOptions | None = None) -> Expansion:
        """Read a prompt. The same prompt and options always give the same expansion.

        Raises:
            SdzhError: ``options.style`` is not a style.
        """
        options = options or ExpandOptions()
        han = read_prompt(prompt)
        matches = [m for m in matches_in(han, self.index) if m.canonical not in options.off]
        matches = [
            match
            for match in with_unknown_verse(han, matches, self.records)
            if match.canonical not in options.off and not self._is_plain(match, han)
        ]
        own_words = _outside(prompt, matches)
        parts = [
            self.contents.part(match, beside, options.view, options.seed)
            for match, beside in zip(matches, _beside(han, matches), strict=True)
        ]
        parts = [_without(part, options.off) for part in parts] if options.off else parts
        styles = [Style.of(part.known.entry) for part in parts if part.kind == "style" and part.known.entry]
        if options.style:
            styles = [self.style(options.style)]
        merged = scene.merge(parts, told_by(own_words), own_words, styles, options.people)
        plan = Plan(prompt, lay_out(han, merged.parts), merged, options.phrase, STRENGTHS[options.strength])
        return Expansion(prompt, merged.parts, merged, plan, options.limit, self, options)

    def _is_plain(self, match: Match, han: HanText) -> bool:
        """An everyday word (少女, 樱花) is no image to be read, unless it is all that was typed."""
        if match.canonical not in words() or (match.first, match.last) == (0, len(han)):
            return False
        return self.records.known(match.pattern).kind == "image"

    def style(self, name: str) -> Style:
        """A style by its name.

        Raises:
            SdzhError: there is none of that name.
        """
        known = self.records.shelved("style", name)
        if known is None or known.entry is None:
            raise SdzhError("style_unknown", name=name)
        return Style.of(known.entry)


def _without(part: Part, off: frozenset[str]) -> Part:
    """A part that leaves out the phrases, season, time and weather whose Chinese words are in ``off``."""
    kept = [element for element in part.elements if element.pair.zh not in off]
    table = conditions()
    told = {
        name: tuple(value for value in values if table[name, value].zh not in off)
        for name, values in part.told.items()
    }
    return replace(Part.of(part.match, part, kept), told={name: left for name, left in told.items() if left})


def _beside(han: HanText, matches: Sequence[Match]) -> list[Beside]:
    """For each match what else its clause holds, and whether that is more than a word of the user's own."""
    firsts, lasts = zip(*han.clauses, strict=True) if matches else ((), ())
    own = [1] * len(han)
    for match in matches:
        own[match.first : match.last] = [0] * (match.last - match.first)
    own_before = list(accumulate(own, initial=0))
    found = []
    for m in matches:
        a, b = firsts[bisect_right(firsts, m.first) - 1], lasts[bisect_left(lasts, m.last)]
        text = han.folded[a : m.first] + "，" + han.folded[m.last : b]
        alone = own_before[b] - own_before[a] <= OWN_WORD
        whole = (a, b) == (m.first, m.last) != (0, len(han))
        found.append(Beside(text, alone, whole or han.folded.startswith(_STYLE_WORDS, m.last)))
    return found


def _outside(prompt: str, matches: Sequence[Match]) -> str:
    pieces, at = [], 0
    for match in matches:
        pieces.append(prompt[at : match.start])
        at = match.end
    return "，".join([*pieces, prompt[at:]])


def sources(data: Path, user: Path | None, corpus: Path | None) -> list[Source]:
    """Every file that the index is built from, in the order in which they are asked."""
    found = [Source(path, kind) for path, kind in lexicon.lexicon_files(user)] if user else []
    found += [Source(path, kind) for path, kind in lexicon.lexicon_files(data)]
    if corpus:
        found.append(Source(corpus, "corpus"))
    headwords = data / "headwords.tsv"
    return [*found, Source(headwords, "headwords")] if headwords.exists() else found


def cache_folder() -> Path:
    """Where indexes are kept: the platform's cache folder."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "sd-webui-chinese"


__all__ = ["ExpandOptions", "Expander", "Expansion", "HanText"]
