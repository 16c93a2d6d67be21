"""Where a WebUI takes our tabs, routes and X/Y/Z axes, and what it says of its logins and its chosen model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_chinese.hosts.base import AUTOMATIC, NONE, TEXT_ENCODER, Host
from sd_chinese.hosts.callbacks import listen

_XYZ = "xyz_grid.py"
_STEPS = 20


def when_tabs_are_built(build: Callable[[], list[Any]]) -> None:
    """Let ``build`` give the host its tabs: (page, title, id) each."""
    listen("ui_tabs", build)


def when_app_starts(add: Callable[[Any], None]) -> None:
    """Call ``add`` with the FastAPI app once it answers; also with `--nowebui`, where there is no page."""
    listen("app_started", lambda _, app: add(app))


def when_infotext_is_pasted(change: Callable[[dict[str, Any]], None]) -> None:
    """Let ``change`` edit a picture's parameters before they go into the page's boxes."""
    listen("infotext_pasted", lambda _, params: change(params))


@dataclass(frozen=True)
class Logins:
    """The host's flags: see `api.access.Access`."""

    page_login: bool
    logins: Callable[[], Mapping[str, object]]
    users: tuple[tuple[str, str], ...]
    may_install: bool


def logins_of(app: Any) -> Logins:
    """Read from the command line (modules/shared_cmd_options.py) and from gradio's app."""
    from modules import shared

    flags = shared.cmd_opts
    named = (getattr(flags, "api_auth", None) or "").split(",")
    users = tuple((user, password) for each in named if each for user, _, password in [each.partition(":")])
    return Logins(
        bool(getattr(app, "auth", None)),
        lambda: getattr(app, "tokens", {}),
        users,
        not getattr(flags, "disable_extension_access", False),
    )


def count_tokens(text: str, negative: bool) -> tuple[int, int] | None:
    """Tokens and room of a text as the host shows them beside its prompt boxes; None while it has no model.

    Source: modules/ui.py `update_token_counter`, which answers in HTML.
    """
    from modules import ui

    shown = re.search(r">(\d+)/(\d+)<", ui.update_token_counter(text, _STEPS, [], is_positive=not negative))
    return (int(shown[1]), int(shown[2])) if shown else None


def option(key: str, default: Any) -> Any:
    """The value of an option on the settings page."""
    from modules import shared

    return getattr(shared.opts, key, default)


def host_language() -> str:
    """``zh``, ``zh-TW`` or ``en`` as the host's localization says it; empty where none is chosen."""
    from modules import shared

    chosen = str(getattr(shared.opts, "localization", "None") or "None")
    if chosen == "None":
        return ""
    if not (chosen.lower().startswith(("zh", "chinese")) or "中文" in chosen):
        return "en"
    return "zh-TW" if re.search("tw|hk|hant|traditional|繁", chosen, re.IGNORECASE) else "zh"


def chosen_model(
    host: Host, encoders: Callable[[Host], Mapping[str, Path]]
) -> tuple[Path, Path | None] | None:
    """The checkpoint in the drop-down and the encoder put in place of its own; nothing is loaded for it."""
    from modules import sd_models, shared

    name = getattr(shared.opts, "sd_model_checkpoint", None)
    info = sd_models.checkpoint_aliases.get(name) or next(iter(sd_models.checkpoints_list.values()), None)
    if info is None:
        return None
    wanted = getattr(shared.opts, TEXT_ENCODER, AUTOMATIC)
    encoder = None if wanted in (AUTOMATIC, NONE) else encoders(host).get(wanted)
    return Path(info.filename), encoder


@dataclass(frozen=True)
class Axis:
    """A line of the X/Y/Z plot's menus.

    Attributes:
        apply: changes a request to one of the axis's values.
        choices: every value, asked when the menu is opened.
    """

    label: str
    apply: Callable[[Any, str], None]
    choices: Callable[[], Sequence[str]]


def add_axes(axes: Sequence[Axis]) -> None:
    """Add our axes to the host's own script, once the scripts are loaded; those that are there stay."""
    listen("before_ui", lambda: _add_axes(axes))


def _add_axes(axes: Sequence[Axis]) -> None:
    from modules import scripts

    for data in scripts.scripts_data:
        if Path(data.path).name != _XYZ:
            continue
        grid = data.module
        there = {option.label for option in grid.axis_options}
        grid.axis_options.extend(_axis_option(grid, axis) for axis in axes if axis.label not in there)
        return


def _axis_option(grid: Any, axis: Axis) -> Any:
    def apply(p: Any, value: str, values: list[str]) -> None:
        axis.apply(p, value)

    return grid.AxisOption(axis.label, str, apply, choices=lambda: list(axis.choices()))
