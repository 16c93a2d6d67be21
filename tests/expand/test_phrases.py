"""Phrases that nobody describes: composed where their words are understood, left alone where they mislead."""

from __future__ import annotations

import pytest

from sd_chinese.expand.expander import Expander


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("蝴蝶结", id="a bow"),
        pytest.param("琵琶鱼", id="a fish"),
        pytest.param("牡丹江", id="a city"),
        pytest.param("观音土", id="a clay"),
        pytest.param("亭亭如盖", id="doubled: a manner"),
        pytest.param("心忘于江湖", id="a sentence"),
    ],
)
def test_what_only_shares_its_characters_is_left_alone(expander: Expander, name: str) -> None:
    assert expander.expand(name).prompt_zh == name


@pytest.mark.parametrize(
    ("phrase", "shown"),
    [
        ("雪山湖泊", "湖泊"),
        ("孤舟残月", "月"),
        ("山山寒色", "山峰"),
        ("长城上", "城墙"),
        ("少女立于竹林", "竹林"),
    ],
)
def test_what_is_understood_is_composed(expander: Expander, phrase: str, shown: str) -> None:
    result = expander.expand(phrase)
    assert shown in result.prompt_zh.removeprefix(phrase)
    assert result.prompt_en


def test_a_longer_prompt_keeps_its_images(expander: Expander) -> None:
    prompt = "一位仗剑的白衣女子独行于江湖之上，灯笼照亮长街"
    assert expander.expand(prompt).parts
