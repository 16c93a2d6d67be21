"""Sky, land, water and weather: everything that is not an element."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from sd_chinese.mini.scenes.brush import SHEET, Canvas, Colour, grid, mix, ridge
from sd_chinese.mini.scenes.scene import HORIZON

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sd_chinese.mini.scenes.scene import Scene

TONE = {"day": (1.0, 1.0, 1.0), "dusk": (0.93, 0.78, 0.72), "night": (0.62, 0.67, 0.83)}
"""What the hour does to a pigment."""

SKY: dict[str, tuple[Colour, Colour, Colour]] = {
    "day": ((158, 198, 216), (208, 226, 228), (246, 240, 224)),
    "dusk": ((122, 92, 140), (232, 138, 96), (252, 214, 146)),
    "night": ((16, 24, 58), (36, 54, 100), (84, 106, 146)),
}
"""Top, middle and horizon."""

WATER: dict[str, tuple[Colour, Colour]] = {
    "day": ((196, 220, 222), (118, 170, 188)),
    "dusk": ((240, 178, 128), (148, 98, 128)),
    "night": ((74, 98, 140), (24, 40, 82)),
}

EARTH: dict[str, tuple[Colour, Colour]] = {
    "none": ((226, 216, 190), (188, 172, 138)),
    "spring": ((206, 226, 160), (136, 190, 94)),
    "summer": ((140, 190, 120), (50, 128, 66)),
    "autumn": ((238, 204, 128), (206, 140, 54)),
    "winter": ((222, 228, 234), (170, 182, 196)),
}
"""Far and near ground; with snow it is white whatever the season."""

TUFT: dict[str, Colour] = {"spring": (96, 160, 70), "summer": (30, 96, 50), "autumn": (184, 96, 36)}

SNOW_EARTH: tuple[Colour, Colour] = ((246, 248, 251), (228, 234, 242))


def paint_sky(canvas: Canvas, scene: Scene) -> None:
    """Three colours that run into each other from the top to the horizon."""
    stops = SKY[scene.time]
    if scene.weather in ("rain", "mist", "snow"):
        grey: Colour = {"day": (206, 212, 214), "dusk": (196, 150, 130), "night": (48, 58, 84)}[scene.time]
        stops = tuple(mix(stop, grey, 0.45) for stop in stops)  # type: ignore[assignment]
    rows = np.interp(
        np.arange(SHEET)[:, None].repeat(3, 1).ravel(),
        np.array([0, HORIZON * 0.5, HORIZON]),
        np.arange(3),
    ).reshape(SHEET, 3)
    table = np.array(stops, dtype=np.float32)
    low = np.clip(rows.astype(int), 0, 1)
    channel = np.arange(3)[None, :]
    colours = table[low, channel] + (table[low + 1, channel] - table[low, channel]) * (rows - low)
    sheet = np.repeat(colours[:, None, :], SHEET, axis=1).round().astype(np.uint8)
    canvas.image.paste(Image.fromarray(sheet))


def paint_land(canvas: Canvas, scene: Scene) -> None:
    """Open ground from the horizon to the lower edge."""
    rng = np.random.default_rng(scene.seed)
    _earth(canvas, scene, HORIZON + ridge(rng, 0.3) * 4, SHEET - HORIZON, rng)


def paint_bank(canvas: Canvas, scene: Scene) -> None:
    """The near bank along the lower edge of a river."""
    rng = np.random.default_rng(scene.seed + 1)
    _earth(canvas, scene, 217 + ridge(rng, 0.3) * 7, 40, rng)


def _earth(
    canvas: Canvas, scene: Scene, edge: NDArray[np.float32], depth: float, rng: np.random.Generator
) -> None:
    far, near = SNOW_EARTH if scene.weather == "snow" else EARTH[scene.season]
    _, y = grid()
    below = y - edge[None, :]
    mask = np.clip(below + 0.5, 0, 1)
    canvas.wash(mask, canvas.pigment(far))
    canvas.wash(mask * np.clip(below / depth, 0, 1), canvas.pigment(near))
    for share in (0.3, 0.62):
        swell = edge + depth * share + ridge(rng, 0.2) * depth * 0.09
        below = y - swell[None, :]
        fade = np.clip(below + 0.5, 0, 1) * np.clip(1 - below / (depth * 0.3), 0, 1)
        canvas.wash(0.3 * fade, canvas.pigment(mix(near, (70, 80, 70), 0.25)))
    if scene.weather != "snow" and scene.season in TUFT:
        _grass(canvas, scene, edge, rng)


def _grass(canvas: Canvas, scene: Scene, edge: NDArray[np.float32], rng: np.random.Generator) -> None:
    blade = canvas.pigment(TUFT[scene.season])
    for _ in range(16):
        x = float(rng.uniform(0, SHEET))
        top = edge[int(x) % SHEET] + 10 + (SHEET - edge[int(x) % SHEET]) * float(rng.random())
        for lean in (-5, 0, 5):
            canvas.line([(x, top), (x + lean, top - 9)], blade, 2.4)
        if scene.season == "spring":
            canvas.ellipse((x - 3, top - 14, x + 3, top - 8), canvas.pigment((250, 214, 90)))


def paint_water(canvas: Canvas, scene: Scene) -> None:
    """Water that mirrors what stands above the horizon, blurred and broken by ripples."""
    rng = np.random.default_rng(scene.seed + 2)
    far, near = WATER[scene.time]
    height = SHEET - HORIZON
    above = canvas.image.crop((0, HORIZON - height, SHEET, HORIZON)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    mirrored = np.asarray(above.filter(ImageFilter.GaussianBlur(2.5)), dtype=np.float32)
    t = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    colour = np.array(far, np.float32) * (1 - t) + np.array(near, np.float32) * t
    share = 0.42 * (1 - 0.75 * t)
    sheet = mirrored * share + colour * (1 - share)
    canvas.image.paste(Image.fromarray(sheet.round().astype(np.uint8)), (0, HORIZON))
    light = mix(far, (255, 255, 255), 0.45)
    for _ in range(15):
        y = HORIZON + 5 + (height - 8) * float(rng.random())
        x, half = float(rng.uniform(0, SHEET)), float(rng.uniform(14, 34))
        canvas.ellipse((x - half, y - 1.4, x + half, y + 1.4), light, alpha=0.6)


def paint_weather(canvas: Canvas, scene: Scene) -> None:
    """What falls or drifts in front of everything."""
    rng = np.random.default_rng(scene.seed + 3)
    if scene.weather == "rain":
        streak = mix((236, 242, 246), SKY[scene.time][0], 0.2 if scene.time == "night" else 0.55)
        for _ in range(46):
            x, y = rng.uniform(-10, SHEET + 30), rng.uniform(-30, SHEET)
            length = rng.uniform(26, 40)
            canvas.line([(x, y), (x - 0.32 * length, y + length)], streak, 2.4)
    elif scene.weather == "snow":
        flake = (255, 255, 255)
        for _ in range(64):
            x, y, r = rng.uniform(0, SHEET), rng.uniform(0, SHEET), rng.uniform(2.4, 4.2)
            canvas.ellipse((x - r, y - r, x + r, y + r), flake)
    elif scene.weather == "mist":
        _, rows = grid()
        white = mix((246, 246, 242), SKY[scene.time][2], 0.35 if scene.time != "day" else 0.0)
        for centre in (HORIZON - 34, HORIZON + 8, HORIZON + 52):
            wave = centre + rng.uniform(-10, 10) + ridge(rng, 0.2)[None, :] * 9
            canvas.wash(0.66 * np.exp(-(((rows - wave) / 15) ** 2)).astype(np.float32), white)
    if scene.season == "autumn" and scene.weather != "snow":
        for _ in range(9):
            x, y = rng.uniform(0, SHEET), rng.uniform(20, SHEET - 20)
            canvas.ellipse((x - 4, y - 2.6, x + 4, y + 2.6), canvas.pigment((222, 120, 36)))
