"""The models in a folder: single files, and diffusers folders as one entry each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sd_chinese.registry.identify import Identity

SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")


@dataclass(frozen=True)
class Found:
    """A model on this disk: a file, or a folder that is one model."""

    path: Path

    @cached_property
    def identity(self) -> Identity:
        """What it is; read from its header at the first call."""
        from sd_chinese.registry.identify import identify  # a WebUI lists its folders while it starts

        return identify(self.path)

    @property
    def size_bytes(self) -> int:
        files = self.path.rglob("*") if self.path.is_dir() else (self.path,)
        return sum(file.stat().st_size for file in files if file.is_file())


def scan(folders: Iterable[Path]) -> list[Found]:
    """Every model below the folders, sorted by path within each; a missing folder holds none.

    The files inside a folder that is one model are not listed, nor are hidden and half-written files.
    """
    found: dict[Path, Found] = {}
    for folder in folders:
        for path in _models(folder, set()):
            found.setdefault(path.resolve(), Found(path))
    return list(found.values())


def _models(folder: Path, seen: set[Path]) -> Iterator[Path]:
    if folder.resolve() in seen or not folder.is_dir():  # a link may lead back
        return
    seen.add(folder.resolve())
    try:
        entries = sorted(folder.iterdir())
    except OSError:  # a folder that may not be read holds nothing for us
        return
    for path in entries:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from [path] if _is_model(path) else _models(path, seen)
        elif path.suffix.lower() in SUFFIXES:
            yield path


def _is_model(folder: Path) -> bool:
    """A diffusers model, or one part of it with its configuration, or a LoRA as PAI publishes it."""
    if (folder / "model_index.json").is_file() or (folder / "unet").is_dir():
        return True
    from sd_chinese.weights_io import find_weights

    weights = find_weights(folder)
    if weights is None:
        return False
    return (folder / "config.json").is_file() or weights.name.startswith(
        ("pytorch_lora_weights", "adapter_model")
    )
