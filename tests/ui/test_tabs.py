"""Our tabs in a real browser under every gradio that a host brings: the newest, and those that `run.py test` prepares.

``SDZH_PAGES`` names further interpreters, with the platform's path separator.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 60_000
LINE = "飞流直下三千尺，旁边一位穿旗袍的女孩在吃夫妻肺片"
BOX = "#sdzh_prompt_input"
INTERPRETERS = [sys.executable, *filter(None, os.environ.get("SDZH_PAGES", "").split(os.pathsep))]


@pytest.fixture(scope="module", params=INTERPRETERS)
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("host")
    script = str(ROOT / "tests/ui/host_page.py")
    variables = {**os.environ, "PYTHONIOENCODING": "utf-8", "GRADIO_ANALYTICS_ENABLED": "False"}
    server = subprocess.Popen(
        [request.param, script, str(folder)], env=variables, stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert server.stdout is not None
        yield next(line for line in server.stdout if line.startswith("http")).strip()
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(params=[(1400, "light"), (800, "dark")], ids=["wide light", "narrow dark"])
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """The prompt tab, opened; at the end no script of ours has failed and nothing lies over the window's edge."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme, locale="zh-CN"
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)) if "sdzh" in str(error).lower() else None)
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.goto(f"{address}/?__theme={scheme}")
    open_tab(page, "中文提示词")
    page.wait_for_selector(BOX, timeout=PATIENCE)
    yield page
    sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    context.close()
    assert faults == []
    assert sideways <= 0


def open_tab(page: Any, name: str) -> None:
    """gradio 6 has each tab's button twice, the one without an id to measure it."""
    page.wait_for_function(
        """name => {
            const found = [...document.querySelectorAll('button')].filter(each => each.textContent.trim() === name);
            const button = found.find(each => each.id.endsWith('-button')) ?? found[0];
            button?.click();
            return Boolean(button);
        }""",
        arg=name,
        timeout=PATIENCE,
    )


def type_line(page: Any, text: str = LINE) -> None:
    page.fill(BOX, text)
    page.wait_for_function(
        "text => [...document.querySelectorAll('.sdzh-phrase')].some(each => text.includes(each.textContent))",
        arg=text,
        timeout=PATIENCE,
    )


def test_phrases_become_cards_and_readings(page: Any) -> None:
    type_line(page)
    page.wait_for_selector(".sdzh-candidate")
    assert "《望庐山瀑布》 李白 · 唐" in page.locator(".sdzh-card").first.inner_text()
    assert page.locator(".sdzh-backdrop u").all_inner_texts() == [
        "飞流直下三千尺",
        "穿旗袍的女孩",
        "夫妻肺片",
    ]
    own = page.locator(".sdzh-candidate span:not(.sdzh-added)").all_inner_texts()
    assert own and all(text in LINE for text in own)
    chip = page.locator(".sdzh-chip").first
    words = chip.inner_text()
    chip.click()
    page.wait_for_selector(f".sdzh-chip[aria-pressed=false]:text-is('{words}')")
    assert words not in page.locator(".sdzh-chosen p").inner_text()
    page.get_by_role("switch").first.click()
    page.wait_for_selector(".sdzh-card.sdzh-off")
    assert "飞流直下三千尺" in page.locator(".sdzh-chosen p").inner_text()


def test_the_line_over_its_underlines(page: Any) -> None:
    """The words drawn for the underlines lie exactly under the words that were typed."""
    type_line(page, "守株待兔，" * 12)
    measure = "each => [each.scrollHeight, each.clientWidth]"
    assert page.locator(".sdzh-backdrop").evaluate(measure) == page.locator(BOX).evaluate(measure)


