"""Mountains, the waterfall and what people have built."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sd_chinese.mini.scenes.brush import SHEET, Colour, Pen, grid, mix, ridge
from sd_chinese.mini.scenes.scene import HORIZON

if TYPE_CHECKING:
    from numpy.typing import NDArray

SNOW = (250, 251, 253)
ROOF = (66, 70, 82)
HILL = {
    "none": (62, 92, 100),
    "spring": (78, 128, 96),
    "summer": (40, 104, 84),
    "autumn": (150, 96, 62),
    "winter": (112, 128, 148),
}


def mountain(pen: Pen) -> None:
    """Steep peaks in two layers of ink wash across the sheet."""
    x = np.arange(SHEET, dtype=np.float32)
    hill: Colour = HILL[pen.season]
    for layer, (depth, strength) in enumerate(((0.42, 0.8), (0.0, 1.0))):
        skyline = np.full(SHEET, HORIZON + 6.0, dtype=np.float32)
        skyline += ridge(pen.rng) * 5
        for k in range(3):
            centre = pen.rng.uniform(10, 90) + 82 * k - (0 if layer else 30)
            tall = pen.rng.uniform(54, 84) - (0 if layer else -8)
            wide = pen.rng.uniform(24, 34)
            peak = tall * np.exp(-(np.abs((x - centre) / wide) ** 1.7))
            skyline = np.minimum(skyline, HORIZON + 6 - peak + ridge(pen.rng, 3.0) * 3)
        _ridge_wash(pen, skyline, mix(hill, (226, 228, 226), depth), strength, 84)
        if layer:
            _texture(pen, skyline, mix(hill, (24, 30, 34), 0.55))
        if pen.snowy:
            _snow_cap(pen, skyline, 26)


def far_mountain(pen: Pen) -> None:
    """Low pale blue ranges along the horizon."""
    blue = mix((104, 138, 176), HILL[pen.season], 0.25)
    for lift, fade in ((27, 0.45), (13, 0.0)):
        skyline = HORIZON - lift + ridge(pen.rng, 0.5) * 11
        _ridge_wash(pen, skyline, mix(blue, (222, 228, 234), fade), 0.92, 44)
        if pen.snowy:
            _snow_cap(pen, skyline, 7)


def _ridge_wash(pen: Pen, skyline: NDArray[np.float32], colour: Colour, strength: float, fade: float) -> None:
    """Ink that is dark at the ridge and runs out into mist below."""
    _, y = grid()
    depth = y - skyline[None, :]
    alpha = np.clip(depth + 0.5, 0, 1) * strength * np.clip(1.05 - depth / fade, 0.0, 1) ** 0.8
    alpha[HORIZON + 8 :] = 0
    pen.canvas.wash(alpha.astype(np.float32), pen.canvas.pigment(colour))


def _snow_cap(pen: Pen, skyline: NDArray[np.float32], thick: float) -> None:
    x, y = grid()
    depth = y - skyline[None, :]
    edge = thick * (0.75 + 0.25 * np.sin(x * 0.35) + 0.2 * np.sin(x * 0.13))
    high = np.clip((HORIZON - 16 - skyline)[None, :] / 12, 0, 1)
    alpha = np.clip(depth, 0, 1) * np.clip((edge * high - depth) / 3, 0, 1)
    pen.canvas.wash(alpha.astype(np.float32), pen.canvas.pigment(SNOW, 0.2))


def _texture(pen: Pen, skyline: NDArray[np.float32], ink: Colour) -> None:
    """The short downward strokes (皴) that model rock."""
    for _ in range(16):
        u = int(pen.rng.uniform(4, SHEET - 4))
        room = HORIZON - skyline[u]
        if room < 28:
            continue
        top = skyline[u] + pen.rng.uniform(3, room * 0.3)
        drift, length = pen.rng.uniform(-7, 7), pen.rng.uniform(14, room * 0.5)
        path = [(u, top), (u + drift * 0.3, top + length * 0.5), (u + drift, top + length)]
        pen.canvas.line(path, pen.canvas.pigment(ink), 2)


def waterfall(pen: Pen) -> None:
    """White water between dark cliffs; anchor at the foot of the fall."""
    rock = mix(HILL[pen.season], (44, 50, 54), 0.6)
    left = [(-62, -4), (-58, 40), (-44, 74), (-38, 102), (-18, 112), (-15, 60), (-19, -4)]
    right = [(62, -4), (56, 30), (48, 66), (34, 88), (30, 108), (16, 113), (14, 60), (20, -4)]
    for side in (left, right):
        pen.shape([(u + pen.rng.uniform(-3, 3), v) for u, v in side], rock)
    for u, v, w in ((-40, 30, 14), (-30, 70, 12), (40, 24, 13), (28, 64, 10), (46, 50, 8)):
        pen.line([(u, v + 14), (u + 3, v), (u + w * 0.6, v - 16)], mix(rock, (12, 14, 18), 0.5), 3)
        pen.line([(u + 7, v + 12), (u + 10, v - 4)], mix(rock, (200, 206, 200), 0.4), 3)
    pen.shape([(-17, 112), (16, 113), (15, 60), (21, -2), (-20, -2), (-16, 60)], (238, 246, 250), glow=0.35)
    for u in (-11, -4, 4, 11):
        pen.line([(u, 108), (u * 0.95, 60), (u * 1.25, 4)], (166, 196, 214), 2.2, glow=0.2)
    pen.oval(0, -2, 50, 13, (246, 250, 252), alpha=0.9, blur=6, glow=0.3)
    if pen.snowy:
        pen.shape([(-44, 96), (-36, 108), (-17, 116), (-18, 106), (-34, 98)], SNOW, glow=0.2)
        pen.shape([(15, 116), (30, 112), (40, 90), (28, 100), (16, 106)], SNOW, glow=0.2)


def _roof(pen: Pen, v: float, half: float, rise: float, tile: Colour) -> None:
    """A roof whose corners turn up, standing at height ``v``."""
    tips = [(-half - 7, v + 8), (-half * 0.5, v + 1.5), (half * 0.5, v + 1.5), (half + 7, v + 8)]
    top = [(half * 0.5, v + rise * 0.5), (half * 0.26, v + rise), (-half * 0.26, v + rise)]
    pen.shape([*tips, *top, (-half * 0.5, v + rise * 0.5)], SNOW if pen.snowy else tile, glow=0.1)
    if pen.snowy:
        pen.line([tips[0], tips[1], tips[2], tips[3]], tile, 3)


def pagoda(pen: Pen) -> None:
    """A five-storied tower; anchor at its foot."""
    wall, window = (186, 84, 58), ((255, 214, 110) if pen.night else (74, 40, 34))
    v = 0.0
    for k in range(5):
        half, tall = 25 - 3.4 * k, 24 - 1.8 * k
        pen.shape([(-half, v), (half, v), (half * 0.95, v + tall), (-half * 0.95, v + tall)], wall)
        pen.shape([(-5, v + 2), (5, v + 2), (5, v + 12), (-5, v + 12)], window, glow=float(pen.night))
        _roof(pen, v + tall - 6, half + 8, 12, ROOF)
        v += tall
    pen.stroke([(0, v), (0, v + 12), (0, v + 24)], (190, 150, 70), 5, 1.5)


def pavilion(pen: Pen) -> None:
    """An open pavilion with red pillars; anchor at its foot."""
    pillar = (178, 48, 40)
    pen.shape([(-44, 0), (44, 0), (40, 9), (-40, 9)], (176, 172, 164))
    for u in (-33, -12, 12, 33):
        pen.line([(u, 8), (u, 46)], pillar, 5)
    for u0, u1 in ((-33, -12), (12, 33)):
        pen.line([(u0, 20), (u1, 20)], pillar, 3)
    pen.line([(-34, 43), (34, 43)], pillar, 4)
    _roof(pen, 44, 46, 32, (58, 88, 84))
    pen.oval(0, 79, 5, 6, (206, 160, 70))


def house(pen: Pen) -> None:
    """A cottage with white walls and a straw roof; anchor at its foot."""
    window = (255, 206, 96) if pen.night else (110, 92, 78)
    pen.shape([(-38, 0), (38, 0), (38, 34), (-38, 34)], (240, 232, 214))
    pen.shape([(-8, 0), (9, 0), (9, 24), (-8, 24)], (112, 66, 42))
    for u in (-26, 24):
        pen.shape([(u - 8, 11), (u + 8, 11), (u + 8, 25), (u - 8, 25)], window, glow=float(pen.night))
        pen.line([(u, 11), (u, 25)], (70, 52, 42), 2)
    straw = SNOW if pen.snowy else (170, 122, 66)
    pen.shape([(-50, 30), (50, 30), (32, 64), (-32, 64)], straw)
    for k in range(-4, 5):
        pen.line([(k * 10.5, 31), (k * 7, 62)], mix(straw, (80, 50, 30), 0.35), 2)


def smoke(pen: Pen) -> None:
    """Smoke that winds up from a roof; anchor at the chimney."""
    pen.shape([(-7, -8), (7, -8), (7, 8), (-7, 8)], (110, 84, 72))
    for k in range(9):
        u = 3 + 2.1 * k * math.sin(k * 0.8) * 0.6 + k * 1.6
        grey = (250, 250, 250) if pen.night else (205, 205, 208)
        pen.oval(u, 13 + 9.5 * k, 7 + 1.6 * k, 8 + 0.5 * k, grey, alpha=0.75 - 0.04 * k, blur=2.2, glow=0.2)


def bridge(pen: Pen) -> None:
    """An arched stone bridge; anchor under the middle of its arch."""
    stone, joint = (182, 176, 166), (112, 106, 100)
    arc = [(74 * math.cos(a), 42 * math.sin(a)) for a in np.linspace(0, math.pi, 25)]
    hole = [(36 * math.cos(a), 29 * math.sin(a)) for a in np.linspace(math.pi, 0, 19)]
    pen.shape([(80, -3), *arc, (-80, -3), (-37, -3), *hole, (37, -3)], stone)
    pen.line([(u * 1.04, v * 1.1 + 5) for u, v in arc[1:-1]], joint, 4)
    pen.line(hole, joint, 3)
    for k in range(3, 22, 3):
        u, v = arc[k]
        pen.line([(u, v - 2), (u * 1.04, v * 1.1 + 10)], joint, 4)
    if pen.snowy:
        pen.line([(u * 1.04, v * 1.1 + 9) for u, v in arc[3:-3]], SNOW, 4)
