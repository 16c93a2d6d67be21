"""Prompts on their way to the encoder, and a picture's parameters on their way back."""

from __future__ import annotations

from typing import Any

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.expand.expander import Expander
from sd_chinese.workflows.expand_generation import (
    AVOID,
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
    return expand_generation([(prompts, [negative] * len(prompts))], wish, expander, lambda: "zh")


def test_both_texts_are_told(expander: Expander) -> None:
    found = expanded(expander, Wish(True), LINE)
    [(prompts, negatives)] = found.passes
    assert "瀑布" in prompts[0] and "<lora:墨:0.8>" in prompts[0]
    assert negatives[0].startswith("模糊，") and "人肺" in negatives[0]
    told = {PROMPT: LINE, NEGATIVE: "模糊", VIEW: "直绘", LANGUAGE: "zh", AVOID: "True"}
    assert found.parameters == [told]


def test_the_negative_prompt_stays_where_it_is_to(expander: Expander) -> None:
    found = expanded(expander, Wish(True, avoid=False), LINE)
    assert found.passes[0][1] == ["模糊"]
    assert found.parameters[0][AVOID] == "False"


def test_every_picture_of_a_batch_has_its_own(expander: Expander) -> None:
    found = expanded(expander, Wish(True, language="en"), "守株待兔", "一只猫", "守株待兔")
    [(prompts, _)] = found.passes
    assert prompts[0] == prompts[2] != prompts[1]
    assert "hare" in prompts[0]
    assert [each[PROMPT] for each in found.parameters] == ["守株待兔", "一只猫", "守株待兔"]


def test_a_hires_pass_tells_what_is_its_own(expander: Expander) -> None:
    first, second = (["守株待兔", "一只猫"], ["", "模糊"]), (["飞流直下三千尺", "一只猫"], ["", "低质"])
    found = expand_generation([first, second], Wish(True), expander, lambda: "zh")
    assert "瀑布" in found.passes[1][0][0]
    own = [{key: text for key, text in each.items() if "hires" in key} for each in found.parameters]
    assert own == [{"SDZH hires prompt": "飞流直下三千尺"}, {"SDZH hires negative": "低质"}]
    parameters = {"Prompt": "x", "Hires prompt": found.passes[1][0][0], **found.parameters[0]}
    restore_parameters(parameters, original=True)
    assert (parameters["Prompt"], parameters["Hires prompt"]) == ("守株待兔", "飞流直下三千尺")
    parameters = {"Prompt": "x", "Hires prompt": "", "Styles array": ["a"], **found.parameters[1]}
    restore_parameters(parameters, original=True)
    assert (parameters["Hires prompt"], parameters["Styles array"]) == ("", [])


@pytest.mark.parametrize("original", [True, False])
def test_a_pasted_picture_gives_the_same_prompts_again(expander: Expander, original: bool) -> None:
    wish = Wish(True, view="意境", style="水墨")
    first = expanded(expander, wish, LINE)
    [([prompt], [negative])] = first.passes
    parameters: dict[str, Any] = {"Prompt": prompt, "Negative prompt": negative, **first.parameters[0]}
    restore_parameters(parameters, original=original)
    if not original:
        assert not any(name.startswith("SDZH") for name in parameters)
        assert (parameters["Prompt"], parameters["Negative prompt"]) == (prompt, negative)
        return
    again = Wish(True, parameters[VIEW], parameters["SDZH style"], parameters[LANGUAGE])
    texts = ([parameters["Prompt"]], [parameters["Negative prompt"]])
    assert expand_generation([texts], again, expander, lambda: "en").passes == first.passes


def test_parameters_of_others_are_left_alone() -> None:
    parameters = {"Prompt": "a", "Steps": "20"}
    restore_parameters(parameters, original=True)
    assert parameters == {"Prompt": "a", "Steps": "20"}


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(style="<b>"), "style_unknown"),
        (Wish(view="?"), "expand_option"),
        (Wish(language="fr"), "expand_option"),
    ],
)
def test_unknown_names_are_sentences(expander: Expander, wish: Wish, code: str) -> None:
    with pytest.raises(SdzhError) as caught:
        expanded(expander, wish, "守株待兔")
    assert caught.value.code == code


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


def test_what_is_left_out_is_as_the_settings_say() -> None:
    default = Wish(view="意境", style="水墨", language="en", avoid=False)
    assert wish_of([{"style": ""}], default) == Wish(True, "意境", "", "en", False)
    assert wish_of([True], default) == Wish(True, "意境", "水墨", "en", False)


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
