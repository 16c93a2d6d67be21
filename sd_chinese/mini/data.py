"""The training pictures: rendered once into a memory map, each known again by its number."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sd_chinese.mini.scenes.compose import sample_scene
from sd_chinese.mini.scenes.drawing import draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sd_chinese.mini.scenes.scene import Scene

TRAINING, UNSEEN = 11, 12
"""Two streams of scenes; the second is for judging only."""

COUNT = 24_000


def scene_at(number: int, stream: int = TRAINING) -> Scene:
    """The scene of that number: the same for everyone, for ever."""
    return sample_scene(np.random.default_rng((stream, number)))


def open_pictures(folder: Path, count: int = COUNT) -> NDArray[np.uint8]:
    """The first ``count`` training pictures, rendered into ``folder`` when they are not there yet.

    Returns: a read-only memory map of shape (count, 128, 128, 3).
    """
    path = folder / f"pictures-{count}.npy"
    if not path.exists():
        _render(path, count)
    pictures: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return pictures


def _picture(number: int) -> NDArray[np.uint8]:
    return np.asarray(draw(scene_at(number)))


def _render(path: Path, count: int) -> None:
    from concurrent.futures import ProcessPoolExecutor

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".npy.part")
    pictures = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=(count, 128, 128, 3))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, picture in enumerate(pool.map(_picture, range(count), chunksize=64)):
            pictures[number] = picture
    pictures.flush()
    part.replace(path)
