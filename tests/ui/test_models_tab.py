"""The model tab in a real browser, over a slow line and a hub that misbehaves: from the licence to removing it again.

The standalone page under the newest gradio, and the page that a WebUI builds under the older ones of `test_tabs`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sd_chinese.registry.card import REGISTRY
from sd_chinese.workflows.find_model import PROJECT
from tests.registry.bad_server import Hub, serving
from tests.registry.conftest import weight_digests
from tests.ui.test_tabs import INTERPRETERS, PATIENCE, ROOT, open_tab

WEIGHTS = PROJECT / "sd_chinese" / "mini" / "weights"
PAGES = ["standalone", *INTERPRETERS[1:]]
EVIL = "<img src=x onerror=alert(1)>恶作剧"
UNET = "unet/diffusion_pytorch_model.safetensors"
LORA = "pytorch_lora_weights.safetensors"
PACE = 0.03  # of 64 KB: the three networks of the base, side by side, take some ten seconds
# Id -> (the card that it is like, its repository, its title).
CARDS = {
    "my-base": ("base/mini", "we/base", "慢线路"),
    "my-cancel": ("base/mini", "we/cancel", "不要了"),
    "my-long": ("base/mini", "we/long", "关页面"),
    "my-broken": ("lora/mini-ink", "we/broken", "坏线路"),
    "my-evil": ("lora/mini-ink", "we/evil", EVIL),
    "my-changed": ("lora/mini-ink", "we/changed", "变了"),
}


@dataclass
class Site:
    """A page that runs, its models, and the hub that it fetches from."""

    address: str
    models: Path
    hub: Hub
    can_convert: bool
    alone: bool

    def parts(self, name: str) -> int:
        """Bytes that wait to be resumed."""
        return sum(
            path.stat().st_size for path in self.models.rglob(f".downloads/{name}/**/*") if path.is_file()
        )

    def placed(self, name: str) -> list[Path]:
        return [path for path in self.models.rglob(f"{name}.safetensors") if ".downloads" not in path.parts]


def write_cards(folder: Path) -> dict[str, Path]:
    """Cards of the user's own; returns their repositories."""
    folder.mkdir(parents=True)
    for name, (like, repo, title) in CARDS.items():
        card = json.loads((REGISTRY / f"{like}.json").read_text(encoding="utf-8"))
        card |= {"id": name, "title": {"zh": title, "en": title}, "sources": [{"kind": "hf", "repo": repo}]}
        (folder / f"{name}.json").write_text(json.dumps(card), encoding="utf-8")
    places = {"base/mini": WEIGHTS / "base", "lora/mini-ink": WEIGHTS / "lora-ink"}
    return {repo: places[like] for like, repo, _ in CARDS.values()}


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


@pytest.fixture(scope="module", params=PAGES, ids=lambda each: Path(each).parts[-3:][0])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("page")
    hub = Hub(repos=write_cards(folder / "models" / "cards"), digests=dict(weight_digests()), pace=PACE)
    alone = request.param == "standalone"
    python = sys.executable if alone else request.param
    arguments = ["-m", "sd_chinese.cli", "--models", str(folder / "models")]
    if not alone:
        arguments = [str(ROOT / "tests" / "ui" / "host_page.py"), str(folder), str(free_port())]
    has_torch = not subprocess.run(
        [python, "-c", "import torch"], stderr=subprocess.DEVNULL, check=False
    ).returncode
    with serving(hub):
        said = {"SDZH_SOURCES": "hf", "HF_ENDPOINT": hub.url, "SDZH_PROXY": "", "BROWSER": "true"}
        variables = {**os.environ, **said, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
        server = subprocess.Popen(
            [python, *arguments], cwd=folder, env=variables, stdout=subprocess.PIPE, encoding="utf-8"
        )
        try:
            assert server.stdout is not None
            found = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stdout)
            yield Site(next(each[0] for each in found if each), folder / "models", hub, has_torch, alone)
        finally:
            server.terminate()
            server.wait()


