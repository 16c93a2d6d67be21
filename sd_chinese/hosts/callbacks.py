"""What the WebUI calls us for, and how our tables become its objects.

The names are the same in A1111, reForge and Forge (`script_callbacks`, `scripts` and `options` of their `modules`).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, Protocol

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.hosts.base import Adapter, Option
from sd_chinese.hosts.requests import stand_alone, tell_picture

told: deque[str] = deque(maxlen=10)
"""The last failures, for the report that a user pastes."""
SECTION = ("sdzh", "中文 Chinese")


def listen(kind: str, work: Callable[..., Any]) -> None:
    """Have ``work`` called at an event of the host, ``script_callbacks.on_{kind}``.

    A host that is not told which file listens looks up the source of all its callers (`inspect.stack`), down to its own
    start; before 1.9 it cannot be told.
    """
    from modules import script_callbacks

    add = script_callbacks.add_callback
    if "filename" in signature(add).parameters:
        add(script_callbacks.callback_map[f"callbacks_{kind}"], work, category=kind, filename=__file__)
    else:
        getattr(script_callbacks, f"on_{kind}")(work)


def when_unloaded(stop: Callable[[], None]) -> None:
    """Call ``stop`` before "Reload UI" runs the scripts again, or when the host lets go of them."""
    listen("script_unloaded", stop)


def when_model_loaded(work: Callable[[Any], None]) -> None:
    """Call ``work`` with the host's model, whenever it has loaded weights into one."""
    listen("model_loaded", work)


def before_token_counter(work: Callable[[], None]) -> None:
    """Call ``work`` before the page counts a prompt's tokens."""
    listen("before_token_counter", lambda params: work())


def add_options(rows: Sequence[Option]) -> None:
    """Put lines on our settings page; in time for the first load, for `--nowebui`, and for `override_settings`."""
    from modules import shared

    for row in rows:
        shared.opts.add_option(row.key, _option_info(row))
        shared.opts.data.setdefault(row.key, row.default)


def remove_options(rows: Sequence[Option]) -> None:
    """Take the lines away; what the user chose stays in the host's configuration."""
    from modules import shared

    for row in rows:
        shared.opts.data_labels.pop(row.key, None)


def _option_info(row: Option) -> Any:
    import gradio
    from modules import shared

    info = shared.OptionInfo(row.default, row.label, section=SECTION, infotext=row.infotext)
    if row.choices is not None:
        choices = row.choices
        info.component, info.component_args = gradio.Dropdown, lambda: {"choices": list(choices())}
        info.refresh = lambda: None  # the host asks for the choices again
    return info.info(row.comment) if row.comment else info


class Panel(Protocol):
    """The script's controls, and what they do to a request."""

    def build(self, tab: str) -> tuple[list[Any], list[tuple[Any, Any]]]:
        """The controls, and the infotext fields that paste sets them from."""

    def before_process(self, p: Any, *values: Any) -> None: ...

    def process(self, p: Any, *values: Any) -> None: ...


def script_class(adapter: Adapter, panel: Panel) -> type:
    """The class through which the host calls us at every request, in its pages and its API."""
    from modules import scripts

    class ChineseScript(scripts.Script):  # type: ignore[misc]
        def title(self) -> str:
            return "sd-webui-chinese"

        def show(self, is_img2img: bool) -> Any:
            return scripts.AlwaysVisible

        def ui(self, is_img2img: bool) -> list[Any]:
            controls, self.infotext_fields = panel.build("img2img" if is_img2img else "txt2img")
            return controls

        def before_process(self, p: Any, *args: Any) -> None:
            stand_alone(p)
            _guard(p, lambda p: panel.before_process(p, *args))

        def process(self, p: Any, *args: Any) -> None:
            _guard(p, lambda p: panel.process(p, *args))
            _guard(p, adapter.process)

        def after_extra_networks_activate(self, p: Any, *args: Any, **kwargs: Any) -> None:
            _guard(p, adapter.networks_activated)

        def postprocess_image(self, p: Any, *args: Any) -> None:
            _guard(p, tell_picture)

    return ChineseScript


def _guard(p: Any, work: Callable[[Any], None]) -> None:
    """Whatever fails in ours is one line under the picture and on the console; the host goes on."""
    try:
        work(p)
    except Exception as error:
        p.comment(tell(error))


def tell(error: Exception | str) -> str:
    """Print a failure as one line in Chinese and English, and return the line."""
    if isinstance(error, SdzhError):
        line = f"sd-webui-chinese: {error.zh} / {error.en}"
    elif isinstance(error, str):
        line = error
    else:
        line = strings.both("webui_step_failed", error=repr(error))
    print(line, file=sys.stderr)
    told.append(line)
    return line
