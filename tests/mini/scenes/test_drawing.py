"""Drawings are deterministic, every element is visible, and styles do what they say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sd_chinese.mini import data
from sd_chinese.mini.scenes.compose import place, sample_scene
from sd_chinese.mini.scenes.drawing import draw
from sd_chinese.mini.scenes.elements import ELEMENTS
from sd_chinese.mini.scenes.scene import Scene


def pixels(scene: Scene) -> np.ndarray:
    return np.asarray(draw(scene), dtype=np.int16)


def alone(key: str, **circumstances: str) -> Scene:
    element = ELEMENTS[key]
    house = [other for other in element.implies if other == "house"]
    time = element.times[0] if element.times else "day"
    return place([*house, key], np.random.default_rng(5), **{"time": time, **circumstances})


def test_same_seed_same_picture() -> None:
    one, two = (sample_scene(np.random.default_rng(9)) for _ in range(2))
    assert one == two
    assert np.array_equal(pixels(one), pixels(two))
    assert pixels(one).shape == (128, 128, 3)


@pytest.mark.parametrize("key", ELEMENTS)
def test_every_element_is_visible(key: str) -> None:
    scene = alone(key)
    assert key in scene.elements
    rest = tuple(item for item in scene.items if item.element != key)
    without = dataclasses.replace(scene, items=rest, water=scene.water and key != "river")
    changed = np.abs(pixels(scene) - pixels(without)).max(2) > 24
    assert changed.sum() > 150, f"{key} changes {changed.sum()} pixels"


@pytest.mark.parametrize(
    ("key", "colour"), [(key, colour) for key, element in ELEMENTS.items() for colour in element.colours]
)
def test_every_colour_is_drawn(key: str, colour: str) -> None:
    others = [c for c in ELEMENTS[key].colours if c != colour]
    scenes = [place([key], np.random.default_rng(5), colours={key: c}) for c in (colour, others[0])]
    assert (np.abs(pixels(scenes[0]) - pixels(scenes[1])).max(2) > 40).sum() > 60


@pytest.mark.parametrize(
    "change",
    [{"time": "dusk"}, {"time": "night"}, {"season": "spring"}, {"season": "summer"}, {"season": "autumn"},
     {"season": "winter"}, {"weather": "rain"}, {"weather": "snow"}, {"weather": "mist"}],
)  # fmt: skip
def test_circumstances_change_the_picture(change: dict[str, str]) -> None:
    plain = place(["boat"], np.random.default_rng(5))
    changed = dataclasses.replace(plain, **change)
    assert (np.abs(pixels(plain) - pixels(changed)).max(2) > 12).sum() > 700


def test_ink_has_no_colour() -> None:
    scene = dataclasses.replace(alone("maple"), style="ink")
    ink = pixels(scene)
    assert np.abs(ink[..., 0] - ink[..., 2]).max() < 24
    assert np.ptp(ink) > 120


def test_scenes_are_plausible() -> None:
    for number in range(400):
        scene = data.scene_at(number)
        names = set(scene.elements)
        assert 1 <= len(names) <= 6
        assert len(names) == len(scene.elements)
        assert not names & {"moon", "crescent", "stars"} or scene.time == "night"
        assert "sun" not in names or (scene.time != "night" and scene.weather not in ("rain", "snow"))
        assert scene.weather != "snow" or scene.season in ("winter", "none")
        assert scene.water == ("river" in {i for n in names for i in (n, *ELEMENTS[n].implies)})


def test_the_two_streams_differ() -> None:
    assert data.scene_at(3, data.TRAINING) != data.scene_at(3, data.UNSEEN)
