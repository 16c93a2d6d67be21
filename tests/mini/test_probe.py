"""The judge is better than chance by far on drawings that it never saw, and counts as it says."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sd_chinese.mini import classifier, data, probe  # noqa: E402
from sd_chinese.mini.scenes.captions import facts_of  # noqa: E402
from sd_chinese.mini.scenes.drawing import draw  # noqa: E402
from sd_chinese.mini.scenes.elements import ELEMENTS  # noqa: E402
from sd_chinese.mini.scenes.scene import TIMES  # noqa: E402


def test_judge_on_unseen_drawings() -> None:
    scenes = [data.scene_at(number, data.UNSEEN) for number in range(5000, 5120)]
    truth, seen = [facts_of(scene) for scene in scenes], classifier.judge([draw(scene) for scene in scenes])
    found = probe.count(truth, seen, lambda fact: fact in ELEMENTS)
    assert found.hits / found.of > 0.9
    times = probe.count(truth, seen, lambda fact: fact in TIMES)
    assert times.hits / times.of > 0.95
    assert sum(bool(probe.strangers(a, b)) for a, b in zip(truth, seen, strict=True)) < 30


def test_judge_finds_nothing_on_an_empty_sheet() -> None:
    (seen,) = classifier.judge(np.full((1, 128, 128, 3), 240, np.uint8))
    assert len(seen & set(ELEMENTS)) <= 1


def test_counting() -> None:
    named = [frozenset({"boat", "night"}), frozenset({"moon"})]
    seen = [frozenset({"boat", "river", "day"}), frozenset({"pine"})]
    assert probe.count(named, seen, lambda fact: fact in ELEMENTS) == probe.Score(1, 2)
    assert probe.count(named, seen, lambda fact: fact in TIMES) == probe.Score(0, 1)
    assert probe.strangers(named[0], seen[0]) == frozenset()
    assert probe.strangers(named[1], seen[1]) == {"pine"}


def test_a_label_that_cannot_be_seen_is_not_asked_for() -> None:
    scene = next(s for s in map(data.scene_at, range(900)) if s.style == "ink" and "lantern" in s.elements)
    row = classifier.targets(scene)
    assert row[classifier.LABELS.index("lantern:red")] == -1
    assert row[classifier.LABELS.index("ink")] == 1


@pytest.mark.slow
def test_generated_pictures_show_what_was_named() -> None:
    from sd_chinese.mini import sampling
    from sd_chinese.mini.folders import WEIGHTS
    from sd_chinese.mini.scenes.captions import read_caption

    captions = probe.unseen_captions(probe.unseen_scenes(100))
    seen = classifier.judge(sampling.generate(sampling.load_parts(WEIGHTS / "base"), captions))
    found = probe.count([read_caption(c) for c in captions], seen, lambda fact: fact in ELEMENTS)
    assert found.hits / found.of > 0.6
