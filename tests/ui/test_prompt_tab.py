"""The prompt tab to the letter: what is sent, counted, remembered, moved, and what happens when nothing answers."""

from __future__ import annotations

import re
from typing import Any

from tests.ui.test_tabs import BOX, LINE, PATIENCE, address, open_tab, page, type_line  # noqa: F401

CHOSEN = ".sdzh-chosen p"
SAMPLER = "#txt2img_sampling input"
#: As the host's own script has it (javascript/ui.js).
SWITCH = """() => { for (const tab of ["txt2img", "img2img"]) window[`switch_to_${tab}`] = () =>
    [...document.querySelectorAll("button")].find(each => each.textContent.trim() === tab).click() }"""
WITH_MARKUP = "(守株待兔:1.2)，<lora:ink:0.8>，[月夜|清晨]，__衣服__"


def test_settings_go_along_and_come_back(page: Any) -> None:  # noqa: F811
    """The embedded family's card recommends a sampler, steps and a scale; img2img shows samplers as buttons."""
    page.evaluate(SWITCH)
    type_line(page)
    page.wait_for_selector(CHOSEN)
    page.locator(".sdzh-candidate", has_text="意境").get_by_text("发送").click()
    page.wait_for_function(
        f"document.querySelector('{SAMPLER}')?.value === 'DPM++ 2M Karras'", timeout=PATIENCE
    )
    assert page.input_value("#txt2img_steps input[type=number]") == "20"
    assert page.input_value("#txt2img_cfg_scale input[type=number]") == "5"
    open_tab(page, "中文提示词")
    page.wait_for_selector(".sdzh-chosen .sdzh-seal:text-is('意境')", timeout=PATIENCE)
    page.click("text=撤销发送")
    page.wait_for_function(f"document.querySelector('{SAMPLER}').value === 'Euler a'", timeout=PATIENCE)
    page.click("text=发送到 图生图")
    page.wait_for_function(
        "document.querySelector('#img2img_sampling input:checked')?.value === 'DPM++ 2M Karras'",
        timeout=PATIENCE,
    )


def test_tokens_are_counted_for_the_text_and_the_chosen_reading(page: Any) -> None:  # noqa: F811
    type_line(page, "守株待兔")
    counts = page.locator(".sdzh-count")
    page.wait_for_function("[...document.querySelectorAll('.sdzh-count')].every(each => each.textContent)")
    assert counts.count() == 2
    assert counts.first.inner_text() == "4/30"
    assert re.fullmatch(r"\d+/30( · \d+ 段)?", counts.last.inner_text())
    place = counts.first.bounding_box()
    type_line(page, "守株待兔，" * 10)
    page.wait_for_function(
        "document.querySelector('.sdzh-count').textContent === '50/30 · 2 段'", timeout=PATIENCE
    )
    assert counts.first.bounding_box()["height"] == place["height"]


def test_nothing_is_counted_without_a_model(page: Any) -> None:  # noqa: F811
    refusal = {"code": "no_model_chosen", "zh": "没有", "en": "none"}
    page.route("**/sdzh/v1/tokens", lambda route: route.fulfill(status=400, json=refusal))
    with page.expect_response("**/sdzh/v1/tokens"):
        type_line(page, "守株待兔，一只不认识的猫")
    assert "".join(page.locator(".sdzh-count").all_inner_texts()) == ""
    assert page.locator(".sdzh-fault").count() == 0


def test_markup_stays_as_it_is(page: Any) -> None:  # noqa: F811
    page.fill(BOX, WITH_MARKUP)
    page.wait_for_selector(".sdzh-phrase:text-is('守株待兔')", timeout=PATIENCE)
    page.wait_for_selector(CHOSEN)
    reading = page.locator(CHOSEN).inner_text()
    assert all(part in reading for part in (":1.2)", "<lora:ink:0.8>", "|", "__衣服__"))


def test_the_same_phrase_twice_is_one_card_that_stays(page: Any) -> None:  # noqa: F811
    """What was read before is not drawn again: its card neither moves nor fades in while more is typed."""
    type_line(page, "守株待兔，守株待兔")
    assert page.locator(".sdzh-card").count() == 1
    assert page.locator(".sdzh-backdrop u").count() == 2
    page.evaluate("document.querySelector('.sdzh-card').dataset.mine = 'yes'")
    page.locator(BOX).press("End")
    page.keyboard.type("，亡羊补牢")
    page.wait_for_selector(".sdzh-phrase:text-is('亡羊补牢')", timeout=PATIENCE)
    assert page.locator(".sdzh-card").count() == 2
    assert page.locator(".sdzh-card[data-mine=yes]").count() == 1


