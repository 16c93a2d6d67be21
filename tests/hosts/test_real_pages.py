"""Our tabs, panel, completion and axes in the page of a real host: each test drives a browser there.

``SDZH_A1111=/path/to/webui SDZH_FORGE=/path/to/webui python -m pytest tests/hosts/test_real_pages.py -m "" -v``
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.hosts.conftest import Site
from tests.hosts.real_host import ROOT, RealHost

PATIENCE = 30_000
LINE = "飞流直下三千尺"
WATERFALL = "瀑布"
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
TITLES = {"a1111": ("txt2img", "img2img"), "reforge": ("txt2img", "img2img"), "forge": ("Txt2img", "Img2img")}
# What gradio's own page asks of the network.
OF_GRADIO = ("fonts.googleapis.com", "fonts.gstatic.com", "cdnjs.cloudflare.com")


class Visitor:
    """A person before a host's page.

    Attributes:
        page: of playwright.
        faults: errors of our scripts; strangers: addresses outside this machine that were asked.
    """

    def __init__(self, browser: Any, host: RealHost, **context: Any) -> None:
        self.host = host
        settings = {"viewport": {"width": 1400, "height": 1100}, "locale": "zh-CN", **context}
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.strangers: list[str] = []
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.faults.append(f"{error}\n{error.stack}"))
        self.page.route("**/*", self._let_through)

    def _let_through(self, route: Any) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("data", "blob") or address.hostname == "127.0.0.1":
            route.continue_()
            return
        self.strangers.append(str(address.hostname))
        route.abort()

    def open(self, theme: str = "light") -> Visitor:
        self.page.goto(self.host.url(f"/?__theme={theme}"))
        self.wait_until_ready()
        return self

    def wait_until_ready(self) -> None:
        """The host's own scripts have met the page, and ours has filled its tabs."""
        self.page.wait_for_selector("#txt2img_generate")
        self.page.wait_for_selector("#sdzh_models_page[lang]", state="attached")
        self.page.wait_for_function("window.opts && Object.keys(opts).length > 0")

    def reload_ui(self) -> None:
        """The button on the settings page, until the page is there again."""
        self.page.evaluate("window.before = true")
        self.tab("Settings")
        self.page.click("#settings_restart_gradio")
        self.page.wait_for_function("!window.before", timeout=2 * PATIENCE)
        self.wait_until_ready()

    def tab(self, name: str) -> None:
        """Open a tab of the top row by its title; ``txt2img`` and ``img2img`` by the host's own titles."""
        titles = dict(zip(("txt2img", "img2img"), TITLES[self.host.kind.name], strict=True))
        self.page.locator("#tabs > .tab-nav > button").filter(
            has_text=re.compile(rf"^\s*{re.escape(titles.get(name, name))}\s*$")
        ).click()

    def box(self, name: str) -> Any:
        return self.page.locator(f"#{name} textarea, #{name} input[type=number]").first

    def values(self, tab: str) -> dict[str, str]:
        names = ("prompt", "neg_prompt", "width", "height", "steps", "cfg_scale")
        return {name: self.box(f"{tab}_{name}").input_value() for name in names}

    def wait_for_value(self, name: str, value: str) -> None:
        self.page.wait_for_function(
            "([name, value]) => document.querySelector(`#${name} textarea`)?.value === value",
            arg=[name, value],
        )

    def set_numbers(self, tab: str, **numbers: int) -> None:
        for name, value in numbers.items():
            box = self.box(f"{tab}_{name}")
            box.fill(str(value))
            box.press("Tab")

    def compose(self, text: str, letters: str) -> None:
        """Type as an input method does: letters under composition, then the characters."""
        session = self.context.new_cdp_session(self.page)
        for end in range(1, len(letters) + 1):
            session.send(
                "Input.imeSetComposition",
                {"text": letters[:end], "selectionStart": end, "selectionEnd": end},
            )
        assert self.page.locator(".sdzh-popup").is_hidden()
        session.send("Input.insertText", {"text": text})

    def generate(self, tab: str) -> Path:
        """Press the button; the file that the host saves."""
        folder = Path(self.host.call("/sdapi/v1/options")[f"outdir_{tab}_samples"])
        before = set(folder.rglob("*.png"))
        self.page.click(f"#{tab}_generate")
        end = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < end:
            self.page.wait_for_timeout(200)
            for path in set(folder.rglob("*.png")) - before:
                if is_whole(path) and self.page.locator(f"#{tab}_interrupt").is_hidden():
                    return path
        raise TimeoutError(self.host.log[-2000:])

    def give_picture(self, place: str, picture: Path) -> None:
        """Into an image box, in place of what is there."""
        clear = self.page.locator(f"{place} button:is([aria-label=Clear], [aria-label='Remove Image'])")
        if clear.count():
            clear.first.click()
        self.page.set_input_files(f"{place} input[type=file]", str(picture))
        self.page.wait_for_selector(f"{place} img, {place} canvas", state="attached")
        self.page.wait_for_timeout(500)

    def expands(self, tab: str) -> Any:
        return self.page.locator(f"#sdzh_expand_{tab} input")

    def switch_on(self, tab: str) -> None:
        panel = self.page.locator(f"#sdzh_script_{tab}")
        if not self.expands(tab).is_visible():
            panel.locator(".label-wrap").first.click()
        self.expands(tab).check()


