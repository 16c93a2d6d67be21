"""Finds lexicon words, idioms and lines of verse in a prompt: exact spellings here, misspelt ones in ``fuzzy``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from sd_chinese.expand import fuzzy
from sd_chinese.expand.hantext import BLANK, HanText, read_prompt
from sd_chinese.expand.index import Index
from sd_chinese.expand.patterns import TITLE
from sd_chinese.expand.signatures import EXACT, I64, LONGEST, ORDER, U32, Hasher, finish
from sd_chinese.expand.wordset import is_word

#: Long prompts are scanned in blocks of this many characters, each reaching into the next by the longest pattern.
BLOCK = 1024
#: Lengths of windows that may hold a phrase in another order.
_LOOSE = np.arange(4, 9)
#: It belongs to what stands before it: 昂贵的卢布 holds no 的卢.
_PARTICLE = "的"


class Match(NamedTuple):
    """Where a known phrase stands in a prompt.

    Attributes:
        start, end: its slice of the prompt.
        text: that slice.
        canonical: how the phrase is usually written (simplified, without punctuation).
        how: ``exact``, ``spelling`` (traditional, spaced or punctuated), or one of ``fuzzy``'s ways.
        sure: 0..1.
        pattern: its number in the index.
        first, last: its slice of the Chinese characters.
    """

    start: int
    end: int
    text: str
    canonical: str
    how: str
    sure: float
    pattern: int
    first: int
    last: int


def find_matches(prompt: str, index: Index) -> list[Match]:
    """All matches of a prompt, in order, without overlaps: the longest first, then the surest."""
    return matches_in(read_prompt(prompt), index)


def matches_in(han: HanText, index: Index) -> list[Match]:
    hits: set[fuzzy.Hit] = set()
    for offset in range(0, len(han), BLOCK):
        hits.update(_block_hits(han, index, offset))
    exact = [hit for hit in hits if hit.how == "exact"]
    hits.update(fuzzy.verse_hits(han, index, exact))
    return [_match(han, index, hit) for hit in _without_overlaps(hits, len(han))]


def _block_hits(han: HanText, index: Index, offset: int) -> Iterator[fuzzy.Hit]:
    keys, start, end = _windows(han, index, offset)
    place, kinds, patterns = index.look_up(keys)
    firsts, lasts = (start[place] + offset).tolist(), (end[place] + offset).tolist()
    known = set()
    loose = []
    for first, last, kind, pattern in zip(firsts, lasts, kinds, patterns, strict=True):
        if kind != EXACT:
            loose.append((first, last, kind, pattern))
        elif han.folded[first:last] == index.word(pattern):
            known.add((first, last))
            if _may_stand(han, index, pattern, first, last):
                yield fuzzy.Hit(first, last, pattern, "exact", 1.0)
    for first, last, kind, pattern in loose:
        if (first, last) not in known:
            misspelt = fuzzy.reordered if kind == ORDER else fuzzy.mistyped
            if hit := misspelt(han, index, pattern, first, last):
                yield hit


def _windows(han: HanText, index: Index, offset: int) -> tuple[U32, I64, I64]:
    """Signatures, starts and ends of a block's windows that may be patterns, misspelt ones within a clause."""
    size = min(len(han) - offset, BLOCK + LONGEST)
    hasher = Hasher(han.mixed[offset : offset + size])
    exact, length = index.openings(han.pairs[offset : offset + size - 1])
    inside = exact + length <= size
    exact, length = exact[inside], length[inside]
    room = np.minimum(han.room[offset : offset + size], np.arange(size, 0, -1))
    loose, step = (room[:, None] >= _LOOSE).nonzero()
    gapped = loose[step == 0]
    ends = (exact + length, loose + _LOOSE[step], *[gapped + 4] * 4)
    sums = (hasher.exact(exact, ends[0]), hasher.order(loose, ends[1]), hasher.masked(gapped))
    starts = (exact, loose, *[gapped] * 4)
    return finish(np.concatenate(sums)), np.concatenate(starts), np.concatenate(ends)


def _may_stand(han: HanText, index: Index, pattern: int, first: int, last: int) -> bool:
    """Whether the characters of a pattern are meant as one where they stand."""
    if index.role[pattern] == TITLE:
        return _may_be_title(han, first, last)
    return _may_be_interrupted(han, first, last) and not _cut_from_words(han, first, last)


def _may_be_interrupted(han: HanText, first: int, last: int) -> bool:
    """A verse may be split by punctuation and an idiom be spaced out, but 山，水 is not 山水."""
    inside = han.breaks[first + 1 : last]
    worst = max(inside, default=0)
    if worst == 0:
        return True
    if last - first < 4:
        return False
    return worst == BLANK or last - first > 6 or fuzzy.aligned(han, first, last) == 2


def _may_be_title(han: HanText, first: int, last: int) -> bool:
    """Titles are everyday words: they count as a whole clause or between 《》, short ones as a whole prompt."""
    start, after = han.span(first, last)
    before = start - 1
    quoted = (
        before >= 0
        and han.text[before] in "《〈「『"
        and han.text[after : after + 1] in ("》", "〉", "」", "』")
    )
    long = last - first > 2 or last - first == len(han)
    return han.is_whole(first, last) and (quoted or (long and fuzzy.aligned(han, first, last) == 2))


def _cut_from_words(han: HanText, first: int, last: int) -> bool:
    """Whether a short match is the end of one ordinary word and the start of the next (长江山水 holds no 江山)."""
    length = last - first
    if length > 3:
        return False
    text = han.folded
    if length == 2 and text[first] == _PARTICLE and han.breaks[first] == 0:
        return True
    left = han.breaks[first] == 0 and is_word(text[first - 1 : first + 1])
    right = han.breaks[last] == 0 and is_word(text[last - 1 : last + 1])
    if length == 2:
        return bool(left and right)
    return bool((left and is_word(text[first + 1 : last])) or (right and is_word(text[first : last - 1])))


def _without_overlaps(hits: Iterable[fuzzy.Hit], size: int) -> list[fuzzy.Hit]:
    taken = bytearray(size)
    chosen = []
    for hit in sorted(hits, key=lambda hit: (hit.first - hit.last, -hit.sure, hit.first, hit.pattern)):
        if not any(taken[hit.first : hit.last]):
            taken[hit.first : hit.last] = b"\1" * (hit.last - hit.first)
            chosen.append(hit)
    return sorted(chosen, key=lambda hit: hit.first)


def _match(han: HanText, index: Index, hit: fuzzy.Hit) -> Match:
    start, end = han.span(hit.first, hit.last)
    text, canonical = han.text[start:end], index.word(hit.pattern)
    how, sure = hit.how, hit.sure
    if how == "exact" and text != canonical:
        how, sure = "spelling", 0.98
    return Match(start, end, text, canonical, how, sure, hit.pattern, hit.first, hit.last)
