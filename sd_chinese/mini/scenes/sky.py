"""Elements of the sky."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sd_chinese.mini.scenes.brush import Pen

MOONLIGHT = (255, 246, 208)


def moon(pen: Pen) -> None:
    """A full moon with its halo; anchor at its centre."""
    pen.oval(0, 0, 40, 40, MOONLIGHT, alpha=0.45, blur=9, glow=1)
    pen.oval(0, 0, 27, 27, MOONLIGHT, glow=1)
    for u, v, r in ((-8, 7, 6), (7, -4, 8), (-4, -12, 4)):
        pen.oval(u, v, r, r * 0.8, (236, 222, 176), alpha=0.6, blur=1.5, glow=1)


def crescent(pen: Pen) -> None:
    """A thin moon; anchor at its centre."""
    pen.oval(0, 0, 30, 30, MOONLIGHT, alpha=0.2, blur=9, glow=1)
    outer = [(27 * math.cos(a), 27 * math.sin(a)) for a in _arc(0.62, 5.66)]
    inner = [(13 + 22.5 * math.cos(a), 20 * math.sin(a)) for a in _arc(5.4, 0.88)]
    pen.shape(outer + inner, MOONLIGHT, glow=1)


def sun(pen: Pen) -> None:
    """A red sun; anchor at its centre."""
    pen.oval(0, 0, 42, 42, (255, 170, 110), alpha=0.5, blur=9, glow=1)
    pen.oval(0, 0, 27, 27, (222, 52, 36), glow=1)
    pen.oval(-4, 5, 18, 18, (240, 88, 58), alpha=0.5, blur=4, glow=1)


def stars(pen: Pen) -> None:
    """Stars all over the upper sky; the anchor is its middle."""
    for k in range(15):
        column, row = k % 5, k // 5
        u = -96 + 48 * column + float(pen.rng.uniform(-17, 17))
        v = -36 + 36 * row + float(pen.rng.uniform(-12, 12))
        size = pen.rng.uniform(6.5, 10)
        pen.oval(u, v, size * 0.8, size * 0.8, (255, 250, 214), alpha=0.35, blur=3, glow=1)
        points = [
            (u + math.cos(k * math.pi / 4) * r, v + math.sin(k * math.pi / 4) * r)
            for k, r in enumerate([size, size * 0.36] * 4)
        ]
        pen.shape(points, (255, 250, 220), glow=1)


def clouds(pen: Pen) -> None:
    """Two banks of curling cloud; anchor at the middle of the first."""
    for u0, v0, s in ((0, 0, 1.0), (74 if pen.x < 128 else -74, -26, 0.72)):
        puffs = ((-34, 0, 17), (-14, 9, 21), (11, 12, 24), (34, 2, 18))
        for u, v, r in puffs:
            pen.oval(u0 + u * s, v0 + (v - 4) * s, r * s, r * 0.86 * s, (128, 152, 176), alpha=0.8, blur=1.5)
        for u, v, r in puffs:
            pen.oval(u0 + (u - 2) * s, v0 + (v + 1) * s, r * s, r * 0.82 * s, (255, 253, 247), glow=0.5)
        base = [(u0 + u * s, v0 + v * s) for u, v in ((-52, -10), (54, -10), (44, -18), (-42, -18))]
        pen.shape(base, (235, 238, 240), alpha=0.9, blur=2, glow=0.4)


def geese(pen: Pen) -> None:
    """A flight of wild geese in the shape of 人; anchor at its head."""
    ink = (38, 36, 40)
    for k in range(7):
        arm, step = (1 if k % 2 else -1), (k + 1) // 2
        u, v = -25 * step + 36, arm * 12 * step - 3
        pen.stroke([(u - 15, v + 9), (u - 7, v + 8), (u, v)], ink, 2.0, 6.0)
        pen.stroke([(u + 15, v + 9), (u + 7, v + 8), (u, v)], ink, 2.0, 6.0)


def lantern(pen: Pen) -> None:
    """A paper lantern on its cord; anchor where the cord leaves the sheet."""
    body, rib = {
        "red": ((214, 36, 30), (150, 20, 20)),
        "yellow": ((246, 190, 44), (196, 130, 20)),
    }[pen.colour]
    pen.oval(0, -62, 46, 42, body, alpha=0.4 if pen.night else 0.15, blur=10, glow=1)
    pen.line([(0, 0), (0, -36)], (70, 50, 40), 3)
    pen.oval(0, -64, 33, 28, body, glow=0.9)
    for r in (22, 10):
        pen.line(_ellipse(0, -64, r, 27), rib, 2, glow=0.9)
    pen.oval(-8, -57, 9, 12, (255, 216, 150), alpha=0.5, blur=4, glow=1)
    for v in (-35, -93):
        pen.shape([(-14, v + 4), (14, v + 4), (14, v - 4), (-14, v - 4)], (226, 176, 70), glow=0.9)
    for u in (-6, 0, 6):
        pen.line([(u, -97), (u, -118)], body, 3, glow=0.9)


def _arc(start: float, stop: float, steps: int = 22) -> list[float]:
    return [start + (stop - start) * i / steps for i in range(steps + 1)]


def _ellipse(u: float, v: float, ru: float, rv: float) -> list[tuple[float, float]]:
    return [(u + ru * math.cos(a), v + rv * math.sin(a)) for a in _arc(0, math.tau)]