def is_whole(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
        return True
    except OSError:
        return False


def infotext(path: Path) -> str:
    with Image.open(path) as image:
        return str(image.info["parameters"])


def pixels(path: Path) -> bytes:
    with Image.open(path) as image:
        return image.convert("RGB").tobytes()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as session:
        yield session.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


@pytest.fixture
def visitor(browser: Any, host: RealHost, site: Site) -> Iterator[Visitor]:
    """A page over the Chinese checkpoint; at the end nothing of ours has failed or asked anything of the network."""
    host.choose(site.models.chinese)
    before = len(host.log)
    visitor = Visitor(browser, host).open()
    yield visitor
    visitor.context.close()
    assert [fault for fault in visitor.faults if "sdzh" in fault.lower() or "sd_chinese" in fault] == []
    assert set(visitor.strangers) <= set(OF_GRADIO)
    added = host.log[before:]
    assert "sd_chinese" not in added or "Traceback" not in added, added[-4000:]


# --- the prompt tab -------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["txt2img", "img2img"])
def test_a_line_is_typed_read_sent_and_taken_back(visitor: Visitor, tab: str) -> None:
    page = visitor.page
    visitor.tab("中文提示词")
    page.fill("#sdzh_prompt_input", "")
    page.focus("#sdzh_prompt_input")
    visitor.compose(LINE, "feiliu")
    page.wait_for_selector(".sdzh-card:has-text('《望庐山瀑布》')")
    page.locator(".sdzh-ratio", has_text="3:4").click()
    page.wait_for_selector(f".sdzh-chosen p:has-text('{WATERFALL}')")
    wanted = page.locator(".sdzh-chosen p").inner_text()
    before = visitor.values(tab)
    page.get_by_role("button", name="发送到 " + {"txt2img": "文生图", "img2img": "图生图"}[tab]).click()
    visitor.wait_for_value(f"{tab}_prompt", wanted)
    assert page.locator(f"#{tab}_prompt textarea").is_visible()
    sent = visitor.values(tab)
    width, height = int(sent["width"]), int(sent["height"])
    assert abs(width / height - 3 / 4) < 0.05 and (width, height) != (512, 512)
    visitor.tab("中文提示词")
    page.get_by_role("button", name="撤销发送").click()
    visitor.wait_for_value(f"{tab}_prompt", before["prompt"])
    assert visitor.values(tab) == before


# --- expand on Generate ---------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["txt2img", "img2img"])
@pytest.mark.parametrize("original", [True, False], ids=["original", "expanded"])
def test_both_texts_are_kept_and_pasted_and_paint_the_same(
    visitor: Visitor, site: Site, tab: str, original: bool
) -> None:
    page, host = visitor.page, visitor.host
    host.set(sdzh_paste_original=original)
    try:
        visitor.tab(tab)
        if tab == "img2img":
            visitor.give_picture("#img2img_image", start_png(site))
        visitor.box(f"{tab}_prompt").fill(LINE)
        visitor.set_numbers(tab, width=host.kind.side, height=host.kind.side, steps=2)
        page.locator(f"#{tab}_seed input").fill("42")
        visitor.switch_on(tab)
        first = visitor.generate(tab)
        assert visitor.box(f"{tab}_prompt").input_value() == LINE
        said = infotext(first)
        expanded = said.split("\nNegative prompt:")[0].split("\nSteps:")[0]
        assert WATERFALL in expanded and f"SDZH prompt: {LINE}" in said
        own, on = (LINE, True) if original else (expanded, False)
        for paste in (paste_by_arrow, paste_by_png_info):
            visitor.box(f"{tab}_prompt").fill("")
            paste(visitor, tab, first)
            visitor.wait_for_value(f"{tab}_prompt", own)
            page.wait_for_function(
                f"document.querySelector('#sdzh_expand_{tab} input').checked === {str(on).lower()}"
            )
            if tab == "img2img" and paste is paste_by_png_info:
                return  # the host sends the pasted picture along, to be painted over
            again = visitor.generate(tab)
            assert pixels(again) == pixels(first)
            # Files may differ where the pictures do not: a host's compressor is not bound to give the same bytes.
            assert (infotext(again) == said) == original
    finally:
        host.set(sdzh_paste_original=True)


def start_png(site: Site) -> Path:
    path = site.data / "start.png"
    side = site.kind.side
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(path)
    return path


def paste_by_png_info(visitor: Visitor, tab: str, picture: Path) -> None:
    page = visitor.page
    visitor.tab("PNG Info")
    clear = page.locator(
        "#pnginfo_image button[aria-label=Clear], #pnginfo_image button[aria-label='Remove Image']"
    )
    if clear.count():
        clear.first.click()
    page.set_input_files("#pnginfo_image input[type=file]", str(picture))
    page.wait_for_selector("#tab_pnginfo :text('SDZH prompt')")
    page.locator("#tab_pnginfo button", has_text=re.compile(rf"^\s*(Send to )?{tab}\s*$", re.I)).first.click()


def paste_by_arrow(visitor: Visitor, tab: str, picture: Path) -> None:
    visitor.tab(tab)
    visitor.box(f"{tab}_prompt").fill(infotext(picture))
    visitor.page.locator(f"#{tab}_tools #paste").click()


# --- completion and the hint ----------------------------------------------------------------------


@pytest.fixture
def hires_prompts(host: RealHost) -> None:
    """The page shows the boxes of the hires pass."""
    if not host.call("/sdapi/v1/options")["hires_fix_show_prompts"]:
        host.set(hires_fix_show_prompts=True)
        host.reload_ui()


@pytest.mark.usefixtures("hires_prompts")
def test_every_prompt_box_completes_by_keyboard_and_mouse(visitor: Visitor) -> None:
    page = visitor.page
    visitor.tab("txt2img")
    if not visitor.box("hires_prompt").is_visible():
        page.locator("#txt2img_hr .label-wrap .icon").click()
    for box in ("txt2img_prompt", "txt2img_neg_prompt", "hires_prompt", "hires_neg_prompt"):
        completes(visitor, box)
    visitor.tab("img2img")
    for box in ("img2img_prompt", "img2img_neg_prompt"):
        completes(visitor, box)


def completes(visitor: Visitor, name: str) -> None:
    page, box = visitor.page, visitor.box(name)
    box.fill("")
    box.press_sequentially("一只猫，szdt")
    page.wait_for_selector(".sdzh-offer:has-text('守株待兔')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert box.input_value() == "一只猫，守株待兔", name
    visitor.compose("，飞流", "，fei")
    page.locator(".sdzh-offer", has_text=LINE).first.click()
    assert box.input_value() == f"一只猫，守株待兔，{LINE}", name
    assert page.locator(".sdzh-popup").is_hidden()


def test_completion_is_switched_off_on_the_settings_page(visitor: Visitor) -> None:
    page = visitor.page
    try:
        visitor.tab("Settings")
        page.locator("#settings button", has_text=re.compile(r"^\s*中文 Chinese\s*$")).first.click()
        page.locator("#setting_sdzh_completion input").uncheck()
        page.click("#settings_submit")
        page.wait_for_function("window.opts.sdzh_completion === false")
        visitor.tab("txt2img")
        visitor.box("txt2img_prompt").press_sequentially("szdt")
        page.wait_for_timeout(1000)
        assert page.locator(".sdzh-popup").is_hidden()
    finally:
        visitor.host.set(sdzh_completion=True)


def test_an_english_checkpoint_is_hinted_at(visitor: Visitor, site: Site) -> None:
    page = visitor.page
    visitor.box("txt2img_prompt").fill("月夜")
    page.wait_for_timeout(1000)
    assert page.locator(".sdzh-hint").count() == 0
    visitor.host.choose(site.models.english)
    visitor.open()
    box = visitor.box("txt2img_prompt")
    box.fill("a boat, <lora:水墨:1>")
    page.wait_for_timeout(1000)
    assert page.locator(".sdzh-hint").count() == 0
    box.fill(LINE)
    page.wait_for_selector(".sdzh-hint:has-text('此模型只懂英文')")
    visitor.switch_on("txt2img")
    page.wait_for_selector(".sdzh-hint", state="detached")
    visitor.expands("txt2img").uncheck()
    page.locator(".sdzh-hint button").click()
    page.wait_for_selector(".sdzh-chosen p:has-text('waterfall')")
    assert page.input_value("#sdzh_prompt_input") == LINE


# --- X/Y/Z plot -----------------------------------------------------------------------------------

AXES = ("[中文] 编码器 encoder", "[中文] 展开 expand", "[中文] 读法 reading", "[中文] 画风 style")


def test_axes_are_in_the_menus_and_their_cells_are_pictures_drawn_alone(visitor: Visitor, site: Site) -> None:
    page, host = visitor.page, visitor.host
    visitor.tab("txt2img")
    visitor.box("txt2img_prompt").fill(LINE)
    visitor.set_numbers("txt2img", width=host.kind.side, height=host.kind.side, steps=2)
    page.locator("#txt2img_seed input").fill("42")
    choose(visitor, page.locator("#script_list").first, "X/Y/Z plot")
    x_type = page.locator("#script_txt2img_xyz_plot_x_type")
    assert set(AXES) <= set(choices(visitor, x_type))
    choose(visitor, x_type, AXES[2])
    page.click("#xyz_grid_fill_x_tool_button")
    choose(visitor, page.locator("#script_txt2img_xyz_plot_y_type"), AXES[1])
    page.click("#xyz_grid_fill_y_tool_button")
    page.wait_for_timeout(500)
    folder = Path(host.call("/sdapi/v1/options")["outdir_txt2img_samples"])
    before = set(folder.rglob("*.png"))
    visitor.generate("txt2img")
    cells = sorted(set(folder.rglob("*.png")) - before)
    wishes = [(view, on) for on in ("展开", "原样") for view in ("直绘", "意象", "意境")]
    assert len(cells) == len(wishes)
    for cell, (view, on) in zip(cells, wishes, strict=True):
        assert_drawn_alone(host, cell, {"on": on == "展开", "view": view})


def assert_drawn_alone(host: RealHost, cell: Path, wish: dict[str, Any]) -> None:
    """The API paints the cell's picture from what the cell says of itself, and says the same."""
    said = infotext(cell)
    alone = host.draw(LINE, **settings_of(said), alwayson_scripts={"sd-webui-chinese": {"args": [wish]}})
    assert alone.pixels.tobytes() == pixels(cell), said
    assert alone.infotext.replace(".0, Seed", ", Seed") == said  # the API's guidance is no whole number


def settings_of(said: str) -> dict[str, Any]:
    """An infotext's sampler, scheduler, guidance and seed as the API names them."""
    parameters = dict(part.split(": ", 1) for part in said.rsplit("\n", 1)[-1].split(", ") if ": " in part)
    return {
        "steps": int(parameters["Steps"]),
        "sampler_name": parameters["Sampler"],
        "scheduler": parameters.get("Schedule type", "Automatic"),
        "cfg_scale": json.loads(parameters["CFG scale"]),
        "seed": int(parameters["Seed"]),
    }


def choices(visitor: Visitor, menu: Any) -> list[str]:
    menu.locator("input").click()
    found = [str(text).replace("✓", "").strip() for text in menu.locator("li").all_text_contents()]
    visitor.page.keyboard.press("Escape")
    menu.locator("input").blur()
    return found


def choose(visitor: Visitor, menu: Any, name: str) -> None:
    menu.locator("input").click()
    menu.locator("li").filter(has_text=re.compile(rf"{re.escape(name)}\s*$")).first.click()
    visitor.page.wait_for_timeout(500)


# --- the model tab --------------------------------------------------------------------------------

CARD = "mini-hub"


@pytest.fixture
def hub(host: RealHost, site: Site) -> Iterator[Any]:
    """A slow hub on the loopback that the host's only source is, and a card of the embedded family that it has."""
    from tests.registry.bad_server import Hub, serving

    cards = site.data / "models" / "cards"
    cards.mkdir(exist_ok=True)
    card = json.loads((ROOT / "models_registry" / "base" / "mini.json").read_text(encoding="utf-8"))
    card |= {"id": CARD, "title": {"zh": "小样（下载）", "en": "Mini (fetched)"}}
    card["sources"] = [{"kind": "hf", "repo": "we/base"}]
    card["family"] = "sd1"  # for Forge offers no `mini`; it is fetched there, not painted with
    (cards / f"{CARD}.json").write_text(json.dumps(card, ensure_ascii=False), encoding="utf-8")
    with serving(Hub(repos={"we/base": ROOT / "sd_chinese" / "mini" / "weights" / "base"})) as hub:
        hub.pace = 0.08
        host.run(f"import os; os.environ.update(HF_ENDPOINT={hub.url!r}, SDZH_SOURCES='hf'); result = 1")
        host.reload_ui()
        yield hub
    host.run("import os; os.environ.pop('HF_ENDPOINT'); os.environ.pop('SDZH_SOURCES'); result = 1")


def test_a_download_goes_on_through_reload_ui(hub: Any, visitor: Visitor, site: Site) -> None:
    """While the page follows it: a server waits for its answers before it ends, and this one lasts."""
    page, host = visitor.page, visitor.host
    visitor.tab("中文模型")
    card = page.locator(f".sdzh-model[data-name={CARD}]")
    card.get_by_role("button", name="下载").click()
    card.get_by_role("button", name="同意并下载").click()
    reached = watch_progress(visitor, card, 10)
    visitor.reload_ui()
    visitor.tab("中文模型")
    assert watch_progress(visitor, card, reached) >= reached
    card.get_by_role("button", name="取消").click()
    card.get_by_role("button", name="下载").wait_for()
    assert not [title for title in host.models() if title.startswith(CARD)]


def watch_progress(visitor: Visitor, card: Any, percent: int) -> int:
    """Wait until a card's bar has passed ``percent``."""
    bar = card.get_by_role("progressbar")
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end:
        now = int(bar.get_attribute("aria-valuenow") or 0) if bar.count() else 0
        if now >= percent:
            return now
        visitor.page.wait_for_timeout(50)
    raise TimeoutError(card.inner_text())


# --- Reload UI ------------------------------------------------------------------------------------

STATE = """
from modules import script_callbacks as s, scripts, sd_models, images
def depth(f):
    n = 0
    while hasattr(f, '__wrapped__'): f, n = f.__wrapped__, n + 1
    return n
grid = next(d.module for d in scripts.scripts_data if d.path.endswith('xyz_grid.py'))
result = {
    'callbacks': sum('sd_chinese' in c.script for l in s.callback_map.values() for c in l),
    'scripts': sum('Chinese' in d.script_class.__name__ for d in scripts.scripts_data),
    'patches': [depth(f) for f in (sd_models.list_models, images.draw_grid_annotations, images.get_font)],
    'axes': sum('中文' in option.label for option in grid.axis_options),
}
"""


def test_the_button_reload_ui_leaves_one_of_everything(visitor: Visitor) -> None:
    page, host = visitor.page, visitor.host
    before = host.run(STATE)
    assert before["scripts"] == 1 and before["axes"] == len(AXES)
    key = shell_of(visitor)["token"]
    for _ in range(3):
        visitor.reload_ui()
        assert host.run(STATE) == before
    assert shell_of(visitor)["token"] == key
    for name in ("#sdzh_prompt_page", "#sdzh_models_page", "#sdzh_script_txt2img", ".sdzh-popup"):
        assert page.locator(name).count() == 1, name
    visitor.tab("中文提示词")
    page.fill("#sdzh_prompt_input", LINE)
    page.wait_for_selector(".sdzh-card:has-text('《望庐山瀑布》')")
    visitor.tab("txt2img")
    visitor.box("txt2img_prompt").fill(LINE)
    visitor.set_numbers("txt2img", width=host.kind.side, height=host.kind.side, steps=2)
    visitor.switch_on("txt2img")
    assert WATERFALL in infotext(visitor.generate("txt2img"))


def shell_of(visitor: Visitor) -> dict[str, Any]:
    return dict(json.loads(visitor.page.get_attribute("#sdzh_prompt_page", "data-shell")))


# --- the API beside a host that paints ------------------------------------------------------------


def test_two_hundred_requests_do_not_hold_up_a_picture(host: RealHost, site: Site) -> None:
    from concurrent.futures import ThreadPoolExecutor

    wanted: dict[str, Any] = {"steps": 12, "override_settings": {"sd_model_checkpoint": site.models.chinese}}
    start = time.monotonic()
    quiet = host.draw(LINE, **wanted)
    alone = time.monotonic() - start
    host.call("/sdzh/v1/expand", {"prompt": LINE})  # opens the lexicon

    def ask(number: int) -> float:
        asked = time.monotonic()
        path, body = (
            ("/sdzh/v1/expand", {"prompt": f"{LINE}，{number}"}),
            ("/sdzh/v1/complete", {"before": "szdt"}),
            ("/sdzh/v1/tokens", {"text": LINE * 4}),
            ("/sdzh/v1/host", None),
        )[number % 4]
        assert host.call(path, body)
        return time.monotonic() - asked

    with ThreadPoolExecutor(201) as pool:
        start = time.monotonic()
        painting = pool.submit(lambda: (host.draw(LINE, **wanted), time.monotonic() - start))
        times = sorted(pool.map(ask, range(200)))
        host.call("/sdapi/v1/progress")
        all_of_them = time.monotonic() - start
        loud, beside = painting.result()
    assert loud.sha == quiet.sha
    print(
        f"\npicture alone {alone:.2f} s, beside 200 requests {beside:.2f} s;"
        f" requests: median {times[100]:.2f}, slowest {times[-1]:.2f}, all {all_of_them:.2f} s"
    )


# --- what the README says -------------------------------------------------------------------------

# What stands for something of the user's, and what a request for it must be answered.
README_REFUSED = {
    "/verify": "verify_unknown",
    "/ID": "card_unknown",
    "NAME": "convert_unlisted",
    "JOB": "job_unknown",
}


def test_the_curl_lines_of_the_readme(host: RealHost) -> None:
    """Each as it stands, in a shell, on this host's port; a placeholder is refused by name, a picture is small."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = next(part for part in re.findall(r"```bash\n(.*?)```", text, re.S) if "/sdzh/v1" in part)
    block = block.replace(
        '{"prompt":"守株待兔","alwayson', '{"steps":2,"width":64,"height":64,"prompt":"守株待兔","alwayson'
    )
    setup, *lines = block.strip().replace("7860", str(host.port)).splitlines()
    commands = [command for line in lines for command in line.split("; ")]
    assert len(commands) >= 15
    for command in commands:
        timed = command.replace("curl ", "curl -sS -m 300 -w '\\n%{http_code}' ")
        done = subprocess.run(["bash", "-c", f"{setup}\n{timed}"], capture_output=True, check=False)
        said, _, status = done.stdout.decode("utf-8").rpartition("\n")
        refused = next((code for name, code in README_REFUSED.items() if name in command), None)
        assert status == ("404" if refused else "200"), (command, said, done.stderr)
        assert refused is None or json.loads(said)["code"] == refused, (command, said)


# --- logins ---------------------------------------------------------------------------------------

LOGINS = {
    "page": ("--gradio-auth", "painter:ink"),
    "api": ("--api-auth", "robot:paper"),
    "both": ("--gradio-auth", "painter:ink", "--api-auth", "robot:paper"),
}


class GuardedHost(RealHost):
    def _wait(self, path: str, seconds: float) -> None:
        """It answers when it says that it has started, though not to us."""


@pytest.mark.parametrize("flags", LOGINS)
def test_the_page_works_for_who_is_logged_in(browser: Any, site: Site, flags: str, tmp_path: Path) -> None:
    """A host of its own, over the same models: strangers are refused, the page and the credentials are not."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "models").symlink_to(site.data / "models")
    with GuardedHost(site.kind, data, flags=LOGINS[flags]) as host:
        assert status_of(host) == 401
        assert status_of(host, "painter:ink") == 401
        assert status_of(host, "robot:paper") == (401 if flags == "page" else 200)
        visitor = Visitor(browser, host)
        if flags != "api":
            form = {"username": "painter", "password": "ink"}
            assert visitor.context.request.post(host.url("/login"), form=form).ok
        visitor.open()
        visitor.tab("中文提示词")
        visitor.page.fill("#sdzh_prompt_input", LINE)
        visitor.page.wait_for_selector(".sdzh-card:has-text('《望庐山瀑布》')")
        visitor.context.close()


def status_of(host: RealHost, user: str = "") -> int:
    """What `/sdzh/v1/styles` answers to who brings these credentials, or none."""
    command = ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", *(["-u", user] if user else [])]
    done = subprocess.run([*command, host.url("/sdzh/v1/styles")], capture_output=True, check=False)
    return int(done.stdout)
