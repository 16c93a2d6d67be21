"""The script's controls and the axes: what they make of a request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sd_chinese.ui.axes import axis_rows
from sd_chinese.ui.script_panel import ScriptPanel
from sd_chinese.workflows.expand_generation import Wish


@pytest.fixture
def panel() -> ScriptPanel:
    def expand(p: Any, wish: Wish) -> None:
        p.wish = wish

    def choose(p: Any, name: str) -> None:
        p.encoder = name

    return ScriptPanel(lambda: ("水墨",), lambda: ("none", "太乙"), expand, choose)


def request_of(panel: ScriptPanel, *values: Any, **carried: Any) -> dict[str, Any]:
    p = SimpleNamespace(**carried)
    panel.before_process(p, *values)
    panel.process(p, *values)
    return vars(p)


def test_off_touches_nothing(panel: ScriptPanel) -> None:
    assert request_of(panel, False, "直绘", "", "自动 auto", "") == {}
    assert request_of(panel) == {}


def test_controls_are_read_as_shown(panel: ScriptPanel) -> None:
    found = request_of(panel, True, "意境", "水墨", "English", "太乙")
    assert found == {"wish": Wish(True, "意境", "水墨", "en"), "encoder": "太乙"}


def test_a_mapping_says_the_same(panel: ScriptPanel) -> None:
    found = request_of(panel, {"style": "水墨", "encoder": "none"}, "直绘", "", "自动 auto", "")
    assert found == {"wish": Wish(True, style="水墨"), "encoder": "none"}


def test_two_axes_add_up(panel: ScriptPanel) -> None:
    rows = {row.label.split()[-1]: row for row in axis_rows(panel)}
    p = SimpleNamespace()
    for name in ("reading", "style", "encoder"):
        rows[name].apply(p, rows[name].choices()[-1])
    panel.process(p, False, "直绘", "", "自动 auto", "")
    assert (p.wish, p.encoder) == (Wish(True, "意境", "水墨"), "太乙")
    rows["expand"].apply(p, rows["expand"].choices()[1])
    del p.wish
    panel.process(p, True, "直绘", "", "自动 auto", "")
    assert not hasattr(p, "wish")


def test_controls_build_and_paste_sets_them(panel: ScriptPanel) -> None:
    gradio = pytest.importorskip("gradio")
    with gradio.Blocks():
        controls, fields = panel.build("txt2img")
    assert len(controls) == 5
    pasted = {"SDZH prompt": "守株待兔", "SDZH reading": "意象", "SDZH language": "en"}
    values = [key(pasted) if callable(key) else pasted.get(key) for _, key in fields]
    assert values == [True, "意象", "English", ""]
    assert fields[0][1]({"Steps": "20"}) is False