def test_sends_to_txt2img_and_takes_it_back(page: Any) -> None:
    type_line(page)
    page.wait_for_selector(".sdzh-candidate")
    wanted = page.locator(".sdzh-chosen p").inner_text()
    page.locator(".sdzh-ratio", has_text="3:4").click()
    page.click("text=发送到 文生图")
    page.wait_for_function(
        "text => document.querySelector('#txt2img_prompt textarea')?.value === text",
        arg=wanted,
        timeout=PATIENCE,
    )
    assert page.input_value("#txt2img_width input[type=number]") == "112"
    assert page.input_value("#txt2img_height input[type=number]") == "144"
    assert "人肺" in page.input_value("#txt2img_neg_prompt textarea")
    open_tab(page, "中文提示词")
    page.click("text=撤销发送")
    page.wait_for_function("document.querySelector('#txt2img_prompt textarea').value === ''")
    page.click("button:text-is('历史')")
    assert page.locator(".sdzh-kept").first.inner_text().startswith(LINE)


def test_completes_with_the_keyboard_and_not_within_a_composition(page: Any) -> None:
    page.fill(BOX, "")
    page.locator(BOX).press_sequentially("一只猫，szdt")
    page.wait_for_selector(".sdzh-offer:has-text('守株待兔')", timeout=PATIENCE)
    page.keyboard.press("Escape")
    assert page.locator(".sdzh-popup").is_hidden()
    page.keyboard.press("Backspace")
    page.keyboard.type("t")
    page.wait_for_selector(".sdzh-offer:has-text('守株待兔')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value(BOX) == "一只猫，守株待兔"
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "，shou zhu", "selectionStart": 10, "selectionEnd": 10})
    page.wait_for_timeout(150)
    assert page.locator(".sdzh-popup").is_hidden()
    session.send("Input.insertText", {"text": "，飞流"})
    page.wait_for_selector(".sdzh-offer:has-text('飞流直下三千尺')", timeout=PATIENCE)
    page.locator(".sdzh-offer", has_text="飞流直下三千尺").first.click()
    assert page.input_value(BOX) == "一只猫，守株待兔，飞流直下三千尺"


def test_markup_of_others_stays_text(page: Any) -> None:
    evil = "守株待兔，<img src=x onerror=alert(1)><script>alert(2)</script>"
    type_line(page, evil)
    page.wait_for_selector(".sdzh-candidate")
    assert "<img src=x" in page.locator(".sdzh-chosen p").inner_text()
    assert page.locator("#sdzh_prompt_page img, #sdzh_prompt_page script").count() == 0


def test_styles_inspiration_and_reading_by_keyboard(page: Any) -> None:
    page.click("button:text-is('灵感') >> nth=0")
    page.wait_for_function("document.querySelector('#sdzh_prompt_input').value.length > 3", timeout=PATIENCE)
    page.locator(".sdzh-styles summary").press("Enter")
    page.locator(".sdzh-swatch", has_text="青绿山水").first.press("Enter")
    page.wait_for_selector(".sdzh-chosen p:has-text('青绿')", timeout=PATIENCE)
    page.click("button:text-is('英文')")
    page.wait_for_function(
        "!/[\\u4e00-\\u9fff]/.test(document.querySelector('.sdzh-chosen .sdzh-added')?.textContent ?? '中')"
    )


def test_models_ask_for_the_licence_and_tell_how_they_are(page: Any) -> None:
    open_tab(page, "中文模型")
    mini = page.locator(".sdzh-model[data-name=mini]")
    mini.wait_for(timeout=PATIENCE)
    assert "已装好" in mini.inner_text()
    page.get_by_role("radio", name="诗词库").click()
    verse = page.locator(".sdzh-model").first
    verse.locator("button", has_text="下载").click()
    assert verse.locator("button", has_text="同意并下载").is_visible()
    verse.locator("button", has_text="不同意").click()
    assert verse.locator("button:text-is('下载')").is_visible()
    page.click("button:text-is('诊断')")
    page.wait_for_selector(".sdzh-report:has-text('Python')", timeout=PATIENCE)
