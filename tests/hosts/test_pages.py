"""What the pages ask of a WebUI."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sd_chinese.hosts import legends, pages
from sd_chinese.hosts.patches import Patches
from tests.fake_webui import FakeWebui, fake_webui  # noqa: F401


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
    images = fake_webui.module("images")
    asked: list[Any] = []
    images.draw_grid_annotations = lambda *texts: asked.append(images.get_font(12))
    monkeypatch.setattr(legends, "chinese_font", lambda size: ("cjk.ttc", size))
    patches = Patches()
    legends.install(patches)
    images.draw_grid_annotations([[SimpleNamespace(text="展开")]])
    images.draw_grid_annotations([[SimpleNamespace(text="Steps: 20")]])
    assert asked == [("cjk.ttc", 12), 12]
    patches.undo()
    assert images.get_font(3) == 3


def test_a_collection_gives_its_simplified_face(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from PIL import ImageFont

    names = ["Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK SC"]

    def face(path: str, size: int, index: int) -> Any:
        if index >= len(names):
            raise OSError("invalid argument")
        return SimpleNamespace(getname=lambda: (names[index], "Regular"), size=size)

    monkeypatch.setattr(ImageFont, "truetype", face)
    monkeypatch.setattr(legends, "_font_files", lambda: iter([tmp_path / "NotoSansCJK-Regular.ttc"]))
    legends.chinese_font.cache_clear()
    try:
        assert legends.chinese_font(12).getname()[0] == names[2]
        names[:] = ["WenQuanYi Micro Hei"]
        assert legends.chinese_font(13).getname()[0] == names[0]
        names.clear()
        assert legends.chinese_font(14) is None
    finally:
        legends.chinese_font.cache_clear()
