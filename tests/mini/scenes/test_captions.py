"""Captions name what is in the picture, all of it and nothing else, in words that the encoder knows."""

from __future__ import annotations

import numpy as np
import pytest

from sd_chinese.mini import data
from sd_chinese.mini.folders import WEIGHTS
from sd_chinese.mini.scenes.captions import describe, facts_of, known_phrases, read_caption
from sd_chinese.mini.scenes.elements import ELEMENTS, implied

NUMBERS = range(600)


def caption(number: int) -> str:
    return describe(data.scene_at(number, data.UNSEEN), np.random.default_rng(number))


def test_captions_name_exactly_the_elements() -> None:
    for number in NUMBERS:
        scene = data.scene_at(number, data.UNSEEN)
        named = read_caption(caption(number)) & set(ELEMENTS)
        assert set(scene.elements) <= named <= implied(scene.elements), caption(number)


def test_captions_say_only_what_is_true() -> None:
    for number in NUMBERS:
        assert read_caption(caption(number)) <= facts_of(data.scene_at(number, data.UNSEEN)), caption(number)


def test_captions_tell_time_season_weather_and_ink() -> None:
    for number in NUMBERS:
        scene, named = data.scene_at(number, data.UNSEEN), read_caption(caption(number))
        expected = {scene.season} - {"none"} | {scene.weather} - {"clear"} | {scene.style} - {"colour"}
        expected |= {scene.time} & {"dusk"}
        assert expected <= named, caption(number)


def test_captions_vary() -> None:
    scene = data.scene_at(4)
    assert len({describe(scene, np.random.default_rng(n)) for n in range(30)}) > 15


def test_captions_fit_the_context_and_the_vocabulary() -> None:
    from transformers import BertTokenizer

    tokenizer = BertTokenizer.from_pretrained(WEIGHTS / "base" / "tokenizer")
    lines = [*(caption(number) for number in NUMBERS), *known_phrases()]
    for line, ids in zip(lines, tokenizer(lines).input_ids, strict=True):
        assert len(ids) <= 30, line
        assert tokenizer.unk_token_id not in ids, line


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("月夜，一叶小舟，远山", {"moon", "night", "boat", "far_mountain"}),
        ("雪中的梅花", {"snow", "plum"}),
        ("黄昏，孤舟，柳树", {"dusk", "boat", "willow"}),
        ("一轮明月", {"moon"}),
        ("飞流的瀑布", {"waterfall"}),
        ("红灯笼和蓝色的油纸伞", {"lantern", "lantern:red", "umbrella", "umbrella:blue"}),
        ("夕阳下的白帆", {"sun", "dusk", "sail"}),
        ("江上的渔船", {"river", "boat"}),
        ("一位穿旗袍的女孩", set()),
        ("", set()),
    ],
)
def test_reading(text: str, facts: set[str]) -> None:
    assert read_caption(text) == facts


def test_every_name_reads_as_its_element_alone() -> None:
    for key, element in ELEMENTS.items():
        for name in element.names:
            assert read_caption(name) & set(ELEMENTS) == {key}, name
