"""Lines that no entry describes, read through what they name."""

from __future__ import annotations

import pytest

from sd_chinese.expand.expander import Expander
from sd_chinese.expand.reading import is_doubled


@pytest.mark.parametrize(
    ("phrase", "zh", "en"),
    [
        ("两岸青山相对出", ["青山"], ["green hills"]),
        ("竹外桃花三两枝", ["桃花", "竹"], ["peach blossom", "bamboo"]),
        ("孤帆远影", ["孤零零的帆船"], ["lone sail"]),
        ("白鹭飞", ["白鹭"], ["egret"]),
        ("枯藤老树昏鸦", ["枯干的藤蔓", "老树", "乌鸦"], ["withered vines", "old tree", "crows"]),
    ],
)
def test_things_are_named_in_both_languages(
    sample: Expander, phrase: str, zh: list[str], en: list[str]
) -> None:
    reading = sample.records.reader.read(phrase)
    said_zh = "，".join(pair.zh for _, pair in reading.things)
    said_en = ", ".join(pair.en for _, pair in reading.things)
    assert all(word in said_zh for word in zh), said_zh
    assert all(word in said_en for word in en), said_en
    assert 0.3 < reading.sure <= 0.75


def test_season_time_and_weather(sample: Expander) -> None:
    told = sample.records.reader.read("秋月雪").told
    assert told == {"season": "秋", "time": "月夜", "weather": "雪"}


def test_what_is_denied_is_not_drawn(sample: Expander) -> None:
    things = sample.records.reader.read("不见山无鸟").things
    assert not [pair.zh for _, pair in things if "鸟" in pair.zh]


def test_abstract_phrases_show_nothing(sample: Expander) -> None:
    for phrase in ("此情可待成追忆", "大器晚成", "理所当然"):
        assert not sample.records.reader.read(phrase).drawable


def test_the_lines_beside_it_lend_their_images(sample: Expander) -> None:
    alone = sample.records.reader.read("此情可待成追忆")
    beside = sample.records.reader.read("此情可待成追忆", ("沧海月明珠有泪",))
    assert not alone.drawable
    assert beside.drawable
    assert beside.sure < 0.3


def test_doubled_idioms_are_a_manner() -> None:
    assert is_doubled("马马虎虎")
    assert not is_doubled("万马奔腾")
