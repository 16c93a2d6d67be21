"""One match -> what it contributes to the scene: elements to draw, season and weather, traps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sd_chinese.expand.lexicon import Entry, Pair, Picture
from sd_chinese.expand.matcher import Match
from sd_chinese.expand.reading import is_doubled, read_phrase
from sd_chinese.expand.records import Known, Records
from sd_chinese.expand.vocabulary import words

#: The three readings of a phrase: the picture itself, its images, its mood.
LITERAL, IMAGES, MOOD = "直绘", "意象", "意境"
#: A poem named by its title shows at most this many of its lines.
LINES_OF_A_POEM = 4
DYNASTY = "朝代服饰"
_ARMOUR = ("甲", "盔", "将军", "武士", "战士", "士兵")
CONDITIONS = ("season", "time", "weather")
#: Kinds that tell a story: they have a place, and can be read for their images or their mood.
STORIES = frozenset({"idiom", "saying", "verse", "poem"})


@dataclass(frozen=True)
class Element:
    """One phrase of the picture: what it is for, its words, and the phrase it came from."""

    role: str
    pair: Pair
    source: str


@dataclass(frozen=True)
class Beside:
    """The rest of a match's clause.

    Attributes:
        text: the words before and after it, by which a dynasty chooses its picture.
        alone: there is hardly any; a name within a sentence of the user's only says what it looks like.
        names_style: a craft (剪纸) is meant as a style: 风格 follows, or it is one of several clauses.
    """

    text: str = ""
    alone: bool = True
    names_style: bool = False


@dataclass(frozen=True)
class Part:
    """What one match contributes."""

    match: Match
    known: Known
    elements: tuple[Element, ...] = ()
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    trap_zh: tuple[str, ...] = ()
    trap_en: tuple[str, ...] = ()
    sure: float = 1.0

    @property
    def drawable(self) -> bool:
        return bool(self.elements)

    @property
    def kind(self) -> str:
        return self.known.kind

    def with_elements(self, elements: Iterable[Element]) -> Part:
        return Part(self.match, self.known, tuple(elements), self.told, self.trap_zh, self.trap_en, self.sure)

    def element(self, role: str) -> Element | None:
        return next((element for element in self.elements if element.role == role), None)


def source_of(known: Known, canonical: str) -> str:
    """The name under which a phrase of the output is credited."""
    return (
        f"{canonical} — {known.poem}" if known.poem and known.kind != "poem" else str(known.poem or canonical)
    )


def part_of(match: Match, records: Records, *, beside: Beside, view: str = LITERAL, seed: int = 0) -> Part:
    """Turn a match into its contribution.

    Args:
        beside: what stands around it in its clause.
        view: which of the three readings.
        seed: chooses among several pictures of an entry; 0 is the first.
    """
    known = records.known(match.pattern)
    if known.kind == "term" and beside.names_style:
        known = records.shelved("style", match.canonical) or known
    source = source_of(known, match.canonical)
    if known.kind == "poem":
        return _poem_part(match, known, records, source, view)
    if known.entry is None:
        return _read_part(match, known, records, source)
    entry = known.entry
    view = view if known.kind in STORIES else LITERAL
    if view == IMAGES:
        return _image_part(match, known, entry, records, source)
    picture = _era_picture(entry, match, beside.text, records) or _picture(entry, view, seed)
    traps = (entry.trap_zh, entry.trap_en)
    if picture is None:
        return Part(match, known, (), {}, *traps, match.sure)
    elements = [Element(role, pair, source) for role, pair in picture.pairs()]
    if not beside.alone and known.kind not in STORIES:
        return Part(match, known, tuple(elements[:1]), {}, *traps, match.sure)
    if view == MOOD and not picture.name:
        elements = [
            e for e in elements if e.role in ("setting", "palette", "mood", "composition")
        ] or elements
    return Part(match, known, tuple(elements), _told(picture), *traps, match.sure)


def _told(picture: Picture) -> dict[str, tuple[str, ...]]:
    return {name: values for name in CONDITIONS if (values := getattr(picture, name))}


def _picture(entry: Entry, view: str, seed: int) -> Picture | None:
    if not entry.pictures:
        return None
    if view == MOOD:
        return next((picture for picture in entry.pictures if picture.name == MOOD), entry.pictures[0])
    return entry.pictures[seed % len(entry.pictures)]


def _era_picture(entry: Entry, match: Match, context: str, records: Records) -> Picture | None:
    """The picture of a dynasty that the words beside its name ask for: 宋代 in 宋代楼阁 shows a building."""
    era = records.shelved("era", match.canonical) if entry.sort == DYNASTY and context.strip("，") else None
    if era is None or era.entry is None:
        return None
    wanted = "盔甲" if any(word in context for word in _ARMOUR) else ""
    for sort, name in (("woman", "女子"), ("man", "男子"), ("building", "建筑")):
        if not wanted and any(known.sort == sort and word in context for word, known in words().items()):
            wanted = name
    return next((picture for picture in era.entry.pictures if picture.name == wanted), None)


def _image_part(match: Match, known: Known, entry: Entry, records: Records, source: str) -> Part:
    """The images of a phrase without its story: its setting, and the things its own characters name."""
    picture = entry.pictures[0] if entry.pictures else Picture()
    reading = read_phrase(match.canonical, records.image)
    things = [Element("setting", pair, source) for _, pair in reading.things if not _trapped(pair, entry)]
    kept = [Element(r, p, source) for r, p in picture.pairs() if r in ("setting", "palette", "composition")]
    if not things:
        kept = [Element(role, pair, source) for role, pair in picture.pairs() if role != "action"]
    return Part(match, known, (*things, *kept), _told(picture), entry.trap_zh, entry.trap_en, match.sure)


def _trapped(pair: Pair, entry: Entry) -> bool:
    """An idiom's characters are seldom its picture; those of a line with traps must be watched."""
    return entry.kind != "verse" or any(word in pair.zh for word in entry.trap_zh)