class Tab:
    """The model tab of one browser window."""

    def __init__(self, browser: Any, address: str) -> None:
        self.context = browser.new_context(locale="zh-CN", viewport={"width": 1300, "height": 1000})
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("dialog", lambda dialog: self.faults.append(dialog.message))
        self.page.on(
            "pageerror", lambda error: self.faults.append(str(error)) if "sdzh" in str(error) else None
        )
        self.page.goto(address)
        open_tab(self.page, "中文模型")

    def card(self, name: str) -> Any:
        card = self.page.locator(f".sdzh-model[data-name='{name}']")
        card.wait_for(timeout=PATIENCE)
        return card

    def press(self, name: str, button: str) -> None:
        self.card(name).locator(f"button:text-is('{button}')").click(timeout=PATIENCE)

    def wait(self, name: str, text: str) -> None:
        """Until the card says so."""
        self.page.locator(f".sdzh-model[data-name='{name}']", has_text=text).wait_for(timeout=PATIENCE)

    def percent(self, name: str, above: int, told: str = "") -> int:
        """How far the download is, as soon as it is farther than ``above`` and its line says what ``told`` matches."""
        handle = self.page.wait_for_function(
            """([name, above, told]) => {
                const text = document.querySelector(`.sdzh-model[data-name='${name}'] .sdzh-progress`)?.textContent;
                const found = text?.includes('下载') && text.match(told) && text.match(/(\\d+) %/);
                return found && Number(found[1]) > above && Number(found[1]);
            }""",
            arg=[name, above, told],
            timeout=PATIENCE,
        )
        return int(handle.json_value())

    def paints_with(self, name: str) -> None:
        """Until the menu of the page that paints has it."""
        open_tab(self.page, "作画")
        self.page.click("#setting_sd_model_checkpoint input")
        self.page.locator("#setting_sd_model_checkpoint [role=option]", has_text=name).wait_for(
            timeout=PATIENCE
        )
        self.page.keyboard.press("Escape")
        open_tab(self.page, "中文模型")

    def close(self) -> None:
        self.context.close()
        assert self.faults == []


@pytest.fixture
def tab(browser: Any, site: Site) -> Iterator[Tab]:
    tab = Tab(browser, site.address)
    yield tab
    tab.close()


def start(tab: Tab, name: str) -> None:
    tab.press(name, "下载")
    tab.press(name, "同意并下载")


def need_torch(site: Site) -> None:
    if not site.can_convert:
        pytest.skip("this interpreter has no torch: nothing can be converted")


def test_licence_download_pause_resume_install_and_removal(tab: Tab, site: Site) -> None:
    need_torch(site)
    tab.press("my-base", "下载")
    asked = tab.card("my-base").inner_text()
    assert "MIT" in asked and "https://opensource.org/license/mit" in asked
    assert not [place for place, _ in site.hub.asked if "we/base" in place]  # nothing before one has agreed
    tab.press("my-base", "不同意")
    start(tab, "my-base")
    first = tab.percent("my-base", 0)
    second = tab.percent("my-base", max(first, 10), r"\d (MB|GB)/s · 剩余 \d+:\d\d")
    assert second > first
    tab.press("my-base", "暂停")
    tab.wait("my-base", "下载未完")
    kept = site.parts("my-base")
    assert kept > 1_000_000 and site.placed("my-base") == []
    site.hub.asked.clear()
    tab.press("my-base", "继续")  # and the licence is not asked for again
    assert tab.percent("my-base", 0) >= second
    assert f"/we/base/resolve/main/{UNET}" in [place for place, ranged in site.hub.asked if ranged]
    site.hub.pace = 0
    tab.wait("my-base", "已装好")
    site.hub.pace = PACE
    if site.alone:
        tab.paints_with("my-base")  # and nobody has reloaded the page
    (placed,) = site.placed("my-base")
    assert site.parts("my-base") == 0
    tab.press("my-base", "校验")
    tab.page.wait_for_selector(".sdzh-notice:has-text('my-base 完好')", timeout=PATIENCE)
    with placed.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"?")
    tab.press("my-base", "校验")
    tab.wait("my-base", "my-base.safetensors 内容变了")
    tab.press("my-base", "卸载")
    tab.wait("my-base", "可下载")
    assert site.placed("my-base") == []


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_cancelling_for_good_leaves_nothing(tab: Tab, site: Site, paused: bool) -> None:
    tab.press("my-cancel", "下载")
    if tab.card("my-cancel").locator("button:text-is('同意并下载')").count():
        tab.press("my-cancel", "同意并下载")
    tab.percent("my-cancel", 1)
    assert site.parts("my-cancel") > 0
    if paused:
        tab.press("my-cancel", "暂停")
        tab.wait("my-cancel", "下载未完")
    tab.press("my-cancel", "取消")
    tab.wait("my-cancel", "可下载")
    assert site.parts("my-cancel") == 0 and site.placed("my-cancel") == []


