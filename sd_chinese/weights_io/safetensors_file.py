"""The safetensors format, read as places in the file and written as a stream.

https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import errno
import json
import shutil
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.weights_io.tensors import DTYPES, FROM_SAFETENSORS, Slot, TensorInfo

if TYPE_CHECKING:
    import torch

_HEADER_LIMIT = 100_000_000  # the limit of the safetensors library itself


@dataclass(frozen=True)
class TensorSource:
    """A tensor to be written: described now, loaded when its turn comes."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    load: Callable[[], torch.Tensor]


def safetensors_slots(path: Path, file: IO[bytes]) -> tuple[dict[str, Slot], dict[str, str]]:
    size = path.stat().st_size
    file.seek(0)
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _HEADER_LIMIT:
        raise SdzhError("weights_foreign", path=path)
    if length + 8 > size:
        raise SdzhError("weights_truncated", path=path)
    try:
        entries: dict[str, Any] = json.loads(file.read(length).decode("utf-8"))
        metadata = {str(k): str(v) for k, v in entries.pop("__metadata__", {}).items()}
        places = {name: _safetensors_place(entry) for name, entry in entries.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SdzhError("weights_header", path=path) from None
    end = 0
    for info, begin in sorted(places.values(), key=lambda place: place[1]):
        if begin < end:
            raise SdzhError("weights_header", path=path)
        end = begin + info.nbytes
    if end > size - 8 - length:
        raise SdzhError("weights_truncated", path=path)
    return {name: Slot(path, 8 + length + begin, info) for name, (info, begin) in places.items()}, metadata


def _safetensors_place(entry: Mapping[str, Any]) -> tuple[TensorInfo, int]:
    shape = tuple(entry["shape"])
    begin, end = entry["data_offsets"]
    info = TensorInfo(shape, FROM_SAFETENSORS[entry["dtype"]])
    if not all(type(n) is int and n >= 0 for n in (*shape, begin, end)) or end - begin != info.nbytes:
        raise ValueError(entry)
    return info, begin


def write_safetensors(path: Path, tensors: Iterable[TensorSource], metadata: Mapping[str, str]) -> Path:
    """Write a safetensors file with one tensor in memory at a time.

    The file appears under its name only when it is whole. Tensors are ordered by the size of their elements,
    largest first, which keeps each of them aligned (as the safetensors library itself does).

    Raises:
        SdzhError: ``write_suffix``, ``disk_full``, ``path_too_long``, ``write_failed``; ``tensor_changed`` (not as
            described).
    """
    if path.suffix != ".safetensors":
        raise SdzhError("write_suffix", path=path)
    sources = sorted(tensors, key=lambda source: -DTYPES[source.dtype][1])
    head = _safetensors_head(sources, metadata)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        need = len(head) + sum(TensorInfo(source.shape, source.dtype).nbytes for source in sources)
        free = shutil.disk_usage(path.parent).free
        if need > free:
            raise SdzhError("disk_full", path=path, need=need >> 20, free=free >> 20)
        with part.open("wb") as file:
            file.write(head)
            for source in sources:
                file.write(_tensor_bytes(source))
        part.replace(path)
    except OSError as error:
        if _is_too_long(part, error):
            raise SdzhError("path_too_long", path=path, length=len(str(part.absolute()))) from error
        raise SdzhError("write_failed", path=path, reason=error.strerror or error) from error
    finally:
        _remove_part(part)
    return path


def _is_too_long(path: Path, error: OSError) -> bool:
    """Windows says of a path beyond its limit that there is none, even where the folder is there."""
    missing = error.errno == errno.ENOENT and path.parent.is_dir()
    return error.errno == errno.ENAMETOOLONG or missing


def _remove_part(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:  # the folder itself is out of reach: nothing was written there
        return


def _safetensors_head(sources: list[TensorSource], metadata: Mapping[str, str]) -> bytes:
    entries: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for source in sources:
        end = offset + TensorInfo(source.shape, source.dtype).nbytes
        code = DTYPES[source.dtype][0]
        entries[source.name] = {"dtype": code, "shape": list(source.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def _tensor_bytes(source: TensorSource) -> memoryview:
    """Load one tensor as the bytes of its declared dtype."""
    import torch

    tensor = source.load()
    if tuple(tensor.shape) != source.shape:
        raise SdzhError("tensor_changed", name=source.name, expected=source.shape, actual=tuple(tensor.shape))
    flat = tensor.detach().to("cpu", getattr(torch, source.dtype)).contiguous().flatten()
    return flat.view(torch.uint8).numpy().data if flat.numel() else memoryview(b"")
