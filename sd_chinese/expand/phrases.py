"""Clauses that look like verse but are no line we know: read through their images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sd_chinese.expand.hantext import HanText
from sd_chinese.expand.matcher import Match
from sd_chinese.expand.reading import is_doubled
from sd_chinese.expand.records import Records
from sd_chinese.expand.vocabulary import glyphs
from sd_chinese.expand.wordset import is_word

LENGTHS = frozenset({4, 5, 7})
#: A prompt that is one phrase of at most so many characters asks to be read, verse or not.
SINGLE = 12
#: Words of plain prose, which verse does without.
_PROSE = frozenset("的了着在是我你他她它们吗吧呢个位这那把被和很都也就还给让")
_UNKNOWN = -1


def with_unknown_verse(han: HanText, matches: Sequence[Match], records: Records) -> list[Match]:
    """``matches`` and the clauses that read as verse; such a clause takes the images within it."""
    found = list(_unknown_verse(han, matches, records))
    if not found:
        return list(matches)
    within = _covered(han, found)
    return sorted([*(m for m in matches if not within[m.first]), *found], key=lambda match: match.first)


def _covered(han: HanText, matches: Iterable[Match]) -> bytearray:
    taken = bytearray(len(han))
    for match in matches:
        taken[match.first : match.last] = b"\1" * (match.last - match.first)
    return taken


def _unknown_verse(han: HanText, matches: Sequence[Match], records: Records) -> Iterator[Match]:
    """Clauses of four, five or seven characters that are no prose, hold images at most, and show two things."""
    whole = {(m.first, m.last) for m in matches}
    taken = _covered(han, (m for m in matches if records.known(m.pattern).kind != "image"))
    clauses = han.clauses
    for first, last in clauses:
        single = len(clauses) == 1 and last - first <= SINGLE
        if not (single or last - first in LENGTHS) or (first, last) in whole or any(taken[first:last]):
            continue
        text = han.folded[first:last]
        if not _PROSE.isdisjoint(text) or not (single or _is_verse_like(text)):
            continue
        reading = records.reader.read(text)
        shown = reading.drawable or (single and reading.things)
        if shown and all(pair.zh != text for _, pair in reading.things):
            start, end = han.span(first, last)
            yield Match(start, end, han.text[start:end], text, "read", 1.0, _UNKNOWN, first, last)


def _is_verse_like(text: str) -> bool:
    if is_doubled(text):
        return False
    table = glyphs()
    if 2 * sum(character in table for character in text) <= len(text):
        return False
    return _in_words(text) < len(text)


def _in_words(text: str) -> int:
    """How many characters belong to everyday words of two or more."""
    best = [0]
    for end in range(1, len(text) + 1):
        options = [best[-1]]
        options += [best[end - n] + n for n in (2, 3, 4) if n <= end and is_word(text[end - n : end])]
        best.append(max(options))
    return best[-1]