def test_a_failure_is_a_sentence_that_says_what_to_do(tab: Tab, site: Site) -> None:
    need_torch(site)
    site.hub.faults = {LORA: ["cut", "403"]}
    start(tab, "my-broken")
    tab.wait("my-broken", "拒绝下载（403）")
    said = tab.card("my-broken").inner_text()
    assert "换一个来源" in said and "Traceback" not in said and "refuses" not in said
    tab.press("my-broken", "继续")
    tab.wait("my-broken", "已装好")
    assert "403" not in tab.card("my-broken").inner_text()


def test_a_download_outlives_its_page(browser: Any, site: Site) -> None:
    tab = Tab(browser, site.address)
    start(tab, "my-long")
    before = tab.percent("my-long", 3)
    tab.close()
    again = Tab(browser, site.address)
    assert again.percent("my-long", before) > before
    assert again.card("my-long").locator("button:text-is('暂停')").is_visible()
    again.press("my-long", "取消")
    again.wait("my-long", "可下载")
    again.close()


def test_a_folder_that_was_dropped_among_the_models(tab: Tab, site: Site) -> None:
    need_torch(site)
    folder = "Stable-diffusion" if site.address and (site.models / "Stable-diffusion").exists() else "base"
    dropped = site.models / folder / "我的水墨"
    shutil.copytree(WEIGHTS / "base", dropped)
    try:
        tab.page.click("button:text-is('刷新')")
        tab.wait("我的水墨", "可转换")
        assert "转换后可用" in tab.card("我的水墨").inner_text()
        tab.press("我的水墨", "转换")
        tab.page.wait_for_selector(".sdzh-model.sdzh-installed[data-name='我的水墨']", timeout=PATIENCE)
        assert len(site.placed("我的水墨")) == 1
        tab.page.locator(".sdzh-installed[data-name='我的水墨'] button:text-is('卸载')").first.click()
        tab.page.wait_for_selector(
            ".sdzh-model.sdzh-installed[data-name='我的水墨']", state="detached", timeout=PATIENCE
        )
        assert site.placed("我的水墨") == [] and dropped.is_dir()
    finally:
        shutil.rmtree(dropped)


def test_a_card_that_was_just_written_is_there_after_a_refresh(tab: Tab, site: Site) -> None:
    card = json.loads((REGISTRY / "lora" / "mini-ink.json").read_text(encoding="utf-8"))
    path = site.models / "cards" / "my-new.json"
    path.write_text(json.dumps(card | {"id": "my-new"}), encoding="utf-8")
    try:
        tab.page.click("button:text-is('刷新')")
        tab.wait("my-new", "水墨")
    finally:
        path.unlink()


def test_markup_in_a_card_stays_text(tab: Tab) -> None:
    card = tab.card("my-evil")
    assert EVIL in card.inner_text()
    tab.press("my-evil", "下载")
    assert card.locator("img, script").count() == 0


def test_files_that_changed_are_installed_when_one_says_so(tab: Tab, site: Site, tmp_path: Path) -> None:
    need_torch(site)
    start(tab, "my-changed")
    tab.wait("my-changed", "已装好")
    tab.press("my-changed", "卸载")
    tab.wait("my-changed", "可下载")
    shutil.copytree(WEIGHTS / "lora-ink", tmp_path / "changed")
    with (tmp_path / "changed" / LORA).open("ab") as file:
        file.write(b"\0" * 8)
    site.hub.repos["we/changed"] = tmp_path / "changed"
    start(tab, "my-changed")
    tab.wait("my-changed", "与上次从这里安装时不同")
    assert site.placed("my-changed") == []
    tab.press("my-changed", "仍要安装")
    tab.wait("my-changed", "已装好")
    assert len(site.placed("my-changed")) == 1
