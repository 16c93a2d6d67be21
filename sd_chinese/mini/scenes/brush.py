"""Brushes: washes, strokes and shapes on a picture of twice the final size.

All coordinates are those of the double-size sheet (256 x 256), origin at the top left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Colour = tuple[int, int, int]
Point = tuple[float, float]

SHEET = 256
"""Side of the sheet that is painted on; the picture is half of it."""


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """The colour that lies ``t`` of the way from ``a`` to ``b``."""
    return (
        round(a[0] + (b[0] - a[0]) * t),
        round(a[1] + (b[1] - a[1]) * t),
        round(a[2] + (b[2] - a[2]) * t),
    )


class Canvas:
    """A sheet of paper, and the tone that the hour lays over every pigment."""

    def __init__(self, tone: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> None:
        self.image = Image.new("RGB", (SHEET, SHEET), (244, 238, 224))
        self.tone = tone

    def pigment(self, colour: Colour, glow: float = 0.0) -> Colour:
        """``colour`` as it looks at this hour; ``glow`` 1 keeps it as it is (lamps, moon)."""
        r, g, b = (round(c * (t + (1 - t) * glow)) for c, t in zip(colour, self.tone, strict=True))
        return (r, g, b)

    def polygon(self, points: Sequence[Point], colour: Colour, alpha: float = 1.0, blur: float = 0.0) -> None:
        """Fills a polygon."""
        if alpha >= 1.0 and blur == 0.0:
            ImageDraw.Draw(self.image).polygon(list(points), fill=colour)
            return
        mask = Image.new("L", (SHEET, SHEET))
        ImageDraw.Draw(mask).polygon(list(points), fill=round(255 * alpha))
        self._lay(mask, colour, blur)

    def ellipse(
        self, box: tuple[float, float, float, float], colour: Colour, alpha: float = 1.0, blur: float = 0.0
    ) -> None:
        """Fills the ellipse inside ``box`` (left, top, right, bottom)."""
        if alpha >= 1.0 and blur == 0.0:
            ImageDraw.Draw(self.image).ellipse(box, fill=colour)
            return
        mask = Image.new("L", (SHEET, SHEET))
        ImageDraw.Draw(mask).ellipse(box, fill=round(255 * alpha))
        self._lay(mask, colour, blur)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """An even line with round joints."""
        ImageDraw.Draw(self.image).line(list(points), fill=colour, width=max(1, round(width)), joint="curve")

    def wash(self, alpha: NDArray[np.float32], colour: Colour) -> None:
        """Lays ``colour`` over the sheet. Shape of ``alpha``: (256, 256), 0 to 1."""
        mask = Image.fromarray((np.clip(alpha, 0, 1) * 255).astype(np.uint8))
        self.image.paste(colour, (0, 0), mask)

    def _lay(self, mask: Image.Image, colour: Colour, blur: float) -> None:
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        self.image.paste(colour, (0, 0), mask)


@dataclass(frozen=True)
class Pen:
    """Draws one element in its own coordinates: origin at its anchor, ``u`` right, ``v`` up."""

    canvas: Canvas
    x: float
    y: float
    scale: float
    mirror: bool
    rng: np.random.Generator
    colour: str
    night: bool
    snowy: bool
    season: str

    def at(self, u: float, v: float) -> Point:
        """The point of the sheet that (``u``, ``v``) stands for."""
        side = -u if self.mirror else u
        return (self.x + side * self.scale, self.y - v * self.scale)

    def shape(
        self,
        points: Sequence[Point],
        colour: Colour,
        alpha: float = 1.0,
        blur: float = 0.0,
        glow: float = 0.0,
    ) -> None:
        """Fills a polygon given in the element's coordinates."""
        self.canvas.polygon([self.at(*p) for p in points], self.canvas.pigment(colour, glow), alpha, blur)

    def oval(
        self,
        u: float,
        v: float,
        ru: float,
        rv: float,
        colour: Colour,
        alpha: float = 1.0,
        blur: float = 0.0,
        glow: float = 0.0,
    ) -> None:
        """Fills an upright ellipse of centre (``u``, ``v``) and half axes ``ru``, ``rv``."""
        x, y = self.at(u, v)
        du, dv = ru * self.scale, rv * self.scale
        self.canvas.ellipse((x - du, y - dv, x + du, y + dv), self.canvas.pigment(colour, glow), alpha, blur)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 3.0, glow: float = 0.0) -> None:
        """An even line."""
        self.canvas.line([self.at(*p) for p in points], self.canvas.pigment(colour, glow), width * self.scale)

    def stroke(
        self,
        points: Sequence[Point],
        colour: Colour,
        start: float,
        end: float,
        glow: float = 0.0,
    ) -> None:
        """A brush stroke along a polyline whose width goes from ``start`` to ``end``."""
        path = _smooth(points)
        left, right = [], []
        last = len(path) - 1
        for i, (u, v) in enumerate(path):
            (u0, v0), (u1, v1) = path[max(i - 1, 0)], path[min(i + 1, last)]
            length = math.hypot(u1 - u0, v1 - v0) or 1.0
            half = (start + (end - start) * i / last) / 2
            nu, nv = -(v1 - v0) / length * half, (u1 - u0) / length * half
            left.append((u + nu, v + nv))
            right.append((u - nu, v - nv))
        self.shape(left + right[::-1], colour, glow=glow)

    def petals(
        self,
        u: float,
        v: float,
        radius: float,
        count: int,
        colour: Colour,
        heart: Colour,
        glow: float = 0.3,
    ) -> None:
        """A round flower seen from the front."""
        turn = float(self.rng.uniform(0, math.tau))
        for i in range(count):
            a = turn + math.tau * i / count
            self.oval(
                u + math.cos(a) * radius * 0.58,
                v + math.sin(a) * radius * 0.58,
                radius * 0.46,
                radius * 0.46,
                colour,
                glow=glow,
            )
        self.oval(u, v, radius * 0.3, radius * 0.3, heart, glow=glow)


