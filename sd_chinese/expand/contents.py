"""What a phrase shows: an entry's picture, a poem's lines, or what can be read out of a line that has no entry."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sd_chinese.expand.lexicon import Entry, Pair, Picture
from sd_chinese.expand.matcher import Match
from sd_chinese.expand.parts import (
    CONDITIONS,
    DYNASTY,
    IMAGES,
    LITERAL,
    MOOD,
    STORIES,
    Beside,
    Content,
    Element,
    Part,
    source_of,
)
from sd_chinese.expand.reading import is_doubled
from sd_chinese.expand.records import Known, Records
from sd_chinese.expand.vocabulary import words

#: A poem named by its title shows at most this many of its lines.
LINES_OF_A_POEM = 4
_ARMOUR = ("甲", "盔", "将军", "武士", "战士", "士兵")
_MOODS = frozenset({"setting", "palette", "mood", "composition"})


class Contents:
    """Reads the contents of phrases; what was read stays at hand, since prompts are tried again and again."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._read = lru_cache(maxsize=4096)(self._read_anew)

    def part(self, match: Match, beside: Beside, view: str = LITERAL, seed: int = 0) -> Part:
        """Turn a match into its contribution.

        Args:
            beside: what stands around it in its clause.
            view: which of the three readings.
            seed: chooses among several pictures of an entry; 0 is the first.
        """
        known = self._records.known(match.pattern)
        if known.entry is None or known.entry.sort != DYNASTY:
            beside = Beside("", beside.alone, beside.names_style)
        content = self._read(match.pattern, match.canonical, match.sure, beside, view, seed)
        return Part.of(match, content)

    def _read_anew(
        self, pattern: int, canonical: str, sure: float, beside: Beside, view: str, seed: int
    ) -> Content:
        records = self._records
        known = records.known(pattern)
        if known.kind == "term" and beside.names_style:
            known = records.shelved("style", canonical) or known
        source = source_of(known, canonical)
        if known.kind == "poem":
            return _poem_content(known, records, source, view, sure)
        if known.entry is None:
            return _read_content(canonical, known, records, source, sure)
        return _entry_content(canonical, known, known.entry, records, source, sure, beside, view, seed)


def _entry_content(
    canonical: str,
    known: Known,
    entry: Entry,
    records: Records,
    source: str,
    sure: float,
    beside: Beside,
    view: str,
    seed: int,
) -> Content:
    view = view if known.kind in STORIES else LITERAL
    if view == IMAGES:
        return _image_content(canonical, known, entry, records, source, sure)
    picture = _era_picture(canonical, entry, beside.text, records) or _picture(entry, view, seed)
    traps = (entry.trap_zh, entry.trap_en)
    if picture is None:
        return Content(known, (), {}, *traps, sure)
    elements = [Element(role, pair, source) for role, pair in picture.pairs()]
    if not beside.alone and known.kind not in STORIES:
        time = _told(picture).get("time") if known.kind == "image" else None
        return Content(known, tuple(elements[:1]), {"time": time} if time else {}, *traps, sure)
    if view == MOOD and not picture.name:
        elements = [e for e in elements if e.role in _MOODS] or elements
    return Content(known, tuple(elements), _told(picture), *traps, sure)


def _told(picture: Picture) -> dict[str, tuple[str, ...]]:
    return {name: values for name in CONDITIONS if (values := getattr(picture, name))}


def _picture(entry: Entry, view: str, seed: int) -> Picture | None:
    if not entry.pictures:
        return None
    if view == MOOD:
        return next((picture for picture in entry.pictures if picture.name == MOOD), entry.pictures[0])
    return entry.pictures[seed % len(entry.pictures)]


def _era_picture(canonical: str, entry: Entry, context: str, records: Records) -> Picture | None:
    """The picture of a dynasty that the words beside its name ask for: 宋代 in 宋代楼阁 shows a building."""
    era = records.shelved("era", canonical) if entry.sort == DYNASTY and context.strip("，") else None
    if era is None or era.entry is None:
        return None
    wanted = "盔甲" if any(word in context for word in _ARMOUR) else ""
    for sort, name in (("woman", "女子"), ("man", "男子"), ("building", "建筑")):
        if not wanted and any(known.sort == sort and word in context for word, known in words().items()):
            wanted = name
    return next((picture for picture in era.entry.pictures if picture.name == wanted), None)


def _image_content(
    canonical: str, known: Known, entry: Entry, records: Records, source: str, sure: float
) -> Content:
    """The images of a phrase without its story: its setting, and the things its own characters name."""
    picture = entry.pictures[0] if entry.pictures else Picture()
    reading = records.reader.read(canonical)
    things = [Element("setting", pair, source) for _, pair in reading.things if not _trapped(pair, entry)]
    kept = [Element(r, p, source) for r, p in picture.pairs() if r in ("setting", "palette", "composition")]
    if not things:
        kept = [Element(role, pair, source) for role, pair in picture.pairs() if role != "action"]
    return Content(known, (*things, *kept), _told(picture), entry.trap_zh, entry.trap_en, sure)


def _trapped(pair: Pair, entry: Entry) -> bool:
    """An idiom's characters are seldom its picture; those of a line with traps must be watched."""
    return entry.kind != "verse" or any(word in pair.zh for word in entry.trap_zh)


def _read_content(canonical: str, known: Known, records: Records, source: str, sure: float) -> Content:
    """A line of the corpus or a bare headword, through its images; an idiom is never filled up from elsewhere."""
    if is_doubled(canonical):
        return Content(known, sure=sure)
    neighbours = tuple(known.neighbours()) if known.poem else ()
    reading = records.reader.read(canonical, neighbours)
    if not reading.drawable and not (known.kind == "phrase" and reading.things):
        return Content(known, sure=round(sure * reading.sure, 2))
    elements = [Element("subject", reading.things[0][1], source)]
    elements += [Element("setting", pair, source) for _, pair in reading.things[1:]]
    told: dict[str, tuple[str, ...]] = {name: (value,) for name, value in reading.told.items()}
    return Content(known, tuple(elements), told, sure=round(sure * reading.sure, 2))


def _poem_content(known: Known, records: Records, source: str, view: str, sure: float) -> Content:
    """A poem by its title: the first lines that have something to draw, as one scene."""
    elements: list[Element] = []
    told: dict[str, tuple[str, ...]] = {}
    shown = 0
    for line in known.lines:
        found = records.find(line)
        entry = found.entry if found else None
        if entry and entry.pictures:
            picture = _picture(entry, view, 0) or entry.pictures[0]
            elements += [Element(role, pair, f"{line} — {source}") for role, pair in _once(picture, elements)]
            told = {**_told(picture), **told}
        else:
            reading = records.reader.read(line)
            if not reading.drawable:
                continue
            elements += [Element("setting", pair, f"{line} — {source}") for _, pair in reading.things[:2]]
            told = {**{name: (value,) for name, value in reading.told.items()}, **told}
        shown += 1
        if shown == LINES_OF_A_POEM:
            break
    return Content(known, tuple(elements), told, sure=sure)


def _once(picture: Picture, elements: Iterable[Element]) -> list[tuple[str, Pair]]:
    """A further line's phrases that say something new; one palette, mood and composition serve the whole poem."""
    said = {element.pair.zh for element in elements}
    roles = {element.role for element in elements} & {"palette", "mood", "composition"}
    return [(role, pair) for role, pair in picture.pairs() if pair.zh not in said and role not in roles]
