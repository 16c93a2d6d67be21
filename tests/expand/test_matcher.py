"""What is found in a prompt, where, and what is left alone."""

from __future__ import annotations

import itertools

import pytest

from sd_chinese.expand.expander import Expander
from sd_chinese.expand.matcher import Match, find_matches


def found(expander: Expander, prompt: str) -> list[Match]:
    return find_matches(prompt, expander.index)


@pytest.mark.parametrize(
    ("prompt", "text", "canonical", "how"),
    [
        ("守株待兔", "守株待兔", "守株待兔", "exact"),
        ("画一个守株待兔的人", "守株待兔", "守株待兔", "exact"),
        ("螞蟻上樹", "螞蟻上樹", "蚂蚁上树", "spelling"),
        ("守 株 待　兔", "守 株 待　兔", "守株待兔", "spelling"),
        ("守\u200b株待兔", "守\u200b株待兔", "守株待兔", "spelling"),
        ("飞流直下，三千尺", "飞流直下，三千尺", "飞流直下三千尺", "spelling"),
        ("三个臭皮匠，顶个诸葛亮", "三个臭皮匠，顶个诸葛亮", "三个臭皮匠顶个诸葛亮", "spelling"),
        ("守柱待兔", "守柱待兔", "守株待兔", "typo"),
        ("踏雪寻煤", "踏雪寻煤", "踏雪寻梅", "typo"),
        ("飞流直下三千尽", "飞流直下三千尽", "飞流直下三千尺", "variant"),
        ("疑似银河落九天", "疑似银河落九天", "疑是银河落九天", "variant"),
        ("疑是那银河落九天", "疑是那银河落九天", "疑是银河落九天", "inserted"),
        ("疑是银河九天", "疑是银河九天", "疑是银河落九天", "missing"),
        ("银河落九天", "银河落九天", "疑是银河落九天", "part"),
        ("流直飞下三千尺", "流直飞下三千尺", "飞流直下三千尺", "reordered"),
        ("黄鹤楼送孟浩然之广陵", "黄鹤楼送孟浩然之广陵", "黄鹤楼送孟浩然之广陵", "exact"),
        ("黄鹤楼送孟浩然", "黄鹤楼送孟浩然", "黄鹤楼送孟浩然", "exact"),
        ("《春晓》", "春晓", "春晓", "exact"),
        ("宋朝的美女", "宋朝", "宋朝", "exact"),
    ],
)
def test_ways_of_writing(sample: Expander, prompt: str, text: str, canonical: str, how: str) -> None:
    (match,) = found(sample, prompt)
    assert (match.text, match.canonical, match.how) == (text, canonical, how)
    assert prompt[match.start : match.end] == text
    assert (match.sure == 1) == (how == "exact")


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "一个女孩站在花园里",
        "长江山水",  # 江|山 are the end and the start of two words
        "孤，舟",
        "昂贵的卢布",
        "春晓，女孩",  # a title of two characters is an everyday word
        "<lora:守株待兔:0.8>",
        "__守株待兔__",
        "hare by a stump",
        "守株",
        "待兔",
        "三千尺",
        "一千年后的城市",
        "明月当空照九州大地的夜晚真美",
    ],
)
def test_left_alone(sample: Expander, prompt: str) -> None:
    assert not found(sample, prompt)


def test_a_weight_does_not_hide_a_phrase(sample: Expander) -> None:
    (match,) = found(sample, "(守株待兔:1.3), [孤|舟]")
    assert (match.start, match.end) == (1, 5)


def test_the_longest_wins(sample: Expander) -> None:
    assert [match.canonical for match in found(sample, "疑是银河落九天，夫妻肺片")] == [
        "疑是银河落九天",
        "夫妻肺片",
    ]


def test_matches_stand_in_order_without_overlaps(expander: Expander) -> None:
    prompt = "守株待兔，" * 40 + "飞流直下三千尺，画蛇添足，" * 60
    matches = found(expander, prompt)
    assert len(matches) == 40 + 120
    assert all(a.end <= b.start for a, b in itertools.pairwise(matches))


@pytest.mark.parametrize("size", [1022, 1024, 1026, 3000])
def test_phrases_at_the_seams_of_long_prompts(sample: Expander, size: int) -> None:
    prompt = "女" * size + "，守株待兔，" + "男" * size
    assert [match.canonical for match in found(sample, prompt)] == ["守株待兔"]


def test_long_patterns_are_found_in_a_text(expander: Expander) -> None:
    index = expander.index
    numbers = [n for n in range(0, index.counts["patterns"], 97) if index.spelling[n]]
    assert len(numbers) > 300
    for number in numbers:
        word = index.word(number)
        matches = found(expander, f"画着{word}，{word}")
        assert matches[-1].canonical == word and matches[-1].how == "exact"
