"""Prompts on their way to the encoder, and a picture's parameters on their way back."""

from __future__ import annotations

from typing import Any

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.expand.expander import Expander
from sd_chinese.workflows.expand_generation import (
    LANGUAGE,
    NEGATIVE,
    PROMPT,
    VIEW,
    Expanded,
    Wish,
    expand_generation,
    restore_parameters,
    wish_of,
    with_words,
)
from sd_chinese.workflows.expand_prompt import open_expander

LINE = "飞流直下三千尺，<lora:墨:0.8>，吃夫妻肺片"


@pytest.fixture(scope="module")
def expander(tmp_path_factory: pytest.TempPathFactory) -> Expander:
    folder = tmp_path_factory.mktemp("lexicon")
    return open_expander(folder, cache=folder)


def expanded(expander: Expander, wish: Wish, *prompts: str, negative: str = "模糊") -> Expanded:
    return expand_generation(prompts, [negative] * len(prompts), wish, expander, lambda: "zh")


def test_both_texts_are_told(expander: Expander) -> None:
    found = expanded(expander, Wish(True), LINE)
    assert "瀑布" in found.prompts[0] and "<lora:墨:0.8>" in found.prompts[0]
    assert found.negatives[0].startswith("模糊，") and "人肺" in found.negatives[0]
    assert found.parameters == {PROMPT: LINE, NEGATIVE: "模糊", VIEW: "直绘", LANGUAGE: "zh"}


def test_every_picture_of_a_batch_has_its_own(expander: Expander) -> None:
    found = expanded(expander, Wish(True, language="en"), "守株待兔", "一只猫", "守株待兔")
    assert found.prompts[0] == found.prompts[2] != found.prompts[1]
    assert "hare" in found.prompts[0]


@pytest.mark.parametrize("original", [True, False])
def test_a_pasted_picture_gives_the_same_prompts_again(expander: Expander, original: bool) -> None:
    wish = Wish(True, view="意境", style="水墨")
    first = expanded(expander, wish, LINE)
    parameters: dict[str, Any] = {
        "Prompt": first.prompts[0], "Negative prompt": first.negatives[0], **first.parameters,
    }  # fmt: skip
    restore_parameters(parameters, original=original)
    if not original:
        assert not any(name.startswith("SDZH") for name in parameters)
        assert (parameters["Prompt"], parameters["Negative prompt"]) == (first.prompts[0], first.negatives[0])
        return
    again = Wish(True, parameters[VIEW], parameters["SDZH style"], parameters[LANGUAGE])
    second = expand_generation(
        [parameters["Prompt"]], [parameters["Negative prompt"]], again, expander, lambda: "en"
    )
    assert (second.prompts, second.negatives) == (first.prompts, first.negatives)


def test_parameters_of_others_are_left_alone() -> None:
    parameters = {"Prompt": "a", "Steps": "20"}
    restore_parameters(parameters, original=True)
    assert parameters == {"Prompt": "a", "Steps": "20"}


def test_unknown_style_is_a_sentence(expander: Expander) -> None:
    with pytest.raises(SdzhError) as caught:
        expanded(expander, Wish(True, style="<b>"), "守株待兔")
    assert caught.value.code == "style_unknown"


@pytest.mark.parametrize(
    ("values", "wish"),
    [
        ([], Wish()),
        ([True, "意象", "", "zh"], Wish(True, "意象", "", "zh")),
        ([True, None, None, None], Wish(True)),
        ([{"style": "水墨"}], Wish(True, style="水墨")),
        ([{"on": False, "view": "意境", "foreign": 1}], Wish(False, "意境")),
    ],
)
def test_controls_and_requests_say_the_same(values: list[Any], wish: Wish) -> None:
    assert wish_of(values) == wish


@pytest.mark.parametrize(
    ("text", "more", "joined"),
    [
        ("", "a, b", "a, b"),
        ("a", "a, b", "a, b"),
        ("a, b", "b", "a, b"),
        ("模糊，", "低质", "模糊, 低质"),
        ("模糊", "低质，多指", "模糊，低质，多指"),
        ("x", "", "x"),
    ],
)
def test_words_are_added_once(text: str, more: str, joined: str) -> None:
    assert with_words(text, more) == joined
