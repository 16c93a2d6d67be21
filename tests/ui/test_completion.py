"""Completion in the host's own boxes: everywhere a prompt is typed, and nowhere in the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.test_tabs import PATIENCE, address, open_tab, page  # noqa: F401

OFFER = ".sdzh-offer:has-text('守株待兔')"
POPUP = ".sdzh-popup"
BOXES = ("txt2img_prompt", "txt2img_neg_prompt", "hires_prompt", "img2img_prompt", "img2img_neg_prompt")
#: The list of a1111-sd-webui-tagcomplete (javascript/tagAutocomplete.js, `createResultsDiv`), open.
OTHERS = """() => {
    const list = document.createElement('div');
    list.className = 'autocompleteParent txt2img p';
    list.append(Object.assign(document.createElement('div'), {className: 'autocompleteResults', textContent: 'tag'}));
    document.body.append(list);
}"""


def type_into(page: Any, box: str, text: str) -> Any:  # noqa: F811
    open_tab(page, "img2img" if box.startswith("img2img") else "txt2img")
    field = page.locator(f"#{box} textarea")
    field.wait_for(timeout=PATIENCE)
    field.fill("")
    field.press_sequentially(text)
    return field


@pytest.fixture
def replies(page: Any) -> list[str]:  # noqa: F811
    """What was asked of the server for completion."""
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if sent.url.endswith("/complete") else None)
    return asked


def test_every_prompt_box_completes(page: Any) -> None:  # noqa: F811
    for box in BOXES:
        field = type_into(page, box, "1girl, szdt")
        page.wait_for_selector(OFFER, timeout=PATIENCE)
        page.keyboard.press("Tab")
        assert field.input_value() == "1girl, 守株待兔"
        assert page.locator(POPUP).is_hidden()


def test_other_boxes_are_left_alone(page: Any, replies: list[str]) -> None:  # noqa: F811
    type_into(page, "txt2img_notes", "守株")
    type_into(page, "txt2img_prompt", "守株")
    page.wait_for_selector(OFFER, timeout=PATIENCE)
    assert len(replies) == 1


def test_letters_are_english_until_an_arrow_says_otherwise(page: Any) -> None:  # noqa: F811
    field = type_into(page, "txt2img_prompt", "szdt")
    page.wait_for_selector(OFFER, timeout=PATIENCE)
    page.keyboard.press("Enter")
    assert field.input_value() == "szdt\n"


def test_off_in_the_settings(page: Any, replies: list[str]) -> None:  # noqa: F811
    page.evaluate("window.opts = {sdzh_completion: false}")
    type_into(page, "txt2img_prompt", "守株")
    page.wait_for_timeout(300)
    assert page.locator(POPUP).is_hidden() and replies == []
    page.evaluate("window.opts = {sdzh_completion: true}")
    type_into(page, "txt2img_prompt", "守株")
    page.wait_for_selector(OFFER, timeout=PATIENCE)


def test_gives_way_to_another_list(page: Any) -> None:  # noqa: F811
    """Ours goes when another opens, takes no key of its, and does not come while it is open."""
    field = type_into(page, "txt2img_prompt", "守株")
    page.wait_for_selector(OFFER, timeout=PATIENCE)
    page.evaluate(OTHERS)
    page.keyboard.press("Tab")
    assert page.locator(POPUP).is_hidden()
    assert field.input_value() == "守株"
    field.focus()
    with page.expect_response("**/sdzh/v1/complete"):
        field.press_sequentially("待")
    page.wait_for_timeout(100)
    assert page.locator(POPUP).is_hidden()
    page.evaluate("document.querySelector('.autocompleteParent').style.display = 'none'")
    field.press_sequentially("兔")
    field.press("Backspace")
    page.wait_for_selector(OFFER, timeout=PATIENCE)


def test_goes_with_the_focus(page: Any) -> None:  # noqa: F811
    type_into(page, "txt2img_prompt", "守株")
    page.wait_for_selector(OFFER, timeout=PATIENCE)
    page.locator("#txt2img_neg_prompt textarea").focus()
    assert page.locator(POPUP).is_hidden()
