"""Misspelt idioms and verse: reordered, one wrong character, inserted or missing characters, parts of a line.

Every way has a gate, because a Chinese text is full of windows that look a little like some idiom: a hit counts only
if it is no ordinary word, if the wrong characters sound or look alike, or if it fills a whole clause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from sd_chinese.expand.characters import similar
from sd_chinese.expand.hantext import HanText
from sd_chinese.expand.index import Index
from sd_chinese.expand.wordset import is_word

SURE = {"reordered": 0.9, "typo": 0.85, "variant": 0.8, "inserted": 0.8, "missing": 0.8, "part": 0.85}
#: Clauses are compared at their two ends only; no line is longer.
REACH = 24
#: Lines compared in full per clause, those with the most pairs in common first.
SHORT_LIST = 12
_COUNTED = frozenset("一二三四五六七八九十百千万零两第年月日号")


class Hit(NamedTuple):
    """A pattern found at a slice of a prompt's Chinese characters."""

    first: int
    last: int
    pattern: int
    how: str
    sure: float


def aligned(han: HanText, first: int, last: int) -> int:
    """How many of the two ends of a window are ends of a clause."""
    return (han.breaks[first] > 0) + (han.breaks[last] > 0)


def reordered(han: HanText, index: Index, pattern: int, first: int, last: int) -> Hit | None:
    """The characters of a known phrase in another order."""
    text, word = han.folded[first:last], index.word(pattern)
    if len(word) != len(text) or sorted(text) != sorted(word) or not han.is_whole(first, last):
        return None
    if is_word(text) or (len(text) == 4 and aligned(han, first, last) < 2):
        return None
    return Hit(first, last, pattern, "reordered", SURE["reordered"])


def mistyped(han: HanText, index: Index, pattern: int, first: int, last: int) -> Hit | None:
    """A four-character idiom with one character that sounds or looks like the right one."""
    text, word = han.folded[first:last], index.word(pattern)
    if len(word) != 4 or len(text) != 4 or not han.is_whole(first, last) or is_word(text):
        return None
    wrong = [(a, b) for a, b in zip(text, word, strict=True) if a != b]
    if len(wrong) != 1 or not similar(*wrong[0]) or _COUNTED.issuperset(wrong[0]):
        return None
    return Hit(first, last, pattern, "typo", SURE["typo"])


def verse_hits(han: HanText, index: Index, exact: Sequence[Hit]) -> Iterator[Hit]:
    """Lines of verse and sayings that a clause is a part of, or differs from by a character or two."""
    whole = {(hit.first, hit.last) for hit in exact}
    clauses = [(a, b) for a, b in han.clauses if b - a >= 4 and (a, b) not in whole]
    if not clauses:
        return
    for clause, patterns in _short_lists(han, index, clauses).items():
        first, last = clauses[clause]
        hits = [hit for pattern in patterns if (hit := _compare(han, index, pattern, first, last))]
        if hits:
            yield max(hits, key=lambda hit: (hit.sure, hit.last - hit.first, -hit.pattern))


def _short_lists(han: HanText, index: Index, clauses: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """For each clause the patterns that share enough character pairs with it."""
    places = [_places(first, last) for first, last in clauses]
    owner = np.array([number for number, some in enumerate(places) for _ in some])
    at, lines = index.verse_with(han.pairs[np.array([place for some in places for place in some])])
    keys = (owner[at] << 32) | lines
    keys.sort()
    again = keys[:-1][keys[1:] == keys[:-1]].tolist()
    found: dict[int, list[tuple[int, int]]] = {}
    for key, more in Counter(again).items():
        pairs = more + 1
        clause, pattern = key >> 32, key & 0xFFFFFFFF
        size = clauses[clause][1] - clauses[clause][0]
        length = int(index.start[pattern + 1]) - int(index.start[pattern])
        if pairs >= _needed(size, length):
            found.setdefault(clause, []).append((-pairs, pattern))
    return {clause: [p for _, p in sorted(some)[:SHORT_LIST]] for clause, some in found.items()}


def _places(first: int, last: int) -> Sequence[int]:
    if last - first <= 2 * REACH:
        return range(first, last - 1)
    return (*range(first, first + REACH), *range(last - REACH, last - 1))


def _needed(size: int, length: int) -> int:
    """Pairs that a clause and a line within the allowed edits have in common at least."""
    shorter = min(size, length)
    if length > size + 1:
        return size - 1
    return max(2, shorter - 1 - 2 * (2 if length >= 8 else 1))


def _compare(han: HanText, index: Index, pattern: int, first: int, last: int) -> Hit | None:
    """One clause against one line: part of it, the same with wrong characters, or one inserted or missing."""
    clause, line = han.folded[first:last], index.word(pattern)
    how = ""
    window = (first, last)
    if len(clause) < len(line) and clause in line:
        how = "part"
    elif len(clause) == len(line) + 1 and _one_more(clause, line):
        how = "inserted"
    elif len(clause) == len(line) - 1 and _one_more(line, clause):
        how = "missing"
    else:
        starts = (first,) if len(clause) == len(line) else (first, last - len(line))
        for start in starts if len(line) <= len(clause) and (len(line) >= 7 or len(starts) == 1) else ():
            if _few_wrong(han.folded[start : start + len(line)], line):
                how, window = "variant", (start, start + len(line))
                break
    if not how or is_word(clause):
        return None
    return Hit(*window, pattern, how, SURE[how])


def _one_more(longer: str, shorter: str) -> bool:
    """Whether leaving one character out of ``longer`` gives ``shorter``."""
    at = next((i for i, (a, b) in enumerate(zip(longer, shorter, strict=False)) if a != b), len(shorter))
    return longer[at + 1 :] == shorter[at:]


def _few_wrong(text: str, line: str) -> bool:
    wrong = [(a, b) for a, b in zip(text, line, strict=True) if a != b]
    if not wrong or len(wrong) > (1 if len(line) < 8 else 2):
        return False
    if any(a in _COUNTED or b in _COUNTED for a, b in wrong):
        return False
    return len(line) >= 6 or all(similar(a, b) for a, b in wrong)