def _smooth(points: Sequence[Point], steps: int = 5) -> list[Point]:
    """Catmull-Rom interpolation, so that a few points make a supple stroke."""
    if len(points) < 3:
        return list(points)
    padded = [points[0], *points, points[-1]]
    path: list[Point] = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for k in range(steps):
            t = k / steps
            path.append((_spline(p0[0], p1[0], p2[0], p3[0], t), _spline(p0[1], p1[1], p2[1], p3[1], t)))
    path.append(points[-1])
    return path


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - 3 * c + d - a) * t**3)


@cache
def grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row numbers of the sheet, each of shape (256, 256)."""
    y, x = np.mgrid[0:SHEET, 0:SHEET].astype(np.float32)
    return x, y


def ridge(rng: np.random.Generator, roughness: float = 1.0) -> NDArray[np.float32]:
    """A random skyline between -1 and 1. Shape: (256,)."""
    x = np.arange(SHEET, dtype=np.float32) / SHEET * math.tau
    line = np.zeros(SHEET, dtype=np.float32)
    for k, weight in ((1, 0.5), (2, 0.6), (3, 0.4), (5, 0.22), (9, 0.1), (17, 0.05)):
        line += weight * (roughness if k > 3 else 1.0) * np.sin(k * x + rng.uniform(0, math.tau))
    return (line / 1.6).astype(np.float32)


@cache
def paper_grain() -> NDArray[np.float32]:
    """The fibres of the rice paper, one fixed sheet for all pictures. Shape: (128, 128, 1)."""
    rng = np.random.default_rng(7)
    noise = Image.fromarray((rng.random((128, 128)) * 255).astype(np.uint8))
    soft = np.asarray(noise.filter(ImageFilter.GaussianBlur(1.2)), dtype=np.float32)
    grain: NDArray[np.float32] = (soft - soft.mean()) / soft.std() * np.float32(0.006)
    return grain[:, :, None]
