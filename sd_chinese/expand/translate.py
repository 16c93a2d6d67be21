"""The user's own Chinese, word by word into English: enough grammar for what people write in prompts.

Noun phrases with 的, measure words, places (在…下), doings. Words that the table does not know stay Chinese and are
reported; nothing is dropped silently but particles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sd_chinese.expand.vocabulary import words

_NOUNS = frozenset({
    "woman", "man", "person", "body", "animal", "plant", "food", "dress", "thing", "building", "place", "nature",
    "art", "time", "unknown",
})  # fmt: skip
_QUALITIES = frozenset({"adjective", "colour", "adverb", "before"})
_SEVERAL = frozenset(
    {"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "several", "many"}
)
_MEASURED = {"one": "a", "this": "this", "that": "that"}


@dataclass(frozen=True)
class Token:
    """A word of a clause: as typed, in English, and its sort (``unknown`` keeps its Chinese)."""

    text: str
    en: str
    sort: str


@dataclass(frozen=True)
class Translation:
    """English, and the words that stayed Chinese."""

    text: str
    unknown: tuple[str, ...]


def tokens_of(text: str) -> list[Token]:
    """Cut text into known words: as few unknown characters as possible, then as few words, then long ones."""
    table, longest = words(), _longest_words()
    best: list[tuple[int, int, int, int]] = [(0, 0, 0, 0)]
    for end in range(1, len(text) + 1):
        last = text[end - 1]
        unknown, count, evenness, _ = best[-1]
        choice = (unknown + (last not in table and last != "的"), count + 1, evenness - 1, 1)
        for size in range(2, min(longest.get(last, 1), end) + 1):
            if text[end - size : end] in table:
                unknown, count, evenness, _ = best[end - size]
                choice = min(choice, (unknown, count + 1, evenness - size * size, size))
        best.append(choice)
    found: list[Token] = []
    at = len(text)
    while at:
        size = best[at][3]
        found.append(_token(text[at - size : at]))
        at -= size
    return list(_joined(reversed(found)))


@lru_cache(maxsize=1)
def _longest_words() -> dict[str, int]:
    """The length of the longest word that ends in a character."""
    found: dict[str, int] = {}
    for word in words():
        found[word[-1]] = max(len(word), found.get(word[-1], 1))
    return found


def _token(text: str) -> Token:
    if text == "的":
        return Token(text, "", "of")
    known = words().get(text)
    return Token(text, known.en, known.sort) if known else Token(text, text, "unknown")


def _joined(tokens: Iterator[Token]) -> Iterator[Token]:
    """Neighbouring unknown characters are one word."""
    held = ""
    for token in tokens:
        if token.sort == "unknown":
            held += token.text
            continue
        if held:
            yield Token(held, held, "unknown")
            held = ""
        yield token
    if held:
        yield Token(held, held, "unknown")


@dataclass
class _Unit:
    en: str
    sort: str


def translate(tokens: Sequence[Token]) -> Translation:
    """English for one clause."""
    units: list[_Unit] = []
    for at, token in enumerate(tokens):
        following = tokens[at + 1].sort if at + 1 < len(tokens) else ""
        if token.sort == "of":
            _make_modifier(units)
        elif token.text == "在":
            if following not in ("verb", "spot"):
                units.append(_Unit("in", "in"))
        elif token.sort == "measure" and units and units[-1].sort == "number":
            units[-1] = _Unit(_MEASURED.get(units[-1].en, units[-1].en), "number")
        elif token.sort == "measure" and following not in ("", "of"):
            continue
        elif token.sort == "where":
            _make_place(units, token.en)
        elif token.sort == "spot":
            units.append(_Unit(token.en, "place_phrase"))
        elif token.en:
            sort = "noun" if token.sort in _NOUNS else token.sort
            several = sort == "noun" and _is_several(units)
            last = not _more_noun(tokens, at)
            units.append(_Unit(_plural(token.en) if several and last else token.en, sort))
            if sort == "noun" and following not in ("of", "where") and not _more_noun(tokens, at):
                _close_noun(units)
    unknown = tuple(token.text for token in tokens if token.sort == "unknown")
    text = " ".join(unit.en for unit in units if unit.en).replace(" ,", ",")
    return Translation(_with_articles(text), unknown)


def _is_several(units: Sequence[_Unit]) -> bool:
    """Whether a number of two or more counts the noun to come."""
    start = _phrase_start(units, frozenset({"verb", "in", "join", "place_phrase"}))
    return any(unit.en in _SEVERAL for unit in units[start:] if unit.sort == "number")


def _plural(noun: str) -> str:
    """girl -> girls, the last word of a plain noun phrase."""
    if " of " in noun or " in " in noun or noun.endswith("s") or not noun.isascii():
        return noun
    for one, many in (("man", "men"), ("child", "children"), ("person", "people"), ("y", "ies")):
        if noun.endswith(one) and not (one == "y" and noun[-2:-1] in "aeiou"):
            return noun.removesuffix(one) + many
    return noun + ("es" if noun.endswith(("x", "ch", "sh")) else "s")


def _more_noun(tokens: Sequence[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].sort in _NOUNS


def _phrase_start(units: Sequence[_Unit], stop: frozenset[str]) -> int:
    at = len(units)
    while at and units[at - 1].sort not in stop:
        at -= 1
    return at


_BOUNDS = frozenset({"number", "join", "after", "comma"})


def _make_modifier(units: list[_Unit]) -> None:
    """X的: a doing or a place goes behind the noun to come, anything else before it."""
    if units and units[-1].sort == "noun" and _close_noun(units):
        units.append(_Unit(",", "comma"))
        return
    start = _phrase_start(units, _BOUNDS)
    if units and units[-1].sort in _QUALITIES:
        start = next((i + 1 for i in range(len(units) - 1, -1, -1) if units[i].sort not in _QUALITIES), 0)
    start = _place_start(units, start)
    inside = units[start:]
    if not inside:
        return
    english = " ".join(unit.en for unit in inside)
    behind = any(unit.sort in ("verb", "in", "place_phrase") for unit in inside)
    units[start:] = [_Unit(english, "behind" if behind else "before")]


def _place_start(units: Sequence[_Unit], start: int) -> int:
    """男人站在雨中的街头: behind somebody who does something, only the place describes what follows."""
    somebody = start > 0 and units[start - 1].sort == "after"
    for at, unit in enumerate(units[start:], start):
        if somebody and unit.sort in ("in", "place_phrase"):
            doing = any(later.sort == "verb" for later in units[at:])
            return start if doing else at + (unit.sort == "in")
        somebody = somebody or unit.sort == "noun"
    return start


def _make_place(units: list[_Unit], preposition: str) -> None:
    """在桥上, 桥上: the place word becomes the preposition before its noun."""
    start = _phrase_start(
        units, frozenset({"verb", "join", "in", "behind", "adverb", "place_phrase", "comma"})
    )
    noun = " ".join(unit.en for unit in units[start:])
    if start and units[start - 1].sort == "in":
        start -= 1
    if not noun:
        units[start:] = [_Unit(f"{preposition} it", "place_phrase")]
        units.append(_Unit(",", "comma"))
        return
    units[start:] = [_Unit(f"{preposition} {noun}", "place_phrase")]


def _close_noun(units: list[_Unit]) -> bool:
    """A finished noun phrase: what describes it by a doing moves behind it. Returns whether anything did."""
    start = next((i for i in range(len(units) - 1, -1, -1) if units[i].sort == "behind"), None)
    if start is None or any(unit.sort == "verb" for unit in units[start + 1 :]):
        return False
    described = units.pop(start)
    units.append(_Unit(described.en, "after"))
    return True


_TWO_PLACES = re.compile(r"\b(?:on|in) (?=(?:on|in|at|under|beside|behind|before) )")


def _with_articles(text: str) -> str:
    """ "a old man" -> "an old man", "leaning on on the wall" -> "leaning on the wall"."""
    parts = _TWO_PLACES.sub("", text).split(" ")
    for at, word in enumerate(parts[:-1]):
        if word in ("a", "an") and parts[at + 1] in ("a", "an", "the"):
            parts[at] = ""
        elif word == "a" and parts[at + 1][:1] in "aeiou":
            parts[at] = "an"
    return " ".join(part for part in parts if part)


__all__ = ["Token", "Translation", "tokens_of", "translate"]