def _read_part(match: Match, known: Known, records: Records, source: str) -> Part:
    """A line of the corpus or a bare headword, through its images; an idiom is never filled up from elsewhere."""
    if is_doubled(match.canonical):
        return Part(match, known, sure=match.sure)
    neighbours = known.neighbours() if known.poem else ()
    reading = read_phrase(match.canonical, records.image, neighbours)
    if not reading.drawable and not (known.kind == "phrase" and reading.things):
        return Part(match, known, sure=round(match.sure * reading.sure, 2))
    elements = [Element("subject", reading.things[0][1], source)]
    elements += [Element("setting", pair, source) for _, pair in reading.things[1:]]
    told: dict[str, tuple[str, ...]] = {name: (value,) for name, value in reading.told.items()}
    return Part(match, known, tuple(elements), told, sure=round(match.sure * reading.sure, 2))


def _poem_part(match: Match, known: Known, records: Records, source: str, view: str) -> Part:
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
            reading = read_phrase(line, records.image)
            if not reading.drawable:
                continue
            elements += [Element("setting", pair, f"{line} — {source}") for _, pair in reading.things[:2]]
            told = {**{name: (value,) for name, value in reading.told.items()}, **told}
        shown += 1
        if shown == LINES_OF_A_POEM:
            break
    return Part(match, known, tuple(elements), told, sure=match.sure)


def _once(picture: Picture, elements: Iterable[Element]) -> list[tuple[str, Pair]]:
    """A further line's phrases that say something new; one palette, mood and composition serve the whole poem."""
    said = {element.pair.zh for element in elements}
    roles = {element.role for element in elements} & {"palette", "mood", "composition"}
    return [(role, pair) for role, pair in picture.pairs() if pair.zh not in said and role not in roles]
