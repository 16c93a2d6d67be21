"""Boats, people, beasts and birds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sd_chinese.mini.scenes.brush import mix

if TYPE_CHECKING:
    from sd_chinese.mini.scenes.brush import Pen

WOOD = (104, 62, 38)
INK = (34, 32, 34)


def boat(pen: Pen) -> None:
    """A small boat with a mat awning; anchor under its keel."""
    _ripples(pen, 58)
    pen.shape([(-58, 19), (-40, 2), (36, 2), (58, 22), (44, 15), (-44, 13)], WOOD)
    pen.line([(-56, 19), (-42, 13), (44, 15), (57, 21)], (58, 34, 24), 3)
    awning = [(30 * math.cos(a) - 2, 27 * math.sin(a) + 13) for a in _half_turn()]
    pen.shape(awning, (196, 156, 92))
    for r in (0.72, 0.4):
        pen.line([(u * r, (v - 13) * (0.98) + 13) for u, v in awning], (128, 92, 50), 2)
    pen.line([(44, 15), (66, -6)], WOOD, 3)


def sail(pen: Pen) -> None:
    """A junk under one battened sail; anchor under its keel."""
    _ripples(pen, 46)
    pen.shape([(-46, 20), (-34, 1), (34, 1), (48, 22), (36, 14), (-36, 13)], WOOD)
    pen.line([(-4, 12), (-4, 98)], (64, 40, 28), 4)
    cloth = [(-10, 20), (-22, 44), (-20, 70), (-8, 94), (22, 84), (36, 56), (32, 24)]
    pen.shape(cloth, (226, 150, 74), glow=0.2)
    for v0, v1 in ((36, 38), (52, 55), (68, 71), (82, 83)):
        pen.line([(-20 if v0 < 70 else -14, v0), (35 if v0 < 60 else 27, v1)], (146, 82, 40), 2.5)


def _ripples(pen: Pen, half: float) -> None:
    pen.oval(0, -1, half, 6, (40, 60, 78), alpha=0.5, blur=2.5)


def figure(pen: Pen) -> None:
    """A fisherman in straw hat and cape with his rod; anchor at his feet."""
    straw = (150, 112, 62)
    for u in (-6, 7):
        pen.line([(u, 0), (u, 16)], (60, 56, 66), 6)
    cape = [(-21, 12), (22, 12), (15, 42), (6, 52), (-6, 52), (-15, 42)]
    pen.shape(cape, (112, 84, 50))
    for u in (-14, -5, 5, 14):
        pen.line([(u, 13), (u * 0.5, 44)], (76, 54, 32), 2)
    pen.oval(0, 56, 8, 8, (226, 184, 148))
    pen.shape([(-25, 57), (0, 80), (25, 57), (0, 54)], (206, 166, 96))
    pen.line([(-24, 57), (0, 55), (24, 57)], straw, 2)
    pen.line([(13, 32), (58, 72)], (72, 46, 26), 3)
    pen.line([(58, 72), (59, 28)], INK, 1.6)


def horse(pen: Pen) -> None:
    """A horse at walk, head to the right; anchor at its hoofs."""
    coat, mane = {
        "brown": ((150, 76, 38), (58, 28, 18)),
        "white": ((248, 246, 240), (176, 172, 170)),
        "black": ((44, 42, 48), (14, 14, 18)),
    }[pen.colour]
    edge = mix(coat, (30, 24, 22), 0.5)
    for u, bend in ((-29, -5), (-20, 4), (20, 6), (29, -3)):
        pen.stroke([(u, 36), (u + bend, 18), (u + bend * 0.6, 0)], edge if bend > 0 else coat, 10, 6)
    pen.stroke([(-36, 50), (-50, 40), (-50, 14)], mane, 9, 4)
    pen.oval(-3, 43, 37, 18, edge)
    pen.oval(-3, 44, 36, 16.5, coat)
    pen.shape([(18, 42), (34, 82), (45, 86), (50, 72), (34, 36)], coat)
    pen.shape([(36, 87), (42, 88), (68, 66), (62, 58), (44, 68)], coat)
    pen.shape([(37, 85), (39, 95), (44, 86)], coat)
    pen.stroke([(40, 88), (26, 72), (16, 52)], mane, 5, 11)
    pen.oval(50, 76, 2.4, 2.4, INK)


def crane(pen: Pen) -> None:
    """A red-crowned crane standing; anchor at its feet."""
    shade = (150, 158, 170)
    for u in (-3, 6):
        pen.line([(u, 0), (u + 2, 42)], INK, 3.2)
    pen.oval(0, 54, 31, 18, shade)
    pen.oval(0, 55.5, 30, 16.5, (253, 252, 248), glow=0.3)
    pen.shape([(-20, 60), (-48, 46), (-42, 36), (-14, 44)], INK)
    pen.stroke([(22, 62), (38, 80), (30, 102), (36, 114)], INK, 11, 7)
    pen.stroke([(18, 60), (30, 70), (35, 82)], (253, 252, 248), 15, 7, glow=0.3)
    pen.oval(37, 115, 8, 6.5, (253, 252, 248), glow=0.3)
    pen.oval(37, 121, 7, 4.5, (214, 30, 30), glow=0.5)
    pen.stroke([(43, 114), (54, 112), (62, 110)], (120, 104, 60), 5, 1.5)


def fish(pen: Pen) -> None:
    """A carp seen from above in the water; anchor at its middle."""
    skin, fin = {
        "red": ((226, 60, 30), (250, 150, 110)),
        "black": ((36, 38, 46), (100, 104, 114)),
    }[pen.colour]
    pen.oval(0, -2, 62, 20, (228, 238, 240), alpha=0.55, blur=4)
    pen.shape([(-30, 2), (-60, 18), (-52, 0), (-60, -17)], fin, glow=0.3)
    pen.shape([(2, 12), (-8, 25), (16, 14)], fin, glow=0.3)
    pen.shape([(2, -12), (-8, -25), (16, -14)], fin, glow=0.3)
    body = [(-36, 2), (-14, 13), (16, 15), (38, 8), (46, 0), (38, -9), (16, -15), (-14, -12), (-36, -2)]
    pen.shape(body, skin, glow=0.3)
    for u, v, r in ((-10, 1, 7), (10, -3, 8), (24, 4, 5)):
        pen.oval(u, v, r, r * 0.7, (252, 240, 226), glow=0.3)
    for v in (7, -7):
        pen.oval(37, v, 3, 3, INK)


def umbrella(pen: Pen) -> None:
    """An oil-paper umbrella leaning open; anchor where its handle meets the ground."""
    cloth = {"red": (212, 42, 44), "blue": (38, 88, 178), "yellow": (240, 188, 48)}[pen.colour]
    dark = mix(cloth, (20, 10, 20), 0.45)
    pen.line([(8, 2), (0, 62)], (92, 62, 40), 4.5)
    pen.line([(8, 2), (16, -1), (20, 6)], (92, 62, 40), 4.5)
    dome = [(48 * math.cos(a), 38 * math.sin(a) + 38) for a in _half_turn()]
    hem = [(-32, 33), (-16, 37), (0, 33), (16, 37), (32, 33)]
    pen.shape([*dome, *hem], cloth, glow=0.3)
    for u in (-30, -11, 11, 30):
        pen.line([(0, 76), (u * 0.8, 62), (u * 1.05, 37)], dark, 2.2, glow=0.3)
    pen.line([(0, 74), (0, 84)], dark, 4)


def _half_turn(steps: int = 16) -> list[float]:
    return [math.pi * i / steps for i in range(steps + 1)]
