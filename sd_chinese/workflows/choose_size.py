"""Picture sizes that a model was trained for: one area, several proportions."""

from __future__ import annotations

from dataclasses import dataclass

RATIOS = ("1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16")
#: Sides are multiples of this many pixels; of fewer where a picture is small.
STEP, SMALL_STEP, SMALL = 64, 16, 512
#: What a family was trained at, where no card says.
RESOLUTIONS = {"sd1": 512, "sd2": 768, "sdxl": 1024, "mini": 128}


@dataclass(frozen=True)
class Size:
    ratio: str
    width: int
    height: int


def sizes_for(resolution: int) -> list[Size]:
    """A size for each proportion, of about ``resolution`` x ``resolution`` pixels."""
    step = SMALL_STEP if resolution < SMALL else STEP
    return [Size(ratio, *_sides(ratio, resolution, step)) for ratio in RATIOS]


def _sides(ratio: str, resolution: int, step: int) -> tuple[int, int]:
    wide, high = (int(side) for side in ratio.split(":"))
    width = resolution * (wide / high) ** 0.5
    return round(width / step) * step, round(resolution**2 / width / step) * step
