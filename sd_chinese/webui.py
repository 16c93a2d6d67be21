"""The composition root inside a WebUI: finds the host, gives it our workflows, and takes everything back.

`scripts/` runs again at every "Reload UI" while this package stays imported: `start` may be called any number of times.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.hosts.callbacks import when_unloaded
from sd_chinese.hosts.detect import detect_host

HOSTS = {"a1111": "sd_chinese.hosts.a1111.host:A1111Host"}

_host: Any = None


def start() -> None:
    """Set the extension up; on any failure of ours the WebUI goes on without it, told in one line."""
    global _host
    stop()
    name = detect_host()
    if name not in HOSTS:
        print(strings.both("webui_unsupported", host=name, choices=", ".join(HOSTS)))
        return
    module, host_class = HOSTS[name].split(":")
    try:
        when_unloaded(stop)
        _host = getattr(import_module(module), host_class)(_describe)
        _host.start()
    except Exception as error:
        stop()
        print(strings.both("webui_failed", error=repr(error)), file=sys.stderr)


def stop() -> None:
    """Undo `start`; nothing happens when nothing was started."""
    global _host
    host, _host = _host, None
    if host is not None:
        host.stop()


def _describe(path: Path) -> Any:
    """`describe_checkpoint`, imported when the host loads its first model: start-up is not the place to wait."""
    from sd_chinese.workflows.describe_checkpoint import describe_checkpoint

    return describe_checkpoint(path)
