"""The edge detector against cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sd_chinese.mini.canny import canny


def step(height: int) -> np.ndarray:
    image = np.zeros((9, 12), np.uint8)
    image[:, 6:] = height
    return image


def test_flat_picture_has_no_edges() -> None:
    assert not canny(np.full((8, 8), 90, np.uint8)).any()


def test_vertical_step_gives_one_line() -> None:
    edges = canny(step(255))
    assert edges.dtype == np.uint8
    assert set(np.unique(edges)) == {0, 255}
    # Both columns beside the step have the gradient 4 * 255; the left one wins the tie, as in OpenCV.
    assert (edges[:, 5] == 255).all()
    assert edges.sum() == 255 * 9


def test_horizontal_step_is_the_transpose() -> None:
    assert np.array_equal(canny(step(255).T), canny(step(255)).T)


@pytest.mark.parametrize(("height", "seen"), [(24, False), (26, False), (50, False), (51, True)])
def test_thresholds(height: int, seen: bool) -> None:
    """A step of h has the gradient 4 h: weak above 100, strong above 200."""
    assert canny(step(height)).any() == seen


def test_weak_edge_survives_only_beside_a_strong_one() -> None:
    image = step(30)
    assert not canny(image).any()
    image[:3, 6:] = 120
    assert (canny(image)[4:, 5] == 255).all()


def test_diagonal_edge_is_connected() -> None:
    image = np.where(np.add.outer(np.arange(16), np.arange(16)) > 15, 255, 0)
    edges = canny(image) > 0
    assert edges[2:-2, 2:-2].any(1).all()
    assert edges.sum(1).max() <= 2


def test_colour_takes_the_strongest_channel() -> None:
    image = np.zeros((9, 12, 3), np.uint8)
    image[:, 6:, 2] = 255
    assert np.array_equal(canny(image), canny(step(255)))
