"""The composition root inside a WebUI: finds the host, gives it our workflows, and takes everything back.

`scripts/` runs again at every "Reload UI" while this package stays imported: `start` may be called any number of times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.hosts.base import Adapter, Host, Services
from sd_chinese.hosts.callbacks import script_class, when_unloaded
from sd_chinese.hosts.detect import detect_host

HOSTS = {
    "a1111": "sd_chinese.hosts.a1111.host:A1111Host",
    "forge": "sd_chinese.hosts.forge.host:ForgeHost",
}

_adapter: Adapter | None = None


def start() -> type | None:
    """Set the extension up and return the class that `scripts/` shows to the host.

    On any failure of ours the WebUI goes on without it, told in one line; None is returned then.
    """
    global _adapter
    stop()
    name = detect_host()
    if name not in HOSTS:
        print(strings.both("webui_unsupported", host=name, choices=", ".join(HOSTS)))
        return None
    module, adapter_class = HOSTS[name].split(":")
    try:
        when_unloaded(stop)
        _adapter = getattr(import_module(module), adapter_class)(SERVICES)
        assert _adapter is not None
        _adapter.start()
        return script_class(_adapter)
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


# Workflows are imported when a host first asks for them: start-up is not the place to wait.


def _describe(path: Path) -> Any:
    from sd_chinese.workflows.describe_checkpoint import describe_checkpoint

    return describe_checkpoint(path)


def _encoders(host: Host) -> Mapping[str, Path]:
    from sd_chinese.registry.catalog import Catalog
    from sd_chinese.workflows.list_models import list_models

    paths = [row.path for row in list_models(Catalog.load(), host, "encoder") if row.path is not None]
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
