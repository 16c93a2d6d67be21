"""The engine's own word tables: everyday words and verse characters with their English, season and weather cues."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sd_chinese.expand.lexicon import DATA, Pair

_FOLDER = DATA / "vocabulary"
_WORD_LISTS = ("words.txt", "modern.txt")
#: Sorts of words that are read out of a phrase: what can be drawn, and what somebody does.
READ = frozenset(
    {
        "woman",
        "man",
        "person",
        "animal",
        "plant",
        "food",
        "dress",
        "thing",
        "building",
        "place",
        "nature",
        "verb",
    }
)
PEOPLE = frozenset({"woman", "man", "person"})


@dataclass(frozen=True)
class Word:
    """An everyday word: its English and what sort of word it is."""

    en: str
    sort: str


@dataclass(frozen=True)
class Glyph:
    """A character of classical verse: in plain Chinese, in English, and its sort."""

    pair: Pair
    sort: str


@dataclass(frozen=True)
class Cue:
    """Words and characters that tell a season, a time of day or a weather."""

    field: str
    value: str
    pair: Pair
    words: tuple[str, ...]
    characters: frozenset[str]


def _lines(path: Path) -> list[str]:
    """The lines of a table without its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _sorted_rows(path: Path) -> list[tuple[str, str, str]]:
    """(sort, word, rest) of a table with ``[sort]`` lines and ``word rest | word rest`` lines."""
    rows, sort = [], ""
    for line in _lines(path):
        if line.startswith("["):
            sort = line.strip("[] ")
            continue
        for item in line.split("|"):
            word, _, rest = item.strip().partition(" ")
            rows.append((sort, word, rest.strip()))
    return rows


@lru_cache(maxsize=1)
def words() -> dict[str, Word]:
    found: dict[str, Word] = {}
    for name in _WORD_LISTS:
        for sort, word, en in _sorted_rows(_FOLDER / name):
            found.setdefault(word, Word("" if en == "-" else en, sort))
    return found


@lru_cache(maxsize=1)
def glyphs() -> dict[str, Glyph]:
    found: dict[str, Glyph] = {}
    for sort, word, rest in _sorted_rows(_FOLDER / "glyphs.txt"):
        zh, _, en = rest.partition("/")
        found.setdefault(word, Glyph(Pair(zh, en), sort))
    return found


@lru_cache(maxsize=1)
def cues() -> tuple[Cue, ...]:
    found = []
    for line in _lines(_FOLDER / "cues.txt"):
        field, value, zh, en, some, single = (part.strip() for part in line.split("|"))
        found.append(Cue(field, value, Pair(zh, en), tuple(some.split()), frozenset(single.split())))
    return tuple(found)


@lru_cache(maxsize=1)
def conditions() -> dict[tuple[str, str], Pair]:
    """How a season, time or weather is written, by (field, value)."""
    return {(cue.field, cue.value): cue.pair for cue in cues()}


def told_by(text: str) -> dict[str, str]:
    """The season, time and weather that everyday words of ``text`` tell; the first in the text of each wins."""
    found: dict[str, str] = {}
    table = _cues_by_start()
    if _cue_openings().isdisjoint(text):
        return found
    for at in range(len(text)):
        for word, cue in table.get(text[at : at + 2], ()):
            if text.startswith(word, at):
                found.setdefault(cue.field, cue.value)
    return found


def told_in_verse(text: str) -> dict[str, str]:
    """The same of a line of verse, in which a single character may tell it, too."""
    found = told_by(text)
    table = _cues_by_character()
    for character in text:
        for cue in table.get(character, ()):
            found.setdefault(cue.field, cue.value)
    return found


@lru_cache(maxsize=1)
def _cues_by_character() -> dict[str, list[Cue]]:
    found: dict[str, list[Cue]] = {}
    for cue in cues():
        for character in cue.characters:
            found.setdefault(character, []).append(cue)
    return found


@lru_cache(maxsize=1)
def _cues_by_start() -> dict[str, list[tuple[str, Cue]]]:
    """Cue words by their first two characters, long ones first."""
    found: dict[str, list[tuple[str, Cue]]] = {}
    for word, cue in sorted(((w, c) for c in cues() for w in c.words), key=lambda item: -len(item[0])):
        found.setdefault(word[:2], []).append((word, cue))
    return found


@lru_cache(maxsize=1)
def _cue_openings() -> frozenset[str]:
    return frozenset(start[0] for start in _cues_by_start())


@lru_cache(maxsize=1)
def people_words() -> tuple[str, ...]:
    return tuple(word for word, known in words().items() if known.sort in PEOPLE)


def names_people(text: str) -> bool:
    return any(word in text for word in people_words())
