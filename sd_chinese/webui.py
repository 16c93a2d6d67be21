"""The composition root inside a WebUI: finds the host, gives it our workflows, and takes everything back.

`scripts/` runs again at every "Reload UI" while this package stays imported: `start` may be called any number of times.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese import strings
from sd_chinese.hosts import callbacks, legends, pages
from sd_chinese.hosts.base import AUTOMATIC, NONE, Adapter, Host, Option, Services
from sd_chinese.hosts.callbacks import script_class, when_unloaded
from sd_chinese.hosts.detect import detect_host
from sd_chinese.hosts.requests import choose_encoder, rewrite_prompts
from sd_chinese.ui.axes import axis_rows
from sd_chinese.ui.script_panel import ScriptPanel
from sd_chinese.ui.settings import (
    LANGUAGE,
    PASTE_ORIGINAL,
    PROXY,
    SETTINGS,
    SOURCES,
    SettingRow,
    default_wish,
)
from sd_chinese.ui.shell import Shell
from sd_chinese.ui.tabs import host_tabs
from sd_chinese.workflows.expand_generation import Wish, expand_generation, restore_parameters
from sd_chinese.workflows.list_styles import style_names

if TYPE_CHECKING:
    from sd_chinese.registry.sources import Sources
    from sd_chinese.workflows.jobs import Jobs
    from sd_chinese.workflows.open_desk import Desk

HOSTS = {
    "a1111": "sd_chinese.hosts.a1111.host:A1111Host",
    "forge": "sd_chinese.hosts.forge.host:ForgeHost",
    "reforge": "sd_chinese.hosts.reforge.host:ReforgeHost",
}

API = "/sdzh/v1"

_adapter: Adapter | None = None


def start() -> type | None:
    """Set the extension up and return the class that `scripts/` shows to the host.

    On any failure of ours the WebUI goes on without it, told in one line; None is returned then.
    """
    stop()
    name = detect_host()
    if name not in HOSTS:
        print(strings.both("webui_unsupported", host=name, choices=", ".join(HOSTS)))
        return None
    # A host before 1.9 has the source of each caller looked up for every callback (`callbacks.listen`); a thread of
    # our own has few.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_set_up, HOSTS[name]).result()


def _set_up(host: str) -> type | None:
    """Start the adapter of a line of `HOSTS`, and give the host our pages."""
    global _adapter
    module, adapter_class = host.split(":")
    try:
        when_unloaded(stop)
        _adapter = getattr(import_module(module), adapter_class)(SERVICES)
        assert _adapter is not None
        _adapter.start()
        return script_class(_adapter, open_pages(_adapter))
    except Exception as error:
        stop()
        print(strings.both("webui_failed", error=repr(error)), file=sys.stderr)
        return None


def stop() -> None:
    """Undo `start`; nothing happens when nothing was started."""
    global _adapter
    adapter, _adapter = _adapter, None
    if adapter is not None:
        adapter.stop()


# What outlives "Reload UI": a download goes on, and a page that was open before may go on asking.


@cache
def _jobs() -> Jobs:
    from sd_chinese.workflows.jobs import Jobs

    return Jobs()


@cache
def _page_token() -> str:
    return secrets.token_urlsafe(24)


def open_pages(host: Adapter) -> ScriptPanel:
    """Give the host our tabs, routes, settings and axes; return the controls of our script."""
    defaults = partial(default_wish, pages.option)

    @cache
    def desk() -> Desk:
        from sd_chinese.hosts.routes import is_closing
        from sd_chinese.workflows.open_desk import Desk, load_catalog

        chosen = partial(pages.chosen_model, host, _encoders)
        return Desk(
            host,
            load_catalog,
            chosen=chosen,
            sources=_sources,
            defaults=defaults,
            count_by_host=pages.count_tokens,
            state=lambda: [f"{strings.both('patches')}: {', '.join(host.patches.names())}"],
            troubles=lambda: list(callbacks.told),
            closing=is_closing,
            jobs=_jobs(),
        )

    def add_routes(app: Any) -> None:
        from sd_chinese.hosts.routes import add_on_demand

        add_on_demand(app, API, lambda: build_routes(app))

    def build_routes(app: Any) -> Sequence[Any]:
        from sd_chinese.api.access import Access
        from sd_chinese.api.routes import build_router

        return build_router(desk(), Access(**vars(pages.logins_of(app)), page_token=_page_token())).routes

    def expand(p: Any, wish: Wish) -> None:
        reads = lambda: painting.language if (painting := desk().painting()) else "zh"  # noqa: E731
        rewrite_prompts(p, partial(expand_generation, wish=wish, expander=desk().expander, reads=reads))

    encoders = lambda: (AUTOMATIC, NONE, *_encoders(host))  # noqa: E731
    panel = ScriptPanel(style_names, encoders, expand, choose_encoder, defaults)
    callbacks.add_options([_option(row) for row in SETTINGS])
    pages.when_tabs_are_built(lambda: host_tabs(Shell(_page_token(), _language())))
    pages.when_app_starts(add_routes)
    pages.when_infotext_is_pasted(
        lambda found: restore_parameters(found, original=pages.option(PASTE_ORIGINAL, True))
    )
    legends.install(host.patches)
    pages.add_axes([pages.Axis(row.label, row.apply, row.choices) for row in axis_rows(panel)])
    return panel


def _option(row: SettingRow) -> Option:
    label, comment = ("/".join(strings.text(key)) for key in (row.label, row.comment))
    return Option(row.key, row.default, label, comment, row.infotext, row.choices)


def _language() -> str:
    chosen = pages.option(LANGUAGE, "auto")
    return pages.host_language() if chosen == "auto" else str(chosen)


def _sources() -> Sources:
    """As the settings say, where they say anything."""
    from sd_chinese.registry.sources import ORDER_VARIABLE, PROXY_VARIABLE, Sources

    said = {ORDER_VARIABLE: pages.option(SOURCES, ""), PROXY_VARIABLE: pages.option(PROXY, "")}
    return Sources.from_environment({**os.environ, **{name: value for name, value in said.items() if value}})


# Workflows are imported when a host first asks for them: start-up is not the place to wait.


def _describe(path: Path) -> Any:
    from sd_chinese.workflows.describe_checkpoint import describe_checkpoint

    return describe_checkpoint(path)


def _encoders(host: Host) -> Mapping[str, Path]:
    from sd_chinese.registry.scan import scan

    paths = [found.path for found in scan([host.folder("encoder")])]
    models = [path.parent if path.name == "text_encoder" else path for path in paths]
    return {path.name if path.is_dir() else path.stem: path for path in models}


def _load_encoder(path: Path, device: Any, dtype: Any) -> Any:
    from sd_chinese.text.load import load_conditioner_from

    return load_conditioner_from(path, device=device, dtype=dtype)


def _folders(root: Path) -> Sequence[Path]:
    from sd_chinese.registry.scan import scan

    return [found.path for found in scan([root]) if (found.path / "unet").is_dir()]


def _convert(source: Path, out: Path, progress: Callable[[int, int], None]) -> Path:
    from sd_chinese.workflows.convert_model import convert_model

    return convert_model(source, out, progress=progress)


SERVICES = Services(_describe, _encoders, _load_encoder, _folders, _convert)
