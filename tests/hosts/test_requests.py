"""What is changed in a request, and what each of its pictures says of it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from types import SimpleNamespace
from typing import Any

import pytest

from sd_chinese.hosts.requests import Texts, choose_encoder, rewrite_prompts, stand_alone, tell_picture
from tests.fake_webui import FakeWebui, fake_webui  # noqa: F401


def upper(passes: Sequence[Texts]) -> Any:
    return SimpleNamespace(
        passes=[([text.upper() for text in texts[0]], [text + "!" for text in texts[1]]) for texts in passes],
        parameters=[{"SDZH prompt": prompt, "SDZH reading": "直绘"} for prompt in passes[0][0]],
    )


def new_infotext(
    p: Any, all_prompts: list[str], index: int = 0, use_main_prompt: bool = False
) -> dict[str, Any]:
    """modules/processing.py of 1.10 `create_infotext`: a value may be callable."""
    index = 0 if use_main_prompt else index
    said = {"Prompt": p.main_prompt if use_main_prompt else all_prompts[index]}
    for key, value in p.extra_generation_params.items():
        said[key] = value(**locals()) if callable(value) else value
    return said


def old_infotext(
    p: Any, all_prompts: list[str], index: int = 0, use_main_prompt: bool = False
) -> dict[str, Any]:
    # modules/processing.py of 1.8 `create_infotext`: values are written as they are
    return {"Prompt": p.main_prompt if use_main_prompt else all_prompts[index], **p.extra_generation_params}


def infotexts(p: Any, infotext: Any) -> list[dict[str, Any]]:
    """modules/processing.py `process_images_inner`: a batch after another, a picture after another, then the grid."""
    found = []
    for number in range(len(p.all_prompts)):
        p.iteration, p.batch_index = divmod(number, p.batch_size)
        prompts = p.all_prompts[p.iteration * p.batch_size : (p.iteration + 1) * p.batch_size]
        tell_picture(p)
        found.append(infotext(p, prompts, p.batch_index))
    return [*found, infotext(p, prompts, use_main_prompt=True)]


def request_of(*prompts: str, **more: Any) -> Any:
    return SimpleNamespace(
        prompt=prompts[0], all_prompts=list(prompts), all_negative_prompts=["x"] * len(prompts), batch_size=2,
        extra_generation_params={"Other": 1}, override_settings={}, **more,
    )  # fmt: skip


def test_both_passes_are_rewritten_and_the_boxes_are_not() -> None:
    p = request_of("a", "a", all_hr_prompts=["c", "d"], all_hr_negative_prompts=["z", "z"])
    p.extra_generation_params["Hires prompt"] = "c"
    rewrite_prompts(p, upper)
    choose_encoder(p, "太乙")
    assert (p.prompt, p.all_prompts, p.all_hr_prompts) == ("a", ["A", "A"], ["C", "D"])
    assert (p.all_negative_prompts, p.all_hr_negative_prompts) == (["x!", "x!"], ["z!", "z!"])
    assert (p.main_prompt, p.main_negative_prompt) == ("A", "x!")
    told = {"Other": 1, "Hires prompt": "C", "SDZH prompt": "a", "SDZH reading": "直绘"}
    assert p.extra_generation_params == told
    assert p.override_settings == {"sdzh_text_encoder": "太乙"}


@pytest.mark.parametrize("infotext", [new_infotext, old_infotext])
def test_every_picture_tells_its_own(fake_webui: FakeWebui, infotext: Any) -> None:  # noqa: F811
    fake_webui.module("processing").create_infotext = infotext
    p = request_of("a", "b", "a", "c")
    rewrite_prompts(p, upper)
    *pictures, grid = infotexts(p, infotext)
    assert [said["SDZH prompt"] for said in pictures] == ["a", "b", "a", "c"]
    assert [said["SDZH prompt"].upper() for said in pictures] == [said["Prompt"] for said in pictures]
    assert grid["Prompt"] == "A" and grid["SDZH reading"] == "直绘"
    if infotext is new_infotext:
        assert grid["SDZH prompt"] == "a"
        whole = [infotext(p, p.all_prompts, index)["SDZH prompt"] for index in range(4)]
        assert whole == ["a", "b", "a", "c"]
    else:
        assert not any(callable(value) for value in p.extra_generation_params.values())


def test_a_failed_rewrite_leaves_the_request_whole() -> None:
    p = request_of("a")
    before = dict(vars(p))

    def fail(passes: Sequence[Texts]) -> Any:
        raise ValueError

    with pytest.raises(ValueError):
        rewrite_prompts(p, fail)
    assert vars(p) == before


def test_a_copied_request_keeps_what_is_said_of_it_to_itself() -> None:
    """The X/Y/Z plot copies a request for each cell, and the copies share its dictionaries."""
    p = request_of("a")
    cell = copy(p)
    stand_alone(cell)
    rewrite_prompts(cell, upper)
    choose_encoder(cell, "太乙")
    assert cell.extra_generation_params["SDZH prompt"] == "a"
    assert (p.extra_generation_params, p.override_settings) == ({"Other": 1}, {})
