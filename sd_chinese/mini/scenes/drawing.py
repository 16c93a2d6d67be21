"""From a scene to its picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sd_chinese.mini.scenes.brush import Canvas, Pen, paper_grain
from sd_chinese.mini.scenes.elements import ELEMENTS
from sd_chinese.mini.scenes.ground import (
    TONE,
    paint_bank,
    paint_land,
    paint_sky,
    paint_water,
    paint_weather,
)
from sd_chinese.mini.scenes.scene import Item, Scene

BEHIND = ("heaven", "sky", "far", "cliff")
BEYOND_THE_WATER = ("shore", "chimney")
IN_THE_WATER = ("span", "water")
INK_DARK = np.array((26, 26, 30), np.float32)
INK_LIGHT = np.array((243, 238, 226), np.float32)


def draw(scene: Scene) -> Image.Image:
    """Paints ``scene``; the same scene always gives the same 128 x 128 RGB picture."""
    canvas = Canvas(TONE[scene.time])
    paint_sky(canvas, scene)
    _paint(canvas, scene, BEHIND[:3])
    if scene.water:
        _paint(canvas, scene, (*BEHIND[3:], *BEYOND_THE_WATER))
        paint_water(canvas, scene)
        _paint(canvas, scene, IN_THE_WATER)
        paint_bank(canvas, scene)
    else:
        paint_land(canvas, scene)
        _paint(canvas, scene, (*BEHIND[3:], *BEYOND_THE_WATER, *IN_THE_WATER))
    _paint(canvas, scene, ("near", "side", "edge", "top"))
    paint_weather(canvas, scene)
    pixels = np.asarray(canvas.image.reduce(2), dtype=np.float32) / 255
    pixels = to_ink(pixels) if scene.style == "ink" else pixels
    return Image.fromarray((np.clip(pixels + paper_grain(), 0, 1) * 255).round().astype(np.uint8))


def to_ink(pixels: np.ndarray) -> np.ndarray:
    """The picture in ink alone. Shape: (..., 3), 0 to 1, both ways."""
    grey = (pixels * np.array((0.3, 0.59, 0.11), np.float32)).sum(-1, keepdims=True)
    tone = np.clip((grey - 0.06) / 0.84, 0, 1) ** 0.8
    return np.asarray((INK_DARK + (INK_LIGHT - INK_DARK) * tone) / 255, dtype=np.float32)


def _paint(canvas: Canvas, scene: Scene, zones: tuple[str, ...]) -> None:
    items = [item for item in scene.items if ELEMENTS[item.element].zone in zones]
    for item in sorted(items, key=lambda item: (zones.index(ELEMENTS[item.element].zone), item.y)):
        _paint_item(canvas, scene, item)


def _paint_item(canvas: Canvas, scene: Scene, item: Item) -> None:
    paint = ELEMENTS[item.element].draw
    if paint is None:
        return
    pen = Pen(
        canvas, item.x, item.y, item.scale, item.mirror, np.random.default_rng(item.seed), item.colour,
        night=scene.time == "night", snowy=scene.weather == "snow", season=scene.season,
    )  # fmt: skip
    paint(pen)
