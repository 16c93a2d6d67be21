"""What one match contributes to the scene: elements to draw, season and weather, traps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sd_chinese.expand.lexicon import Pair
from sd_chinese.expand.matcher import Match
from sd_chinese.expand.records import Known

#: The three readings of a phrase: the picture itself, its images, its mood.
LITERAL, IMAGES, MOOD = "直绘", "意象", "意境"
DYNASTY = "朝代服饰"
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
class Content:
    """What a phrase shows, wherever it stands; ``sure`` is how well it was read."""

    known: Known
    elements: tuple[Element, ...] = ()
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    trap_zh: tuple[str, ...] = ()
    trap_en: tuple[str, ...] = ()
    sure: float = 1.0


@dataclass(frozen=True)
class Part(Content):
    """What one match contributes."""

    match: Match = field(kw_only=True)

    @property
    def drawable(self) -> bool:
        return bool(self.elements)

    @property
    def kind(self) -> str:
        return self.known.kind

    @classmethod
    def of(cls, match: Match, content: Content, elements: Iterable[Element] | None = None) -> Part:
        shown = content.elements if elements is None else tuple(elements)
        traps = (content.trap_zh, content.trap_en)
        return cls(content.known, shown, content.told, *traps, content.sure, match=match)

    def element(self, role: str) -> Element | None:
        return next((element for element in self.elements if element.role == role), None)


def source_of(known: Known, canonical: str) -> str:
    """The name under which a phrase of the output is credited."""
    return (
        f"{canonical} — {known.poem}" if known.poem and known.kind != "poem" else str(known.poem or canonical)
    )
