"""A paste-able report of what is here: versions, device, models, folders; no personal paths in it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese import __version__, strings
from sd_chinese.workflows.list_models import list_models

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host
    from sd_chinese.registry.catalog import Catalog
    from sd_chinese.registry.sources import Sources
    from sd_chinese.workflows.describe_model import Painting

PACKAGES = ("torch", "transformers", "diffusers", "gradio", "safetensors", "numpy", "jieba", "rjieba")
#: Seconds that a source of downloads is given.
PATIENCE = 3.0
FOLDER_KINDS = ("base", "encoder", "lora", "controlnet")


def diagnose(
    catalog: Catalog,
    host: Host,
    *,
    painting: Painting | None = None,
    state: Iterable[str] = (),
    sources: Sources | None = None,
    troubles: Iterable[str] = (),
) -> Iterator[str]:
    """Yield the report line by line.

    Args:
        painting: the model that will paint.
        state: what the host's adapter says of itself, such as its patches.
        sources: the sources of downloads to try; none are without it.
        troubles: the last errors.
    """
    yield f"sd-webui-chinese {__version__} · {host.name}"
    yield f"Python {platform.python_version()} · {platform.system()} {platform.machine()}"
    yield " · ".join(f"{name} {version_of(name)}" for name in PACKAGES)
    yield f"{strings.both('device')}: {device_name()}"
    for kind in FOLDER_KINDS:
        folder = host.folder(kind)
        yield f"{kind}: {shortened(folder)} · {strings.both(folder_state(folder))}"
    if painting:
        reads = painting.encoder or "-"
        yield f"{strings.both('painted_with')}: {painting.name} · {painting.family} · {reads} · {painting.language}"
    yield from state
    if sources:
        yield from source_lines(sources)
    for row in list_models(catalog, host):
        word = "state_installed" if row.path else "state_available"
        yield f"{row.kind}/{row.name}: {strings.both(word)}"
    for broken in catalog.broken:
        yield without_home(f"{broken.zh} / {broken.en}")
    for trouble in troubles:
        yield f"{strings.both('last_error')}: {without_home(trouble)}"


def source_lines(sources: Sources) -> Iterator[str]:
    """Each source's address and whether it answers; all are asked at once."""
    from concurrent.futures import ThreadPoolExecutor

    named = [(name, sources.address(name)) for name in sources.order if sources.address(name)]
    with ThreadPoolExecutor(max(1, len(named))) as pool:
        answers = pool.map(lambda each: answer_of(each[1], sources.proxy), named)
        for (name, address), answer in zip(named, answers, strict=True):
            yield f"{name} {address.rpartition('@')[2]}: {answer}"


def answer_of(address: str, proxy: str | None) -> str:
    """In words, within a few seconds; any answer at all shows that the way is open."""
    import urllib.error
    import urllib.request

    ways = {"http": proxy, "https": proxy} if proxy else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(ways))
    try:
        with opener.open(urllib.request.Request(address, method="HEAD"), timeout=PATIENCE):
            return strings.both("source_answers")
    except urllib.error.HTTPError:
        return strings.both("source_answers")
    except (OSError, ValueError):
        return strings.both("source_silent")


def without_home(text: str) -> str:
    return text.replace(str(Path.home()), "~")


def folder_state(folder: Path) -> str:
    """The key of its words."""
    if not folder.is_dir():
        return "folder_absent"
    return "folder_ok" if writable(folder) else "folder_read_only"


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
