"""Schedules and AND. The tables are what AUTOMATIC1111's parser gave, for 6 steps."""

from __future__ import annotations

import random

import pytest

from sd_chinese.schedule import parse_schedule, split_and

HOST_SCHEDULES = {
    "山水": [(6, "山水")],
    "a [b:3]": [(3, "a "), (6, "a b")],
    "a [b: 3]": [(3, "a "), (6, "a b")],
    "a [[[b]]:2]": [(2, "a "), (6, "a [[b]]")],
    "[(a:2):3]": [(3, ""), (6, "(a:2)")],
    "[山:水:4]": [(4, "山"), (6, "水")],
    "a[b:[c:d:2]:1]e": [(1, "abe"), (2, "ace"), (6, "ade")],
    "a [未闭合": [(6, "a [未闭合")],
    "a [b:.5] c": [(3, "a  c"), (6, "a b c")],
    "[山:水:0.5]，舟": [(3, "山，舟"), (6, "水，舟")],
    "[山::0.3]，舟": [(1, "山，舟"), (6, "，舟")],
    "((a][:b:c [d:3]": [(3, "((a][:b:c "), (6, "((a][:b:c d")],
    "[红|蓝|绿]裙": [(1, "红裙"), (2, "蓝裙"), (3, "绿裙"), (4, "红裙"), (5, "蓝裙"), (6, "绿裙")],
    "[fe|]male": [(1, "female"), (2, "male"), (3, "female"), (4, "male"), (5, "female"), (6, "male")],
    "[a|(b:1.1)]": [(1, "a"), (2, "(b:1.1)"), (3, "a"), (4, "(b:1.1)"), (5, "a"), (6, "(b:1.1)")],
    "[a|b:0.5]": [(6, "[a|b:0.5]")],
    "红|蓝": [(6, "红|蓝")],
    "(a|b)": [(6, "(a|b)")],
    "尾\\": [(6, "尾\\")],
    "\\[山:水:3\\]": [(6, "\\[山:水:3\\]")],
    "[山:水:99]": [(6, "山")],
    "[山:水:-1]": [(6, "水")],
    "[山:水:0]": [(6, "水")],
    "[山:水:1e1]": [(6, "山")],
    "[[红|蓝]裙:水:3]": [(1, "红裙"), (2, "蓝裙"), (3, "红裙"), (4, "水"), (5, "水"), (6, "水")],
    "(山:[水:火:2])": [(2, "(山:水)"), (6, "(山:火)")],
    "[山:水]": [(6, "[山:水]")],
    "[]": [(6, "[]")],
    "【山:水:3】": [(6, "【山:水:3】")],
    "[山：水：3]": [(6, "[山：水：3]")],
}

HOST_AND = {
    "山": [("山", 1.0)],
    "山 AND 水": [("山", 1.0), (" 水", 1.0)],
    "山:0.5 AND 水 : 1.5 ": [("山", 0.5), (" 水", 1.5)],
    "山AND水": [("山AND水", 1.0)],
    "a AND b AND c:-1": [("a", 1.0), (" b", 1.0), (" c", -1.0)],
    "山:水 AND :2": [("山:水", 1.0), ("", 2.0)],
    "": [("", 1.0)],
    " AND ": [("", 1.0), ("", 1.0)],
}


@pytest.mark.parametrize("prompt", HOST_SCHEDULES)
def test_schedule_equals_the_hosts(prompt: str) -> None:
    assert parse_schedule(prompt, 6) == HOST_SCHEDULES[prompt]


@pytest.mark.parametrize("prompt", HOST_AND)
def test_and_equals_the_hosts(prompt: str) -> None:
    assert split_and(prompt) == HOST_AND[prompt]


def test_any_string_is_read() -> None:
    choice = random.Random(0).choice
    for _ in range(500):
        prompt = "".join(choice("()[]:|\\0.5红a \n") for _ in range(20))
        ends = [end for end, _ in parse_schedule(prompt, 10)]
        assert ends == sorted(set(ends)) and ends[-1] == 10


@pytest.mark.parametrize("unit", ["[", "[a", "[a:", "([", "[a|", "]", "[a:b:3]", "\\"])
def test_twenty_thousand_brackets_are_read(unit: str) -> None:
    assert parse_schedule(unit * (20_000 // len(unit)), 4)[-1][0] == 4
