"""What the extension promises, in real hosts: each test runs in every host that the environment names.

``SDZH_A1111=/path/to/webui SDZH_FORGE=/path/to/webui python -m pytest tests/hosts -m "" -v``
"""

from __future__ import annotations

import base64
import io
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.conftest import ENGLISH_PROMPT, Site
from tests.hosts.real_host import Picture, RealHost

# Without punctuation: what a model makes of that is its policy's affair.
PROMPT = "月夜 一叶小舟"
ATOL = 1e-4
HIRES = {
    "enable_hr": True,
    "hr_scale": 1,
    "hr_upscaler": "Latent",
    "denoising_strength": 0.7,
    "hr_additional_modules": ["Use same choices"],  # Forge wants it, the others pass it over
}


@pytest.fixture(autouse=True)
def quiet(host: RealHost) -> Any:
    """Whatever a test does, the host's own log shows no traceback of ours."""
    before = len(host.log)
    yield
    added = host.log[before:]
    assert "sd_chinese" not in added or "Traceback" not in added, added[-4000:]
    host.set(sdzh_text_encoder="automatic", emphasis="Original", CLIP_stop_at_last_layers=1)


def chinese(host: RealHost, site: Site, prompt: str = PROMPT, **settings: Any) -> Picture:
    return host.draw(prompt, override_settings={"sd_model_checkpoint": site.models.chinese}, **settings)


def english(host: RealHost, site: Site, prompt: str = ENGLISH_PROMPT, **settings: Any) -> Picture:
    over = {"sd_model_checkpoint": site.models.english, **settings.pop("override_settings", {})}
    return host.draw(prompt, override_settings=over, **settings)


def driven(host: RealHost, site: Site, prompt: str = PROMPT, **settings: Any) -> Picture:
    """The English checkpoint under the Chinese encoder, for one request."""
    over = {"sdzh_text_encoder": site.models.encoder}
    return english(host, site, prompt, override_settings=over, **settings)


def assert_rows(found: Any, expected: Any) -> None:
    import torch

    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, atol=ATOL, rtol=0)


# --- 1: Chinese checkpoints -----------------------------------------------------------------------


def test_chinese_checkpoint_gets_its_publishers_rows(host: RealHost, site: Site) -> None:
    assert any(title.startswith(site.models.chinese) for title in host.models())
    picture = chinese(host, site)
    assert_rows(host.rows(), site.models.chinese_rows(PROMPT))
    assert_rows(host.rows("negative"), site.models.chinese_rows(""))
    assert "SDZH Text encoder: automatic" in picture.infotext


def test_english_is_as_without_the_extension(host: RealHost, site: Site, bare: bytes) -> None:
    assert english(host, site).png == bare
    chinese(host, site)
    assert english(host, site).png == bare
    driven(host, site)
    assert english(host, site).png == bare


def test_checkpoint_is_chosen_as_the_page_does(host: RealHost, site: Site) -> None:
    host.choose(site.models.chinese)
    first = host.draw(PROMPT)
    host.choose(site.models.english)
    assert host.draw(PROMPT).sha != first.sha
    host.choose(site.models.chinese)
    assert host.draw(PROMPT).sha == first.sha
    host.choose(site.models.english)


# --- 2: an encoder for another checkpoint ---------------------------------------------------------


def test_encoder_of_choice_gets_its_publishers_rows(host: RealHost, site: Site) -> None:
    plain = english(host, site, PROMPT)
    picture = driven(host, site)
    assert_rows(host.rows(), site.models.encoder_rows(PROMPT))
    assert f"SDZH Text encoder: {site.models.encoder}" in picture.infotext
    assert picture.sha != plain.sha
    assert english(host, site, PROMPT).sha == plain.sha
    assert "SDZH" not in english(host, site, PROMPT).infotext


def test_setting_drives_and_none_does_not(host: RealHost, site: Site) -> None:
    by_request, plain = driven(host, site), english(host, site, PROMPT)
    host.set(sdzh_text_encoder=site.models.encoder)
    assert english(host, site, PROMPT).sha == by_request.sha
    host.set(sdzh_text_encoder="none")
    assert english(host, site, PROMPT).sha == plain.sha


