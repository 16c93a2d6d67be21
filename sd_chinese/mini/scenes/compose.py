"""Composition: which elements meet in a scene, and where each stands so that it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sd_chinese.mini.scenes.elements import ELEMENTS, implied
from sd_chinese.mini.scenes.scene import HORIZON, Item, Scene

if TYPE_CHECKING:
    from collections.abc import Sequence

Box = tuple[float, float, float, float]

LAND_ROWS = (HORIZON + 30, 232)
"""Rows on which things stand on open land."""
TRIES = 40
OVERLAP = 0.1

RIVAL_SKIES = (frozenset(("moon", "crescent")), frozenset(("mountain", "far_mountain", "waterfall")))
"""At most one of each set in a picture: together they could not be told apart."""

SIZES = ((1, 0.25), (2, 0.36), (3, 0.27), (4, 0.12))


def sample_scene(rng: np.random.Generator) -> Scene:
    """A random plausible scene of one to four elements.

    Elements that find no free place are left out, so that everything in the scene is visible.
    """
    time = _choose(rng, {"day": 0.46, "night": 0.32, "dusk": 0.22})
    season = _choose(rng, {"none": 0.5, "spring": 0.12, "summer": 0.12, "autumn": 0.13, "winter": 0.13})
    weather = _choose(rng, _weathers(season))
    style = _choose(rng, {"colour": 0.93, "ink": 0.07})
    count = int(rng.choice([n for n, _ in SIZES], p=[p for _, p in SIZES]))
    keys = _choose_elements(rng, count, time, season, weather)
    return place(keys, rng, time=time, season=season, weather=weather, style=style)


def place(
    keys: Sequence[str],
    rng: np.random.Generator,
    *,
    time: str = "day",
    season: str = "none",
    weather: str = "clear",
    style: str = "colour",
    colours: dict[str, str] | None = None,
) -> Scene:
    """Gives each of ``keys`` a place of its own; what finds none is left out."""
    water = "river" in implied(tuple(keys))
    items: list[Item] = []
    taken: list[Box] = []
    for key in sorted(keys, key=_placing_order):
        item = _find_place(key, rng, water, items, taken)
        if item is None:
            continue
        colour = (colours or {}).get(key) or _colour(key, rng)
        items.append(Item(key, *item, colour=colour, seed=int(rng.integers(1 << 30))))
    kept = tuple(item.element for item in items)
    return Scene(
        tuple(items), time, season, weather, style,
        water="river" in implied(kept), seed=int(rng.integers(1 << 30)),
    )  # fmt: skip


def _weathers(season: str) -> dict[str, float]:
    snow = {"winter": 0.5, "none": 0.1}.get(season, 0.0)
    rain = 0.02 if season == "winter" else 0.12
    return {"snow": snow, "rain": rain, "mist": 0.1, "clear": 0.9 - snow - rain}


def _choose(rng: np.random.Generator, weights: dict[str, float]) -> str:
    p = np.array(list(weights.values()))
    return str(rng.choice(list(weights), p=p / p.sum()))


def _choose_elements(rng: np.random.Generator, count: int, time: str, season: str, weather: str) -> list[str]:
    chosen: list[str] = []
    for _ in range(count):
        open_to = {key: ELEMENTS[key].weight for key in ELEMENTS if _fits(key, chosen, time, season, weather)}
        key = _choose(rng, open_to)
        chosen.append(key)
        chosen += [k for k in ELEMENTS[key].implies if k == "house" and k not in chosen]
    return chosen


def _fits(key: str, chosen: list[str], time: str, season: str, weather: str) -> bool:
    element = ELEMENTS[key]
    if key in chosen or (element.times and time not in element.times):
        return False
    if element.seasons and season not in element.seasons:
        return False
    if weather in ("rain", "snow") and key in ("sun", "stars", "clouds", "moon", "crescent"):
        return weather == "snow" and key in ("moon", "crescent")
    if weather == "snow" and key in ("lotus", "peach", "fish"):
        return False
    if element.zone == "chimney" and "house" in chosen:
        return True
    return all(not (key in rivals and rivals & set(chosen)) for rivals in RIVAL_SKIES)


def _placing_order(key: str) -> int:
    order = (
        "ground",
        "far",
        "heaven",
        "cliff",
        "span",
        "side",
        "edge",
        "top",
        "near",
        "shore",
        "chimney",
        "water",
    )
    zone = ELEMENTS[key].zone
    return order.index(zone) if zone in order else len(order)


def _colour(key: str, rng: np.random.Generator) -> str:
    colours = list(ELEMENTS[key].colours)
    return str(rng.choice(colours)) if colours else ""


def _find_place(
    key: str, rng: np.random.Generator, water: bool, items: list[Item], taken: list[Box]
) -> tuple[float, float, float, bool] | None:
    """Position, scale and facing of ``key``, free of the boxes in ``taken``; ``None`` if there is none."""
    element = ELEMENTS[key]
    if element.zone in ("ground", "far", "heaven"):
        return 128.0, 56.0, 1.0, bool(rng.integers(2))
    if element.zone == "chimney":
        houses = [item for item in items if item.element == "house"]
        if not houses:
            return None
        house = houses[0]
        return house.x + 16 * house.scale, house.y + -60 * house.scale, house.scale, False
    for _ in range(TRIES):
        scale = float(rng.uniform(0.98, 1.2))
        width, height = element.size[0] * scale, element.size[1] * scale
        x, y, mirror, box = _propose(element.zone, width, height, water, rng)
        if all(_overlap(box, other) <= OVERLAP for other in taken):
            taken.append(box)
            return x, y, scale, mirror
    return None


def _propose(
    zone: str, width: float, height: float, water: bool, rng: np.random.Generator
) -> tuple[float, float, bool, Box]:
    """A random anchor in ``zone`` and the box that the element would fill there."""
    half = width / 2
    x = float(rng.uniform(half * 0.9, 256 - half * 0.9))
    mirror = bool(rng.integers(2))
    if zone == "sky":
        y = float(rng.uniform(max(34.0, height / 2), 72))
        return x, y, mirror, (x - half, y - height / 2, x + half, y + height / 2)
    if zone == "top":
        return x, 0.0, mirror, (x - half, 0.0, x + half, height)
    if zone == "edge":
        x = 256.0 if mirror else 0.0
        y = float(rng.uniform(76, 130))
        left = 256 - width if mirror else 0.0
        return x, y, mirror, (left, y - height * 0.66, left + width, y + height * 0.34)
    if zone == "side":
        x = 256 - half * 0.9 if mirror else half * 0.9
        return x, 254.0, mirror, (x - half, 254 - height, x + half, 254)
    y = float(_row(zone, water, rng))
    return x, y, mirror, (x - half, y - height, x + half, y)


def _row(zone: str, water: bool, rng: np.random.Generator) -> float:
    if zone == "water":
        return rng.uniform(184, 206)
    if zone == "cliff":
        return rng.uniform(HORIZON + 6, HORIZON + 14)
    if zone == "span":
        return rng.uniform(HORIZON + 28, HORIZON + 40)
    if water:
        return rng.uniform(HORIZON + 2, HORIZON + 6) if zone == "shore" else rng.uniform(230, 244)
    return rng.uniform(*LAND_ROWS) if zone == "near" else rng.uniform(HORIZON + 14, HORIZON + 56)


def _overlap(a: Box, b: Box) -> float:
    """The shared area as a part of the smaller box."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / area
