"""Trees and flowers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sd_chinese.mini.scenes.brush import Colour, mix

if TYPE_CHECKING:
    from sd_chinese.mini.scenes.brush import Pen

BARK = (74, 54, 44)
SNOW = (250, 251, 253)


def pine(pen: Pen) -> None:
    """An old pine with flat cushions of needles; anchor at its root."""
    pen.stroke([(0, 0), (-6, 40), (8, 76), (0, 118)], BARK, 15, 6)
    pen.stroke([(0, 62), (22, 76), (38, 78)], BARK, 6, 3)
    pen.stroke([(-2, 84), (-20, 96), (-34, 97)], BARK, 6, 3)
    for u, v, w in ((36, 82, 34), (-34, 102, 33), (20, 110, 30), (0, 132, 34)):
        green: Colour = (30, 74, 58)
        pen.oval(u, v - 3, w, 11, mix(green, (10, 20, 20), 0.4))
        pen.oval(u, v, w, 9.5, green)
        for k in range(-3, 4):
            pen.line([(u + k * w / 4, v - 6), (u + k * w / 4.4, v + 8)], (66, 118, 88), 1.8)
        if pen.snowy:
            pen.oval(u, v + 6, w * 0.85, 5.5, SNOW, glow=0.2)


def bamboo(pen: Pen) -> None:
    """Four stalks of bamboo; anchor at the middle of their feet."""
    for u, w, lean in ((-30, 6.5, -5), (-10, 8, 3), (11, 7, -2), (31, 6, 6)):
        tall = pen.rng.uniform(185, 225)
        green = mix((72, 140, 74), (40, 104, 70), float(pen.rng.random()))
        for k in range(7):
            v0, v1 = tall * k / 7, tall * (k + 1) / 7 - 3
            pen.line([(u + lean * v0 / 100, v0), (u + lean * v1 / 100, v1)], green, w)
        for k in range(2, 7):
            node = (u + lean * tall * k / 700, tall * k / 7)
            side = 1 if k % 2 else -1
            for spread in (0.2, -0.45, -1.0):
                length = pen.rng.uniform(23, 32)
                tip = (node[0] + side * length * math.cos(spread), node[1] + length * math.sin(spread))
                middle = ((node[0] + tip[0]) / 2, (node[1] + tip[1]) / 2 + 4)
                leaf = SNOW if pen.snowy and spread > 0 else mix(green, (24, 70, 44), 0.45)
                pen.shape([node, (middle[0], middle[1] + 2), tip, (middle[0], middle[1] - 5)], leaf)


def willow(pen: Pen) -> None:
    """A willow whose strands hang to the ground; anchor at its root."""
    pen.stroke([(0, 0), (6, 50), (-4, 100), (8, 140)], BARK, 17, 7)
    green = {"autumn": (186, 168, 70), "winter": (140, 136, 116)}.get(pen.season, (110, 164, 72))
    pen.oval(2, 140, 44, 22, mix(green, (50, 90, 50), 0.25))
    for k in range(17):
        u = -60 + 7.6 * k
        top = 152 - 0.010 * (u - 2) ** 2
        low = top - pen.rng.uniform(76, 108)
        sway = pen.rng.uniform(3, 11)
        tone = mix(green, (54, 104, 56), float(pen.rng.uniform(0, 0.6)))
        pen.stroke(
            [(u * 0.7, top), (u, top - 30), (u + sway * 0.5, low + 20), (u + sway, low)], tone, 4.6, 2.6
        )
    if pen.snowy:
        pen.oval(2, 152, 36, 8, SNOW, glow=0.2)


def plum(pen: Pen) -> None:
    """A dark crooked branch that reaches in from the side, in blossom; anchor at the edge."""
    petal, heart = {
        "red": ((220, 44, 72), (250, 210, 90)),
        "white": ((255, 250, 246), (232, 190, 60)),
    }[pen.colour]
    branch: Colour = (62, 46, 42)
    pen.stroke([(-10, 10), (24, 2), (44, 22), (78, 20), (116, 44)], branch, 13, 3)
    pen.stroke([(38, 16), (54, 46), (82, 62)], branch, 7, 2.5)
    pen.stroke([(58, 21), (84, 4), (106, 2)], branch, 6, 2.5)
    pen.stroke([(18, 3), (36, -22), (62, -34)], branch, 7, 2.5)
    if pen.snowy:
        pen.stroke([(-8, 17), (24, 9), (44, 28), (78, 26)], SNOW, 5, 3, glow=0.2)
    flowers = (
        (20, 9),
        (48, 24),
        (60, 52),
        (84, 64),
        (80, 20),
        (100, 34),
        (118, 46),
        (104, 1),
        (36, -20),
        (63, -35),
    )
    for u, v in flowers:
        du, dv = pen.rng.uniform(-4, 4, 2)
        if pen.colour == "white":
            pen.oval(u + du, v + dv, 14, 14, (150, 130, 140), alpha=0.55, blur=1.5)
        pen.petals(u + du, v + dv, float(pen.rng.uniform(12, 15)), 5, petal, heart)


def _crown_tree(pen: Pen, leaf: Colour, light: Colour) -> None:
    """A trunk under a round crown of dabbed leaves."""
    pen.stroke([(0, 0), (-5, 30), (4, 62)], BARK, 14, 8)
    pen.stroke([(0, 40), (20, 62), (32, 70)], BARK, 7, 3)
    pen.stroke([(-2, 38), (-20, 60), (-32, 68)], BARK, 7, 3)
    for u, v, r in ((-28, 76, 24), (28, 76, 24), (0, 92, 30), (-16, 100, 20), (18, 100, 20), (0, 70, 22)):
        pen.oval(u, v, r, r * 0.85, mix(leaf, (40, 20, 30), 0.16))
    for _ in range(46):
        a, reach = pen.rng.uniform(0, math.tau), math.sqrt(pen.rng.random())
        dab = mix(leaf, light, float(pen.rng.random()))
        pen.oval(math.cos(a) * 50 * reach, 86 + math.sin(a) * 32 * reach, 6.5, 5.5, dab, glow=0.2)
    if pen.snowy:
        pen.oval(0, 116, 30, 7, SNOW, glow=0.2)


def peach(pen: Pen) -> None:
    """A peach tree in blossom; anchor at its root."""
    _crown_tree(pen, (244, 148, 178), (255, 214, 224))
    for _ in range(7):
        pen.oval(pen.rng.uniform(-54, 54), pen.rng.uniform(-2, 44), 3.4, 2.8, (248, 170, 194), glow=0.2)


def maple(pen: Pen) -> None:
    """A maple in its autumn red; anchor at its root."""
    _crown_tree(pen, (206, 62, 24), (246, 150, 40))
    for _ in range(7):
        pen.oval(pen.rng.uniform(-54, 54), pen.rng.uniform(-4, 44), 4, 3, (224, 90, 30), glow=0.2)


def lotus(pen: Pen) -> None:
    """Lotus leaves and two flowers on the water; anchor at their middle."""
    petal = {"pink": (238, 112, 156), "white": (255, 252, 248)}[pen.colour]
    for u, v, r in ((-46, 2, 25), (42, 4, 27), (0, -9, 27)):
        pen.oval(u, v, r, r * 0.42, (30, 92, 62))
        pen.oval(u, v + 1.5, r * 0.93, r * 0.36, (62, 140, 88))
        for k in range(6):
            a = math.tau * k / 6
            pen.line(
                [(u, v + 1), (u + r * 0.8 * math.cos(a), v + 1 + r * 0.3 * math.sin(a))], (36, 100, 68), 1.6
            )
    for u, v, s in ((-22, 16, 1.0), (26, 26, 0.85)):
        pen.line([(u, v - 10), (u, v)], (60, 120, 70), 4)
        for turn in (-1.15, 1.15, -0.6, 0.6, 0.0):
            tip = (u + math.sin(turn) * 30 * s, v + math.cos(turn) * 32 * s)
            ku, kv = math.cos(turn) * 9.5 * s, math.sin(turn) * 9.5 * s
            mu, mv = u + math.sin(turn) * 15 * s, v + math.cos(turn) * 15 * s
            outline = [(u, v), (mu - ku, mv + kv), tip, (mu + ku, mv - kv)]
            edge = [(u + (a - u) * 1.1, v + (b - v) * 1.1) for a, b in outline]
            pen.shape(edge, mix(petal, (150, 60, 100), 0.5), glow=0.3)
            pen.shape(outline, petal, glow=0.4)


def chrysanthemum(pen: Pen) -> None:
    """Three many-rayed flowers with their leaves; anchor at the ground."""
    ray, dark = {
        "yellow": ((250, 200, 40), (190, 120, 16)),
        "purple": ((164, 84, 186), (96, 40, 120)),
    }[pen.colour]
    for u, v in ((-28, 44), (26, 48), (0, 72)):
        pen.stroke([(u * 0.3, 0), (u * 0.6, v * 0.5), (u, v)], (58, 104, 58), 5, 4)
    for u, v in ((-24, 16), (22, 18), (-8, 30), (12, 36)):
        pen.oval(u, v, 13, 6, (60, 116, 62))
    for u, v in ((-28, 44), (26, 48), (0, 74)):
        turn = float(pen.rng.uniform(0, 1))
        pen.oval(u, v, 17, 17, dark, glow=0.2)
        for ring, reach in ((14, 24), (10, 13)):
            for k in range(ring):
                a = turn + math.tau * k / ring
                tip = (u + reach * math.cos(a), v + reach * math.sin(a))
                side = (2.6 * math.sin(a), -2.6 * math.cos(a))
                blade = [(u, v), (tip[0] + side[0], tip[1] + side[1]), (tip[0] - side[0], tip[1] - side[1])]
                pen.shape(blade, mix(ray, (255, 250, 220), 0.0 if reach > 20 else 0.35), glow=0.3)
        pen.oval(u, v, 4, 4, dark, glow=0.2)