def test_encoder_of_a_wrong_width_is_refused_with_a_sentence(host: RealHost, site: Site) -> None:
    own = chinese(host, site)
    over = {"sd_model_checkpoint": site.models.chinese, "sdzh_text_encoder": site.models.encoder}
    width = site.models.chinese_rows("").shape[-1]
    if width == site.models.encoder_rows("").shape[-1]:
        pytest.skip("the two have one width in this host")
    assert host.draw(PROMPT, override_settings=over).sha == own.sha
    assert str(width) in host.comments()


def test_encoder_that_is_gone_is_said_and_the_host_goes_on(host: RealHost, site: Site) -> None:
    plain = english(host, site, PROMPT)
    folder = site.data / "models" / "SDZH-Encoder" / site.models.encoder
    driven(host, site)
    away = folder.rename(site.data / "away")
    try:
        assert driven(host, site).sha == plain.sha
        assert site.models.encoder in host.comments()
    finally:
        away.rename(folder)
    assert driven(host, site).sha != plain.sha


# --- 3: what the host does with prompts -----------------------------------------------------------


@pytest.mark.parametrize(
    "prompt",
    [
        "(月夜:1.3)，一叶小舟",
        "[月夜]，((小舟))",
        "月夜 BREAK 小舟",
        "月夜 AND 小舟:0.8",
        "[月夜:小舟:0.5]",
        "[月夜|小舟]",
    ],
)
def test_markup_changes_the_picture(host: RealHost, site: Site, prompt: str) -> None:
    picture = chinese(host, site, prompt)
    assert picture.pixels.std() > 1
    assert picture.sha != chinese(host, site, "月夜，小舟").sha


def test_full_width_brackets_mean_half_width_ones(host: RealHost, site: Site) -> None:
    assert chinese(host, site, "（月夜：1.3）").sha == chinese(host, site, "(月夜:1.3)").sha


@pytest.mark.parametrize("emphasis", ["Original", "No norm", "Ignore", "None"])
def test_emphasis_gives_numbers(host: RealHost, site: Site, emphasis: str) -> None:
    host.set(emphasis=emphasis)
    chinese(host, site, "(月夜:1.4)[小舟]")
    assert bool(host.rows().isfinite().all())


def test_long_prompts_take_more_contexts_and_pad_each_other(host: RealHost, site: Site) -> None:
    context = len(site.models.chinese_rows(""))
    host.set(pad_cond_uncond=True)
    picture = chinese(host, site, "月夜，小舟，远山，" * context)
    host.set(pad_cond_uncond=False)
    assert picture.pixels.std() > 1
    assert len(host.rows()) > context and len(host.rows()) % context == 0


def test_negative_styles_batches_and_clip_skip(host: RealHost, site: Site) -> None:
    plain = chinese(host, site)
    assert chinese(host, site, negative_prompt="雪").sha != plain.sha
    both = chinese(host, site, batch_size=2, n_iter=2)
    assert len(both.images) >= 4
    host.set(CLIP_stop_at_last_layers=2)
    assert chinese(host, site).sha != plain.sha


def test_hires_goes_through_the_same_encoder(host: RealHost, site: Site) -> None:
    hires = {**HIRES, "hr_scale": 1.5}
    side = host.kind.side * 3 // 2
    assert chinese(host, site, **hires).pixels.shape == (side, side, 3)
    assert_rows(host.rows(), site.models.chinese_rows(PROMPT))
    other = chinese(host, site, **hires, hr_prompt="雪山")
    assert_rows(host.rows(), site.models.chinese_rows("雪山"))
    assert other.pixels.std() > 1


def test_checkpoint_of_another_language_takes_over_for_hires(host: RealHost, site: Site) -> None:
    hires = {**HIRES, "hr_checkpoint_name": site.models.english}
    first = chinese(host, site, **hires)
    assert host.rows().shape[-1] == site.models.encoder_rows("").shape[-1]
    assert chinese(host, site, **hires).sha == first.sha


