"""What a picture shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

TIMES = ("day", "dusk", "night")
SEASONS = ("none", "spring", "summer", "autumn", "winter")
WEATHERS = ("clear", "rain", "snow", "mist")
STYLES = ("colour", "ink")

HORIZON = 148
"""Row of the double-size sheet where sky and ground meet."""


@dataclass(frozen=True)
class Item:
    """One element and where it stands.

    Args:
        element: key into :data:`sd_chinese.mini.scenes.elements.ELEMENTS`.
        x, y: anchor on the 256 x 256 sheet.
        scale: 1 is the element's own size.
        mirror: drawn facing the other way.
        colour: one of the element's colours, or empty for an element that has none to choose.
        seed: of everything random in its drawing.
    """

    element: str
    x: float
    y: float
    scale: float = 1.0
    mirror: bool = False
    colour: str = ""
    seed: int = 0


@dataclass(frozen=True)
class Scene:
    """A whole picture: its elements and the circumstances that colour it."""

    items: tuple[Item, ...]
    time: str = "day"
    season: str = "none"
    weather: str = "clear"
    style: str = "colour"
    water: bool = False
    seed: int = 0

    @property
    def elements(self) -> tuple[str, ...]:
        """The keys of its elements, in order."""
        return tuple(item.element for item in self.items)
