"""Open any weight file, shard index or model folder, and read single tensors from it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.weights_io.safetensors_file import safetensors_slots
from sd_chinese.weights_io.tensors import Header, Slot
from sd_chinese.weights_io.torch_archive import legacy_slots, zip_slots

if TYPE_CHECKING:
    import torch

# What stands in a model folder, best first.
_STEMS = ("model", "diffusion_pytorch_model", "pytorch_model", "pytorch_lora_weights", "adapter_model")
WEIGHT_NAMES = tuple(
    f"{stem}{variant}.{ending}"
    for variant in ("", ".fp16")
    for ending in ("safetensors", "safetensors.index.json", "bin", "bin.index.json")
    for stem in _STEMS
)


@dataclass
class Weights:
    """An open weight file; tensors are read one at a time."""

    header: Header
    _slots: Mapping[str, Slot]
    _files: dict[Path, IO[bytes]] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def keys(self) -> list[str]:
        return list(self._slots)

    def tensor(self, name: str) -> torch.Tensor:
        """Read one tensor, contiguous, on the CPU.

        Raises:
            SdzhError: ``tensor_missing`` or ``weights_truncated``.
        """
        import torch

        if name not in self._slots:
            near = difflib.get_close_matches(name, self._slots, n=3) or sorted(self._slots)[:3]
            raise SdzhError("tensor_missing", path=self.header.path, name=name, near=", ".join(near))
        slot = self._slots[name]
        dtype = getattr(torch, slot.info.dtype)
        flat = torch.empty(slot.elements, dtype=dtype)
        if slot.elements:
            buffer = flat.view(torch.uint8).numpy().data
            file = self._open(slot.file)
            file.seek(slot.start)
            if file.readinto(buffer) != buffer.nbytes:  # type: ignore[attr-defined]  # BufferedReader has it
                raise SdzhError("weights_truncated", path=slot.file)
        if slot.stride is None:
            return flat.view(slot.info.shape)
        return flat.as_strided(slot.info.shape, slot.stride).contiguous()

    def _open(self, path: Path) -> IO[bytes]:
        if path not in self._files:
            self._files[path] = self._stack.enter_context(path.open("rb"))
        return self._files[path]

    def close(self) -> None:
        self._stack.close()


def read_header(path: Path) -> Header:
    """Names, shapes, dtypes and metadata of a weight file, an index, or a folder that holds one.

    Raises:
        SdzhError: the file is missing, truncated, malformed, not a weight file, or an unsafe pickle.
    """
    return _index(Path(path))[0]


@contextmanager
def open_weights(path: Path) -> Iterator[Weights]:
    """Open what `read_header` reads, for single tensors.

    Raises:
        SdzhError: as `read_header`.
    """
    weights = Weights(*_index(Path(path)))
    try:
        yield weights
    finally:
        weights.close()


def find_weights(folder: Path) -> Path | None:
    """The weight file (or shard index) of a model folder, or None."""
    return next((folder / name for name in WEIGHT_NAMES if (folder / name).is_file()), None)


def _index(path: Path) -> tuple[Header, dict[str, Slot]]:
    if path.is_dir():
        inner = find_weights(path)
        if inner is None:
            raise SdzhError("weights_folder_empty", path=path)
        path = inner
    try:
        slots, metadata = _read_slots(path)
    except FileNotFoundError:
        raise SdzhError("weights_missing", path=path) from None
    except OSError as error:
        raise SdzhError("weights_unreadable", path=path, reason=error.strerror or error) from error
    if not slots:
        raise SdzhError("weights_empty", path=path)
    return Header({name: slot.info for name, slot in slots.items()}, metadata, path), slots


def _read_slots(path: Path) -> tuple[dict[str, Slot], dict[str, str]]:
    """Tell the format by its first bytes: endings lie more often than contents do."""
    if path.name.endswith(".index.json"):
        return _sharded_slots(path)
    with path.open("rb") as file:
        start = file.read(16)
        for magic, error in _FOREIGN.items():
            if start.startswith(magic):
                raise SdzhError(error, path=path)
        # First of all: a header's length may begin with any byte, that of a pickle or a zip too.
        if start[4:9] == b"\0\0\0\0{":
            return safetensors_slots(path, file)
        if start.startswith(b"PK\x03\x04"):
            return zip_slots(path, file), {}
        if start.startswith(b"\x80"):
            return legacy_slots(path, file), {}
    raise SdzhError("weights_foreign" if len(start) == 16 else "weights_truncated", path=path)


_FOREIGN = {
    b"version https://": "weights_lfs_pointer",
    b"<!DOCTYPE": "weights_web_page",
    b"<!doctype": "weights_web_page",
    b"<html": "weights_web_page",
}


def _sharded_slots(path: Path) -> tuple[dict[str, Slot], dict[str, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            weight_map = dict(json.load(file)["weight_map"])
        # A shard is a plain file beside the index: anything else reaches out of the folder, or back to the index.
        if any(Path(name).name != name or name.endswith(".json") for name in weight_map.values()):
            raise ValueError(weight_map)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise SdzhError("weights_header", path=path) from None
    slots: dict[str, Slot] = {}
    metadata: dict[str, str] = {}
    for shard in sorted(set(weight_map.values())):
        found, extra = _read_slots(path.parent / shard)
        metadata.update(extra)
        wanted = [name for name, place in weight_map.items() if place == shard]
        if not all(name in found for name in wanted):
            raise SdzhError("weights_header", path=path)
        slots.update({name: found[name] for name in wanted})
    return slots, metadata
