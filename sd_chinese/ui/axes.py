"""The lines that we add to the host's X/Y/Z plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sd_chinese.ui.script_panel import FROM_AXES, ScriptPanel
from sd_chinese.workflows.expand_generation import VIEWS

ON, OFF = "展开", "原样"


@dataclass(frozen=True)
class AxisRow:
    """See `hosts.pages.Axis`."""

    label: str
    apply: Callable[[Any, str], None]
    choices: Callable[[], Sequence[str]]


def axis_rows(panel: ScriptPanel) -> list[AxisRow]:
    """Encoder, expansion on or off, reading and style; a reading or a style is shown expanded."""
    return [
        AxisRow("[中文] 编码器 encoder", panel.choose_encoder, panel.encoders),
        AxisRow("[中文] 展开 expand", lambda p, value: _wish(p, on=value != OFF), lambda: (ON, OFF)),
        AxisRow("[中文] 读法 reading", lambda p, value: _wish(p, on=True, view=value), lambda: VIEWS),
        AxisRow("[中文] 画风 style", lambda p, value: _wish(p, on=True, style=value), panel.styles),
    ]


def _wish(p: Any, **changes: Any) -> None:
    """Two axes may each add their part."""
    setattr(p, FROM_AXES, {**getattr(p, FROM_AXES, {}), **changes})
