"""Canny's edge detector in numpy, step by step as OpenCV computes it (aperture 3, L1 gradient)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOW, HIGH = 100, 200
TAN_22 = np.tan(np.pi / 8)
TAN_67 = np.tan(3 * np.pi / 8)


def canny(image: Any, low: float = LOW, high: float = HIGH) -> NDArray[np.uint8]:
    """Edges of a picture: 255 on an edge, 0 elsewhere.

    Args:
        image: grey (h, w) or colour (h, w, channels) values of 0 to 255; of a colour picture each
            pixel is judged by the channel that changes most.
        low, high: thresholds of the hysteresis on |gx| + |gy|.

    Shape: (h, w).
    """
    pixels = np.asarray(image, dtype=np.int32)
    gx, gy = _sobel(pixels if pixels.ndim == 3 else pixels[:, :, None])
    size = np.abs(gx) + np.abs(gy)
    thin = _thin(gx, gy, size) & (size > low)
    return np.where(_connected(thin & (size > high), thin), 255, 0).astype(np.uint8)


def _sobel(pixels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Gradients of the channel with the largest |gx| + |gy|. Shape: (h, w) each."""
    p = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = p[:-2] + 2 * p[1:-1] + p[2:]
    columns = p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    gx, gy = rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2]
    best = np.argmax(np.abs(gx) + np.abs(gy), axis=2)[:, :, None]
    return np.take_along_axis(gx, best, 2)[:, :, 0], np.take_along_axis(gy, best, 2)[:, :, 0]


def _thin(gx: NDArray[np.int32], gy: NDArray[np.int32], size: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Keeps what is largest across its edge (non-maximum suppression)."""
    around = np.pad(size, 1)
    h, w = size.shape

    def at(dy: int, dx: int) -> NDArray[np.int32]:
        return around[1 + dy : 1 + dy + h, 1 + dx : 1 + dx + w]

    ax, ay = np.abs(gx), np.abs(gy)
    level, steep = ay < ax * TAN_22, ay > ax * TAN_67
    falling = (gx ^ gy) < 0
    across = np.where(
        falling, (size > at(-1, 1)) & (size > at(1, -1)), (size > at(-1, -1)) & (size > at(1, 1))
    )
    across = np.where(steep, (size > at(-1, 0)) & (size >= at(1, 0)), across)
    return np.where(level, (size > at(0, -1)) & (size >= at(0, 1)), across).astype(np.bool_)


def _connected(strong: NDArray[np.bool_], candidates: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The candidates that hang together with a strong one, diagonals included (hysteresis)."""
    found, count = strong, -1
    while count != (count := int(found.sum())):
        p = np.pad(found, 1)
        wide = p[:-2] | p[1:-1] | p[2:]
        found = (wide[:, :-2] | wide[:, 1:-1] | wide[:, 2:]) & candidates
    return found
