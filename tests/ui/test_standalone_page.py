"""The page in a real browser: it opens, paints, tells mistakes in a sentence, and asks nothing of the network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.ui.test_tabs import open_tab

ROOT = Path(__file__).parents[2]
PATIENCE = 120_000  # milliseconds; the first picture loads torch, diffusers and the model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The page as a newcomer opens it; BROWSER keeps it from opening a window of its own."""
    variables = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "BROWSER": "true"}
    command = [sys.executable, "-m", "sd_chinese.cli", "--models", str(folder / "models")]
    server = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **variables}, stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert server.stdout is not None
        said = next(line for line in server.stdout if "http" in line)
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found
        yield found[0]
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(params=[(1280, "light"), (420, "dark")], ids=["wide light", "narrow dark"])
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """The page, checked at the end: nothing failed on the console, nothing was asked of another machine."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, locale="zh-CN"
    )
    yield from opened(context, address)
    context.close()


def opened(context: Any, address: str) -> Iterator[Any]:
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda sent: None if is_local(sent.url) else complaints.append(sent.url))
    page.goto(address)
    page.wait_for_selector("#txt2img_generate", timeout=PATIENCE)
    yield page
    assert complaints == []


def is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))


def test_paints_and_says_how(page: Any, folder: Path) -> None:
    page.fill("#txt2img_prompt textarea", "月夜，一叶小舟，远山")
    page.fill("#txt2img_seed input", "7")
    page.click("#txt2img_generate")
    page.wait_for_selector("#sdzh_gallery img", timeout=PATIENCE)
    page.wait_for_function("document.querySelector('#sdzh_gallery img').naturalWidth === 128")
    info = page.input_value("#sdzh_info textarea")
    assert info.startswith("月夜，一叶小舟，远山\n")
    assert "Seed: 7," in info
    newest = max((folder / "outputs").glob("*.png"))
    with Image.open(newest) as saved:
        assert saved.text["parameters"] == info  # type: ignore[attr-defined]  # of PNG files


def test_mistake_is_a_sentence(page: Any) -> None:
    page.fill("#txt2img_width input", "100")
    page.click("#txt2img_generate")
    page.get_by_text("尺寸 100x128 不行").wait_for(timeout=PATIENCE)


def test_every_tab_fits_its_window_and_asks_nothing_of_others(page: Any) -> None:
    """What a tab asks of the network is looked at when the page is closed."""
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for tab, shown in (
        ("中文提示词", "#sdzh_prompt_input"),
        ("中文模型", ".sdzh-model[data-name=mini]"),
        ("作画", "#txt2img_generate"),
    ):
        open_tab(page, tab)
        page.wait_for_selector(shown, timeout=PATIENCE)
        assert page.evaluate(overflow) <= 0
    fonts = page.evaluate(
        "[...document.fonts].filter(each => each.status === 'loaded').map(each => each.family)"
    )
    assert fonts == []


LANG = {"SG": "zh-CN", "TW": "zh-TW", "HK": "zh-TW", "GB": "en"}
WORDS = {
    "zh-SG": ("作画", "中文提示词", "我写的"),
    "zh-TW": ("作畫", "中文提示詞", "我寫的"),
    "zh-HK": ("作畫", "中文提示詞", "我寫的"),
    "en-GB": ("Paint", "Chinese prompt", "What I write"),
}


@pytest.mark.parametrize("locale", WORDS)
def test_every_browser_has_its_own_words(browser: Any, address: str, locale: str) -> None:
    paint, prompt, heading = WORDS[locale]
    context = browser.new_context(locale=locale)
    for page in opened(context, address):
        page.get_by_role("tab", name=paint, exact=True).wait_for(timeout=PATIENCE)
        open_tab(page, prompt)
        page.wait_for_selector(f"#sdzh_prompt_page h2:text-is('{heading}')", timeout=PATIENCE)
        assert page.locator("#sdzh_prompt_page").get_attribute("lang") == LANG[locale[3:]]
        body = page.locator("body").inner_text()
        simplified = set("图词选读种发码设择绘统为与这还没说转换载开关记录语诗库标画样数宽张")
        assert LANG[locale[3:]] != "zh-TW" or not simplified & set(body)
    context.close()
