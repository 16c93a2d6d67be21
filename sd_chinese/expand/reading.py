"""Reads a line of verse or an idiom that no entry describes: its images, things, people, colours and weather.

Nothing is invented: what the tables do not know is left out, how much of the line they know is its certainty, and a
line with nothing to draw says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from sd_chinese.expand.lexicon import Entry, Pair
from sd_chinese.expand.vocabulary import PEOPLE, READ, glyphs, told_in_verse, words

#: Fewer things than this make no picture.
ENOUGH = 2
MOST = 4
#: Where a line of verse pauses, by its length.
CAESURA = {4: 2, 5: 2, 7: 4}
_NEGATIONS = frozenset("不无非未莫勿没")
_ARTICLES = ("a ", "an ", "the ")
#: Doubled, these still are things: every hill, every tree (山山, 树树).
_COUNTED = frozenset("山树枝叶家户村楼桥舟")

#: The longest word that is looked for in a phrase.
LONGEST_WORD = 4
FindImage = Callable[[str], "Entry | None"]


@dataclass(frozen=True)
class Reading:
    """What a phrase shows.

    Attributes:
        things: what is drawn, in the phrase's order, with the words it was read from.
        told: season, time and weather by field.
        sure: 0..1, from how much of the phrase was understood.
        people: whether somebody is in it.
    """

    things: tuple[tuple[str, Pair], ...] = ()
    told: dict[str, str] = field(default_factory=dict)
    sure: float = 0.0
    people: bool = False

    @property
    def drawable(self) -> bool:
        return len(self.things) >= ENOUGH or bool(self.things and self.told)


class _Token(NamedTuple):
    text: str
    pair: Pair
    sort: str
    at: int


class Reader:
    """Reads phrases by the word tables and the images of a lexicon.

    Args:
        images: the images' names.
        find_image: the entry of a name, if there is one.
    """

    def __init__(self, images: Iterable[str], find_image: FindImage) -> None:
        self._find_image = find_image
        self._openings = frozenset(word[:2] for word in (*words(), *images) if len(word) > 1)
        self.read = lru_cache(maxsize=4096)(self._read_anew)

    def _read_anew(self, phrase: str, neighbours: Sequence[str] = ()) -> Reading:
        """Read ``phrase``; if it shows too little, the lines beside it in its poem lend their images."""
        tokens = list(self._tokens(phrase))
        things = _things(tokens, CAESURA.get(len(phrase), 0))
        known = sum(len(token.text) for token in tokens if token.sort)
        sure = 0.25 + 0.5 * known / max(1, len(phrase)) if things else 0.0
        told = told_in_verse(phrase)
        for neighbour in neighbours:
            if len(things) >= ENOUGH:
                break
            lent = _things(list(self._tokens(neighbour)), CAESURA.get(len(neighbour), 0))
            things += [(text, pair) for text, pair in lent if pair not in [p for _, p in things]][:ENOUGH]
            told = {**told_in_verse(neighbour), **told}
            sure = max(sure, 0.25) * 0.8
        people = any(token.sort in PEOPLE for token in tokens)
        return Reading(tuple(things[:MOST]), told, round(sure, 2), people)

    def _tokens(self, phrase: str) -> Iterator[_Token]:
        """Known words of a phrase, longest first; what a negation stands before is skipped."""
        at = 0
        while at < len(phrase):
            if phrase[at] in _NEGATIONS:
                at += 2
                continue
            token = self._word(phrase, at) if phrase[at : at + 2] in self._openings else None
            token = token or _glyph(phrase[at], at)
            if token and _is_manner(phrase, token):
                at += 2
                continue
            if token:
                yield token
            at += len(token.text) if token else 1

    def _word(self, phrase: str, at: int) -> _Token | None:
        for size in range(min(LONGEST_WORD, len(phrase) - at), 1, -1):
            text = phrase[at : at + size]
            word = words().get(text)
            if word:
                return _Token(text, Pair(text, word.en), word.sort if word.sort in READ else "", at)
            entry = self._find_image(text)
            if entry and entry.pictures and entry.pictures[0].subject:
                return _Token(text, entry.pictures[0].subject, "image", at)
        return None


def _glyph(character: str, at: int) -> _Token | None:
    glyph = glyphs().get(character)
    return _Token(character, glyph.pair, glyph.sort, at) if glyph else None


def _is_manner(phrase: str, token: _Token) -> bool:
    """亭亭, 丝丝, 漠漠: a thing's character that stands twice tells how something is."""
    doubled = len(token.text) == 1 and phrase.startswith(2 * token.text, token.at)
    return doubled and token.text not in _COUNTED and token.sort not in ("colour", "quality", "act")


def is_doubled(phrase: str) -> bool:
    """马马虎虎, 形形色色: doubled characters describe a manner, not the horses and tigers they are written with."""
    return len(phrase) == 4 and phrase[0] == phrase[1] and phrase[2] == phrase[3]


def _things(tokens: Sequence[_Token], caesura: int) -> list[tuple[str, Pair]]:
    """Things with their colours and qualities before them and their doings behind them.

    No quality before the pause in the middle of a line describes what comes after it; a colour that ends the
    line describes the last thing.
    """
    found: list[tuple[str, Pair]] = []
    before: list[_Token] = []
    for token in tokens:
        before = [b for b in before if b.sort == "colour" or not b.at < caesura <= token.at]
        if token.sort in ("colour", "quality"):
            before.append(token)
        elif token.sort in ("act", "verb"):
            if found:
                text, pair = found[-1]
                found[-1] = (text + token.text, Pair(pair.zh + token.pair.zh, f"{pair.en} {token.pair.en}"))
            elif token.sort == "verb":
                found.append((token.text, Pair(f"{token.pair.zh}的人们", f"people {token.pair.en}")))
            before.clear()
        elif token.sort and token.pair not in [pair for _, pair in found]:
            text = "".join(t.text for t in before) + token.text
            found.append((text, _qualified(token.pair, [t.pair for t in before])))
            before.clear()
    colours = [token for token in before if token.sort == "colour"]
    if found and colours:
        text, pair = found[-1]
        found[-1] = (text + colours[0].text, _qualified(pair, [colours[0].pair]))
    return found


def _qualified(thing: Pair, qualities: Sequence[Pair]) -> Pair:
    if not qualities:
        return thing
    zh = "".join(f"{quality.zh.removesuffix('的')}的" for quality in qualities) + thing.zh
    english = " ".join(quality.en for quality in qualities)
    if english.startswith("a "):
        return Pair(zh, f"{english} {_bare(thing.en)}")
    for article in _ARTICLES:
        if thing.en.startswith(article):
            kept = article if article == "the " else ("an " if english[0] in "aeiou" else "a ")
            return Pair(zh, f"{kept}{english} {_bare(thing.en)}")
    return Pair(zh, f"{english} {thing.en}")


def _bare(en: str) -> str:
    for article in _ARTICLES:
        if en.startswith(article):
            return en[len(article) :]
    return en