def test_nothing_answers_and_then_it_does(page: Any) -> None:  # noqa: F811
    type_line(page, "守株待兔")
    page.context.set_offline(True)
    page.locator(BOX).press("End")
    page.keyboard.type("，雪")
    page.wait_for_selector(".sdzh-fault:has-text('没有回答')", timeout=PATIENCE)
    assert page.input_value(BOX) == "守株待兔，雪"
    assert page.locator(".sdzh-card").count() == 1
    page.context.set_offline(False)
    page.keyboard.type("夜")
    page.wait_for_function("!document.querySelector('.sdzh-fault')", timeout=PATIENCE)


def test_readings_and_sizes_by_arrows(page: Any) -> None:  # noqa: F811
    type_line(page)
    page.wait_for_selector(CHOSEN)
    page.locator(".sdzh-chosen .sdzh-seal").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".sdzh-chosen .sdzh-seal:text-is('意象'):focus", timeout=PATIENCE)
    page.locator(".sdzh-ratio").first.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(".sdzh-ratio[aria-checked=true]:focus:has-text('9:16')")


def test_tab_follows_the_eye(page: Any) -> None:  # noqa: F811
    """From the text down its cards, then through the readings, style, size and the buttons; nothing is a trap."""
    type_line(page, "守株待兔")
    page.wait_for_selector(CHOSEN)
    page.locator(BOX).focus()
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.className.split(' ').pop()"))
        if page.evaluate("document.activeElement.textContent") == "撤销发送":
            break
    order = list(dict.fromkeys(name for name in seen if name.startswith("sdzh")))
    wanted = [
        "sdzh-toggle",
        "sdzh-chip",
        "sdzh-link",
        "sdzh-seal",
        "sdzh-ratio",
        "sdzh-primary",
        "sdzh-button",
    ]
    assert order == wanted


def test_history_favourites_and_draft_are_kept(page: Any) -> None:  # noqa: F811
    kept = [{"prompt": f"旧作{number}"} for number in range(60)]
    page.evaluate("kept => localStorage.setItem('sdzh.history', JSON.stringify(kept))", kept)
    type_line(page, "守株待兔")
    page.wait_for_selector(CHOSEN)
    page.click("button:text-is('收藏')")
    page.wait_for_selector(".sdzh-notice:has-text('已收藏')")
    page.locator(".sdzh-chosen").get_by_text("复制").click()
    assert len(page.evaluate("JSON.parse(localStorage.getItem('sdzh.history'))")) == 50
    page.fill(BOX, "")
    page.click("button:text-is('收藏夹')")
    page.locator(".sdzh-kept button").first.click()
    assert page.input_value(BOX) == "守株待兔"
    page.reload()
    open_tab(page, "中文提示词")
    page.wait_for_selector(".sdzh-phrase:text-is('守株待兔')", timeout=PATIENCE)


def test_the_settings_say_how_it_begins(page: Any) -> None:  # noqa: F811
    def other(route: Any) -> None:
        reply = route.fetch()
        said = {
            **reply.json(),
            "defaults": {"view": "意象", "style": "水墨", "language": "en", "avoid": True},
        }
        route.fulfill(response=reply, json=said)

    page.route("**/sdzh/v1/host", other)
    page.reload()
    open_tab(page, "中文提示词")
    type_line(page)
    page.wait_for_selector(".sdzh-chosen .sdzh-seal:text-is('意象')", timeout=PATIENCE)
    assert page.locator("summary").inner_text().split() == ["画风", "水墨"]
    assert "waterfall" in page.locator(CHOSEN).inner_text()


def test_no_motion_where_none_is_wanted(page: Any) -> None:  # noqa: F811
    page.emulate_media(reduced_motion="reduce")
    type_line(page)
    moving = page.evaluate(
        "[...document.querySelectorAll('.sdzh, .sdzh *')].map(each => getComputedStyle(each).animationName)"
    )
    assert set(moving) == {"none"}


def test_two_hundred_characters_fit(page: Any) -> None:  # noqa: F811
    text = (LINE + "，守株待兔，海上生明月，") * 6
    type_line(page, text[:240])
    page.wait_for_selector(CHOSEN)
    clipped = """() => [...document.querySelectorAll('.sdzh-card *, .sdzh-candidate *, .sdzh-bar *')]
        .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline')
        .map(each => each.className + ' ' + each.textContent)"""
    assert page.evaluate(clipped) == []
    measure = "each => [each.scrollHeight, each.clientWidth]"
    assert page.locator(".sdzh-backdrop").evaluate(measure) == page.locator(BOX).evaluate(measure)
