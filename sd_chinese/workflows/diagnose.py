"""A paste-able report of what is here: versions, device, models, folders; no personal paths in it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese import __version__, strings
from sd_chinese.workflows.list_models import list_models

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host
    from sd_chinese.registry.catalog import Catalog

PACKAGES = ("torch", "transformers", "diffusers", "gradio", "safetensors", "numpy", "jieba", "rjieba")
FOLDER_KINDS = ("base", "encoder", "lora", "controlnet")


def diagnose(catalog: Catalog, host: Host) -> Iterator[str]:
    """Yield the report line by line."""
    yield f"sd-webui-chinese {__version__} · {host.name}"
    yield f"Python {platform.python_version()} · {platform.system()} {platform.machine()}"
    yield " · ".join(f"{name} {version_of(name)}" for name in PACKAGES)
    yield f"{strings.both('device')}: {device_name()}"
    for kind in FOLDER_KINDS:
        folder = host.folder(kind)
        state = (
            "folder_absent"
            if not folder.is_dir()
            else "folder_ok"
            if writable(folder)
            else "folder_read_only"
        )
        yield f"{kind}: {shortened(folder)} · {strings.both(state)}"
    for row in list_models(catalog, host):
        state = "state_installed" if row.path else "state_available"
        yield f"{row.kind}/{row.name}: {strings.both(state)}"
    for broken in catalog.broken:
        yield str(broken)


def version_of(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "-"


def device_name() -> str:
    """The GPU's name, or `cpu`; imports torch, which is why it is asked only here."""
    try:
        import torch
    except ImportError:
        return "-"
    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else "cpu"


def writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def shortened(path: Path) -> str:
    """Without the home folder: a report is pasted in public."""
    try:
        return str(Path("~") / path.resolve().relative_to(Path.home()))
    except ValueError:
        return str(Path("…", *path.parts[-3:]))
