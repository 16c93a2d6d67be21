"""Clauses that look like verse but are no line we know: read through their images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sd_chinese.expand.fuzzy import aligned
from sd_chinese.expand.hantext import HanText
from sd_chinese.expand.matcher import Match
from sd_chinese.expand.reading import Reading, is_doubled
from sd_chinese.expand.records import Records
from sd_chinese.expand.vocabulary import glyphs, words
from sd_chinese.expand.wordset import is_word

LENGTHS = frozenset({4, 5, 7})
#: A prompt that is one phrase of at most so many characters asks to be read, verse or not.
SINGLE = 12
#: Words of plain prose, which verse does without.
_PROSE = frozenset("的了着在是我你他她它们吗吧呢个位这那把被和很都也就还给让")
#: Particles of a classical sentence, whose words mean something only together.
_PARTICLES = frozenset("于而焉乎矣哉兮其乃则岂")
#: What makes no new word of the one before it: 长城上 is still the wall.
_AFFIXES = frozenset("上下里内中外边旁前后间时者们人")
#: A name is no longer than this; it is read by its characters only if it is no word of its own.
NAME = 3
#: How sure the reading of a single phrase has to be: half of its characters are understood.
SURE_ENOUGH = 0.5
_UNKNOWN = -1


def with_unknown_verse(han: HanText, matches: Sequence[Match], records: Records) -> list[Match]:
    """``matches`` and the clauses that read as verse; such a clause takes the images within it."""
    found = list(_unknown_verse(han, matches, records))
    within = _covered(han, found)
    kept = [m for m in matches if not within[m.first] and not _is_part_of_a_word(m, han, records)]
    if not found and _is_unread_sentence(han, kept, records):
        return []
    return sorted([*kept, *found], key=lambda match: match.first)


def _is_part_of_a_word(match: Match, han: HanText, records: Records) -> bool:
    """Whether a name only tells of which kind the thing is that its whole clause names (灯笼 in 灯笼椒)."""
    last = match.last + 1
    return (
        last <= len(han)
        and aligned(han, match.first, last) == 2
        and han.is_whole(match.first, last)
        and records.known(match.pattern).kind in ("image", "term")
        and han.folded[match.last] not in _AFFIXES
        and is_word(han.folded[match.first : last])
    )


def _is_unread_sentence(han: HanText, matches: Sequence[Match], records: Records) -> bool:
    """Whether the prompt is one classical sentence of which nothing but an image or a term is known."""
    if len(han.clauses) != 1 or not matches or len(han) > SINGLE:
        return False
    rest = "".join(han.folded[at] for at, taken in enumerate(_covered(han, matches)) if not taken)
    return (
        all(records.known(m.pattern).kind in ("image", "term", "style") for m in matches)
        and 2 * len(rest) > len(han)
        and not _PARTICLES.isdisjoint(rest)
        and _PROSE.isdisjoint(rest)
        and not any(word in words() for word in _pairs(rest))
    )


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
        if single and not _is_understood(text, reading):
            continue
        if shown and all(pair.zh != text for _, pair in reading.things):
            start, end = han.span(first, last)
            yield Match(start, end, han.text[start:end], text, "read", 1.0, _UNKNOWN, first, last)


def _is_understood(text: str, reading: Reading) -> bool:
    """Whether a phrase on its own may be composed: of a name nothing is left over, of a line at most a half."""
    if len(text) > NAME:
        return reading.sure >= SURE_ENOUGH
    return reading.sure >= 0.75 and not is_word(text)


def _pairs(text: str) -> Iterator[str]:
    return (text[at : at + 2] for at in range(len(text) - 1))


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
