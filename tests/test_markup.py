"""Weights and protected spans; expected values follow AUTOMATIC1111's rules."""

from __future__ import annotations

import random

import pytest

from sd_chinese.markup import Span, parse_weights, protected_spans

# prompt -> what AUTOMATIC1111 1.10.1's parse_prompt_attention returns for it
HOST = {
    "": [("", 1.0)],
    "普通的文字": [("普通的文字", 1.0)],
    "一条(红)裙": [("一条", 1.0), ("红", 1.1), ("裙", 1.0)],
    "(红裙:1.2)": [("红裙", 1.2)],
    "(红裙 : +1.25 )": [("红裙 ", 1.25)],
    "(红裙:.5)": [("红裙", 0.5)],
    "(红裙:-1)": [("红裙", -1.0)],
    "((红))": [("红", 1.1 * 1.1)],
    "[红]": [("红", 1 / 1.1)],
    "(红[蓝]:1.5)": [("红", 1.5), ("蓝", 1 / 1.1 * 1.5)],
    "一座(((房子:1.3)) [在] (山上:0.5), 太阳, (((天空))).": [
        ("一座", 1.0),
        ("房子", 1.3 * 1.1 * 1.1),
        (" ", 1.1),
        ("在", 1 / 1.1 * 1.1),
        (" ", 1.1),
        ("山上", 0.5 * 1.1),
        (", 太阳, ", 1.1),
        ("天空", 1.1 * 1.1 * 1.1 * 1.1),
        (".", 1.1),
    ],
    "(没有必要)(的括号)": [("没有必要的括号", 1.1)],
    r"\(文字\]": [("(文字]", 1.0)],
    r"(a\)b:2)": [("a)b", 2.0)],
    r"a\b": [("ab", 1.0)],
    "(不成对": [("不成对", 1.1)],
    "[不成对": [("不成对", 1 / 1.1)],
    "不成对)]": [("不成对)]", 1.0)],
    "红裙:1.2)": [("红裙:1.2)", 1.0)],
    "比例 16:9": [("比例 16:9", 1.0)],
    "山 BREAK 水": [("山", 1.0), ("BREAK", -1), ("水", 1.0)],
    "BREAK水": [("BREAK水", 1.0)],
    "(山 BREAK 水:2)": [("山", 2.0), ("BREAK", -2.0), ("水", 2.0)],
}
FULL_WIDTH = str.maketrans("()[]:", "（）［］：")


def pairs(prompt: str) -> list[tuple[str, float]]:
    return [(span.text, span.weight) for span in parse_weights(prompt)]


@pytest.mark.parametrize("prompt", HOST)
def test_means_what_it_means_in_the_host(prompt: str) -> None:
    assert pairs(prompt) == HOST[prompt]


@pytest.mark.parametrize("prompt", [p for p in HOST if "\\" not in p])
def test_full_width_marks_mean_the_same(prompt: str) -> None:
    half = [(text.translate(FULL_WIDTH), weight) for text, weight in pairs(prompt)]
    assert pairs(prompt.translate(FULL_WIDTH)) == half


def test_full_width_numbers_and_mixed_brackets() -> None:
    assert pairs("（红裙：１．２）") == [("红裙", 1.2)]
    assert pairs("(红裙：1.2）") == [("红裙", 1.2)]
    assert pairs(r"\（红\）") == [("（红）", 1.0)]


def test_marks_outside_of_markup_stay_as_typed() -> None:
    assert pairs("她说：你好，世界！１２３") == [("她说：你好，世界！１２３", 1.0)]


def test_what_is_no_number_is_text() -> None:
    assert pairs("(红裙:1.2.3)") == [("红裙:1.2.3", 1.1)]
    assert pairs("(红裙:)") == [("红裙:", 1.1)]


def test_spans_know_where_they_stood() -> None:
    prompt = "山，(红裙:1.2)水"
    assert parse_weights(prompt) == [
        Span("山，", 1.0, 0, 2),
        Span("红裙", 1.2, 3, 5),
        Span("水", 1.0, 10, 11),
    ]


def test_any_string_is_read() -> None:
    choice = random.Random(0).choice
    for _ in range(500):
        prompt = "".join(choice("()[]:\\（）：｜1.2红a \n\ud800\x00") for _ in range(30))
        spans = parse_weights(prompt)
        assert all(0 <= span.start <= span.end <= len(prompt) for span in spans)


@pytest.mark.parametrize(
    ("prompt", "protected"),
    [
        ("守株待兔", []),
        ("守株待兔<lora:水墨:0.8>", ["<lora:水墨:0.8>"]),
        ("__颜色__的山", ["__颜色__"]),
        ("(红裙:1.2)", ["(", ":1.2", ")"]),
        ("（红裙：1.2）", ["（", "：1.2", "）"]),
        ("[山:水:0.5]", ["[", ":", ":0.5", "]"]),
        ("[山|水]", ["[", "|", "]"]),
        (r"山\(水", [r"\("]),
        ("山, masterpiece, best_quality BREAK 水 AND 火", ["masterpiece", "best_quality", "BREAK", "AND"]),
        ("她说：你好", []),
    ],
)
def test_what_a_rewriting_must_not_touch(prompt: str, protected: list[str]) -> None:
    spans = protected_spans(prompt)
    assert [prompt[start:end] for start, end in spans] == protected
