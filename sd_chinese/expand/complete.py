"""Completes what is being typed: two or more characters, or pinyin initials, into idioms, lines and terms.

The compact index is two sorted arrays: the words' first characters, and their initials.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sd_chinese.expand.characters import initial
from sd_chinese.expand.index import Index
from sd_chinese.expand.lexicon import Pair
from sd_chinese.expand.patterns import ENTRY, HEADWORD, LINE, SHELVED, TITLE, plain
from sd_chinese.expand.records import Records
from sd_chinese.words import fold

#: Characters of a word that are compared; and of the text before the caret.
WIDTH = 8
_RANK = {ENTRY: 0, TITLE: 1, HEADWORD: 2, LINE: 3}
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]{2,}$")
# Not within a tag, an option's name or a longer English word.
_LATIN = re.compile(r"(?<![A-Za-z0-9_:<'-])[a-z]{2,8}$")
_TAG = re.compile(r"<[^<>]*$")
_READ = re.compile(r"^read: *(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Completion:
    """One offer: ``word`` takes the place of the last ``replaces`` characters."""

    word: str
    replaces: int
    kind: str
    pinyin: str = ""
    source: str = ""
    means: Pair = field(default_factory=lambda: Pair("", ""))


class Completer:
    """Look-ups by the beginning of words. Building takes a moment; a look-up far less than a millisecond."""

    def __init__(self, index: Index, records: Records) -> None:
        self._index, self._records = index, records
        marks = tuple(SHELVED.values())
        kept = [
            (number, word)
            for number in range(len(index.role))
            if not (word := index.word(number)).startswith(marks)
        ]
        self._words = _sorted([(word, number) for number, word in kept], f"U{WIDTH}")
        self._initials = _sorted([(self._initials_of(word, n), n) for n, word in kept], f"U{WIDTH}")

    def complete(self, before: str, limit: int = 8) -> list[Completion]:
        """Offers for the text before the caret, the best first."""
        tail = before[-4 * WIDTH :]
        if _TAG.search(tail):
            return []
        if match := _HAN.search(tail):
            run = match.group()[-WIDTH:]
            for start in range(len(run) - 1):
                typed = run[start:]
                if found := list(self._offers(self._words, fold(typed).text, len(typed), limit)):
                    return found
        elif match := _LATIN.search(tail):
            typed = match.group()
            return list(self._offers(self._initials, typed.replace("n", "l"), len(typed), limit))
        return []

    def _offers(self, table: Table, prefix: str, replaces: int, limit: int) -> Iterator[Completion]:
        seen: set[tuple[int, int]] = set()
        for pattern in self._ranked(_starting(table, prefix)):
            role, ref = int(self._index.role[pattern]), int(self._index.ref[pattern])
            word = self._index.word(pattern)
            if word == prefix or (role in (ENTRY, TITLE) and (role, ref) in seen):
                continue
            offer = self._completion(word, pattern, replaces)
            if offer is not None:
                seen.add((role, ref if role in (ENTRY, TITLE) else pattern))
                yield offer
            if len(seen) >= limit:
                return

    def _completion(self, word: str, pattern: int, replaces: int) -> Completion | None:
        """None for the beginning of a poem's title, which only the matcher wants."""
        known = self._records.known(pattern)
        if known.kind == "poem" and known.poem and not plain(known.poem.title).endswith(word):
            return None
        entry = known.entry
        pinyin = entry.read if entry and len(entry.read.split()) == len(word) else ""
        means = (entry.means if entry else None) or Pair("", "")
        return Completion(word, replaces, known.kind, pinyin, str(known.poem or ""), means)

    def _ranked(self, patterns: npt.NDArray[np.int32]) -> list[int]:
        """What the lexicon describes first, then by frequency, then short before long."""
        roles, refs = self._index.role[patterns], self._index.ref[patterns]
        rank = np.array([_RANK[role] for role in range(len(_RANK))])[roles]
        frequency = np.where(roles == HEADWORD, -refs, 0)
        length = self._index.start[patterns + 1] - self._index.start[patterns]
        order: list[int] = patterns[np.lexsort((patterns, length, frequency, rank))].tolist()
        return order

    def _initials_of(self, word: str, pattern: int) -> str:
        """By the entry's own pinyin where it fits, else by each character's first reading."""
        if self._index.role[pattern] == ENTRY:
            read = _READ.search(self._index.entry(int(self._index.ref[pattern])))
            syllables = read.group(1).split() if read else []
            if len(syllables) == len(word):
                return "".join(_bare(syllable[0]) for syllable in syllables).replace("n", "l")
        return "".join(initial(character) for character in word)


@dataclass(frozen=True)
class Table:
    """Keys in order, and the pattern of each."""

    keys: npt.NDArray[np.str_]
    patterns: npt.NDArray[np.int32]


def _sorted(rows: list[tuple[str, int]], dtype: str) -> Table:
    keys = np.array([key for key, _ in rows], dtype=dtype)
    order = np.argsort(keys, kind="stable")
    return Table(keys[order], np.array([number for _, number in rows], dtype=np.int32)[order])


def _starting(table: Table, prefix: str) -> npt.NDArray[np.int32]:
    first = np.searchsorted(table.keys, prefix, "left")
    last = np.searchsorted(table.keys, prefix + "\U0010ffff", "right")
    return table.patterns[first:last]


def _bare(letter: str) -> str:
    """A letter without its tone."""
    return unicodedata.normalize("NFD", letter)[0].lower()