def test_refiner_switches_the_encoder_with_the_checkpoint(host: RealHost, site: Site) -> None:
    refined = {"refiner_checkpoint": site.models.english, "refiner_switch_at": 0.5, "steps": 4}
    first = chinese(host, site, **refined)
    assert first.sha != chinese(host, site, steps=4).sha
    assert chinese(host, site, **refined).sha == first.sha


@pytest.mark.parametrize("masked", [False, True])
def test_img2img_and_inpaint(host: RealHost, site: Site, masked: bool) -> None:
    start = chinese(host, site)
    body: dict[str, Any] = {"init_images": [png64(start.png)], "denoising_strength": 0.6}
    if masked:
        body["mask"] = png64(mask_png(host.kind.side))
    picture = chinese(host, site, "雪山", route="img2img", **body)
    assert picture.sha != start.sha
    assert picture.sha != chinese(host, site, "荷花", route="img2img", **body).sha
    if masked:
        top = host.kind.side // 16
        assert (picture.pixels[:top] == start.pixels[:top]).all()


def png64(png: bytes) -> str:
    return base64.b64encode(png).decode()


def mask_png(side: int) -> bytes:
    """The middle of a square."""
    from PIL import Image

    mask = Image.new("L", (side, side))
    mask.paste(255, (side // 4, side // 4, side * 3 // 4, side * 3 // 4))
    file = io.BytesIO()
    mask.save(file, "PNG")
    return file.getvalue()


def test_counter_is_true(host: RealHost, site: Site) -> None:
    """With the encoder in place, as the page's route asks."""
    chinese(host, site)
    count = (
        "from modules import ui, sd_models; result = ui.update_token_counter({!r}, 20, [])"
        if "a1111" in host.kind.name
        else "from modules import ui; result = ui.update_token_counter({!r}, 20, [])"
    )
    host.choose(site.models.chinese)
    assert ">2/" in host.run(count.format("月夜"))
    host.choose(site.models.english)
    host.set(sdzh_text_encoder=site.models.encoder)
    room = len(site.models.encoder_rows("")) - 2
    assert f">2/{room}<" in host.run(count.format("月夜"))


def test_infotext_gives_the_option_back(host: RealHost, site: Site) -> None:
    picture = driven(host, site)
    code = (
        "from modules import infotext_utils as i\n"
        f"result = i.get_override_settings(i.parse_generation_parameters({picture.infotext!r}))"
    )
    assert ["SDZH Text encoder", "sdzh_text_encoder", site.models.encoder] in host.run(code)


# --- 6: off, reload -------------------------------------------------------------------------------


def test_ten_reloads_leave_one_of_everything(host: RealHost, site: Site) -> None:
    code = (
        "from modules import script_callbacks as s, scripts, sd_models\n"
        "def depth(f):\n"
        "    n = 0\n"
        "    while hasattr(f, '__wrapped__'): f, n = f.__wrapped__, n + 1\n"
        "    return n\n"
        "ours = [c for l in s.callback_map.values() for c in l if 'sd_chinese' in c.script]\n"
        "result = [len(ours), sum('Chinese' in d.script_class.__name__ for d in scripts.scripts_data),\n"
        "          depth(sd_models.list_models), len(sd_models.checkpoints_list)]"
    )
    before = host.run(code)
    picture = chinese(host, site)
    for _ in range(10):
        host.reload_ui()
    assert host.run(code) == before
    assert before[1:3] == [1, 1]
    assert chinese(host, site).sha == picture.sha


# --- memory and bad input -------------------------------------------------------------------------


def test_twenty_switches_keep_memory_and_pictures(host: RealHost, site: Site) -> None:
    resident, pictures = [], []
    for _ in range(10):
        pictures.append((chinese(host, site).sha, english(host, site).sha))
        resident.append(host.resident_mib())
    print(f"\nresident after each pair of switches, MiB: {[round(x) for x in resident]}")
    assert len(set(pictures)) == 1
    assert resident[9] <= 1.03 * resident[1]


def test_half_copied_checkpoint_is_refused(host: RealHost, site: Site) -> None:
    folder = site.data / "models" / "Stable-diffusion"
    whole = next(folder.glob(f"{site.models.chinese}.*"))
    half = folder / f"一半{whole.suffix}"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    host.models()
    host.choose(site.models.english)
    before = host.draw(ENGLISH_PROMPT).png
    try:
        host.choose(half.stem)
        assert host.draw(ENGLISH_PROMPT).png == before
        assert half.name in host.log
        picture = host.draw(PROMPT, override_settings={"sd_model_checkpoint": half.stem})
        assert picture.pixels.std() > 1
    finally:
        half.unlink()
        host.models()


def test_two_requests_at_once(host: RealHost, site: Site) -> None:
    expected = {
        "chinese": chinese(host, site).sha,
        "driven": driven(host, site).sha,
        "english": english(host, site).sha,
    }
    draw = {"chinese": chinese, "driven": driven, "english": english}
    found: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda name=name: found.update({name: draw[name](host, site).sha}))
        for name in expected
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_interrupted_request_leaves_the_host_whole(host: RealHost, site: Site, bare: bytes) -> None:
    body = {
        "prompt": PROMPT,
        "steps": 150,
        "width": 256,
        "height": 256,
        "override_settings": {"sdzh_text_encoder": site.models.encoder},
    }
    thread = threading.Thread(target=lambda: host.call("/sdapi/v1/txt2img", body))
    thread.start()
    time.sleep(2)
    host.call("/sdapi/v1/interrupt", {})
    thread.join(120)
    assert not thread.is_alive()
    assert english(host, site).png == bare


def test_diffusers_folder_is_one_entry_and_converted_when_chosen(host: RealHost, site: Site) -> None:
    if site.models.folder is None:
        pytest.skip("no diffusers folder that this host can load")
    target = site.data / "models" / "Stable-diffusion" / "子 目录" / "文件夹 v1.0"
    shutil.copytree(site.models.folder, target)
    try:
        added = [title for title in host.models() if "文件夹" in title]
        assert added == ["子 目录/文件夹 v1.0"]
        host.choose(added[0])
        assert_rows_after(host, site)
        assert [t.split(" [")[0] for t in host.models() if "文件夹" in t] == [added[0] + ".safetensors"]
    finally:
        host.choose(site.models.english)
        shutil.rmtree(target.parent)
        host.models()


def assert_rows_after(host: RealHost, site: Site) -> None:
    host.draw(PROMPT)
    assert_rows(host.rows(), site.models.chinese_rows(PROMPT))


def test_page_draws_and_counts(host: RealHost, site: Site, tmp_path: Path) -> None:
    """A person's way: choose in the drop-down, type, read the counter, press Generate."""
    playwright = pytest.importorskip("playwright.sync_api")
    host.choose(site.models.chinese)
    errors: list[str] = []
    with playwright.sync_playwright() as session:
        browser = session.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1100})
        page.route("**/*", lambda r: r.continue_() if "127.0.0.1" in r.request.url else r.abort())
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(host.url("/?__theme=light"))
        page.wait_for_selector("#txt2img_generate", timeout=60000)
        page.wait_for_timeout(1500)
        page.fill("#txt2img_prompt textarea", PROMPT)
        side = str(host.kind.side)
        for element, value in (("width", side), ("height", side), ("steps", "2")):
            box = page.locator(f"#txt2img_{element} input[type=number]")
            box.fill(value)
            box.press("Tab")
        page.wait_for_timeout(2500)
        counter = page.locator("#txt2img_token_counter").first.inner_text()
        page.click("#txt2img_generate")
        page.wait_for_selector("#txt2img_gallery img", timeout=120000)
        page.wait_for_timeout(1500)
        info = page.locator("#html_info_txt2img").first.inner_text()
        page.screenshot(path=str(tmp_path / "page.png"))
        browser.close()
    host.choose(site.models.english)
    assert counter.split("/")[0].strip() == "6"
    assert "SDZH Text encoder" in info
    assert not [error for error in errors if "sdzh" in error.lower()]
