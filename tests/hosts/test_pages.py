"""What the pages ask of a WebUI, and what they change in a request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sd_chinese.hosts import legends, pages
from sd_chinese.hosts.patches import Patches
from sd_chinese.hosts.requests import choose_encoder, rewrite_prompts
from tests.fake_webui import FakeWebui, fake_webui  # noqa: F401


def upper(prompts: Sequence[str], negatives: Sequence[str]) -> Any:
    return SimpleNamespace(
        prompts=[text.upper() for text in prompts],
        negatives=[text + "!" for text in negatives],
        parameters={"SDZH prompt": prompts[0]},
    )


def test_both_passes_are_rewritten_and_the_boxes_are_not() -> None:
    p = SimpleNamespace(
        prompt="a", all_prompts=["a", "b"], all_negative_prompts=["x", "y"],
        all_hr_prompts=["c", "d"], all_hr_negative_prompts=["z", "z"],
        extra_generation_params={"Other": 1}, override_settings={},
    )  # fmt: skip
    rewrite_prompts(p, upper)
    choose_encoder(p, "太乙")
    assert (p.prompt, p.all_prompts, p.all_hr_prompts) == ("a", ["A", "B"], ["C", "D"])
    assert (p.all_negative_prompts, p.all_hr_negative_prompts) == (["x!", "y!"], ["z!", "z!"])
    assert p.extra_generation_params == {"Other": 1, "SDZH prompt": "a"}
    assert p.override_settings == {"sdzh_text_encoder": "太乙"}


def test_a_failed_rewrite_leaves_the_request_whole() -> None:
    p = SimpleNamespace(all_prompts=["a"], all_negative_prompts=["x"], extra_generation_params={})

    def fail(prompts: Sequence[str], negatives: Sequence[str]) -> Any:
        raise ValueError

    with pytest.raises(ValueError):
        rewrite_prompts(p, fail)
    assert vars(p) == {"all_prompts": ["a"], "all_negative_prompts": ["x"], "extra_generation_params": {}}


def test_logins_are_read_from_the_flags(fake_webui: FakeWebui) -> None:  # noqa: F811
    flags = fake_webui.module("shared").cmd_opts
    app = SimpleNamespace(auth=None, tokens={})
    assert pages.logins_of(app).users == () and pages.logins_of(app).may_install
    flags.api_auth, flags.disable_extension_access = "甲:a:b,second:c", True
    app.auth, app.tokens = {"user": "word"}, {"token": "user"}
    found = pages.logins_of(app)
    assert found.users == (("甲", "a:b"), ("second", "c"))
    assert found.page_login and "token" in found.logins() and not found.may_install


def test_chinese_legends_have_a_font_and_others_the_hosts(
    fake_webui: FakeWebui,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from PIL import ImageFont

    images = fake_webui.module("images")
    asked: list[Any] = []
    images.draw_grid_annotations = lambda *texts: asked.append(images.get_font(12))
    monkeypatch.setattr(legends, "chinese_font", lambda: Path("cjk.ttc"))
    monkeypatch.setattr(ImageFont, "truetype", lambda path, size: (path, size))
    patches = Patches()
    legends.install(patches)
    images.draw_grid_annotations([[SimpleNamespace(text="展开")]])
    images.draw_grid_annotations([[SimpleNamespace(text="Steps: 20")]])
    assert asked == [("cjk.ttc", 12), 12]
    patches.undo()
    assert images.get_font(3) == 3
