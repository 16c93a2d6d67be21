"""torch.save files, zip and older, as places in the file: nothing is unpacked and no pickle is run."""

from __future__ import annotations

import math
import os
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from sd_chinese.errors import SdzhError
from sd_chinese.weights_io.tensors import DTYPES, Slot, TensorInfo, span
from sd_chinese.weights_io.torch_pickle import MalformedPickleError, Storage, TensorView, read_pickle

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def zip_slots(path: Path, file: IO[bytes]) -> dict[str, Slot]:
    """torch.save since 1.6: ``<root>/data.pkl`` and one stored member per storage, ``<root>/data/<key>``."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = {info.filename: info for info in archive.infolist()}
            pickle_name = next(n for n in members if n == "data.pkl" or n.endswith("/data.pkl"))
            root = pickle_name[: -len("data.pkl")]
            if members[pickle_name].compress_type != zipfile.ZIP_STORED:
                raise MalformedPickleError("compressed")
            with archive.open(pickle_name) as pickled:
                content = read_pickle(pickled, path).value
        if f"{root}byteorder" in members and _stored_bytes(file, members[f"{root}byteorder"]) == b"big":
            raise MalformedPickleError("big-endian")
        return _view_slots(path, content, lambda storage: _zip_place(file, members, root, storage))
    except (zipfile.BadZipFile, EOFError):
        raise SdzhError("weights_truncated", path=path) from None
    except (
        StopIteration,
        ValueError,
        NotImplementedError,
        RuntimeError,
        KeyError,
        OverflowError,
        struct.error,
    ):
        raise SdzhError("pickle_foreign", path=path) from None


def _zip_place(
    file: IO[bytes], members: Mapping[str, zipfile.ZipInfo], root: str, storage: Storage
) -> tuple[int, int]:
    """Byte offset and length of a storage's member: torch stores without compression, so it can be sought."""
    info = members[f"{root}data/{storage.key}"]
    if info.compress_type != zipfile.ZIP_STORED:
        raise MalformedPickleError("compressed")
    file.seek(info.header_offset + 26)
    name_length, extra_length = struct.unpack("<HH", file.read(4))
    return info.header_offset + 30 + name_length + extra_length, info.file_size


def _stored_bytes(file: IO[bytes], info: zipfile.ZipInfo) -> bytes:
    start, size = _zip_place(file, {"data/": info}, "", Storage("", "uint8", 0))
    file.seek(start)
    return file.read(min(size, 16))


def legacy_slots(path: Path, file: IO[bytes]) -> dict[str, Slot]:
    """torch.save before 1.6: magic, version, system, object, storage keys, then (count, elements) per key."""
    file.seek(0)
    try:
        magic, _version, _system, content, keys = (read_pickle(file, path) for _ in range(5))
        if magic.value != _LEGACY_MAGIC or not isinstance(keys.value, list):
            raise MalformedPickleError("not of torch")
        places: dict[str, tuple[int, int]] = {}
        for key in keys.value:
            (count,) = struct.unpack("<q", file.read(8))
            places[key] = (file.tell(), count * DTYPES[content.storages[key].dtype][1])
            file.seek(places[key][1], os.SEEK_CUR)
        return _view_slots(path, content.value, lambda storage: places[storage.key])
    except struct.error:
        raise SdzhError("weights_truncated", path=path) from None
    except (ValueError, KeyError, TypeError, OverflowError):
        raise SdzhError("pickle_foreign", path=path) from None


def _view_slots(path: Path, content: object, place: Callable[[Storage], tuple[int, int]]) -> dict[str, Slot]:
    """Check every view against its storage, and every storage against the file."""
    size = path.stat().st_size
    slots: dict[str, Slot] = {}
    for name, view in _named_views(content):
        info = TensorInfo(view.shape, view.storage.dtype)
        start, length = place(view.storage)
        item = DTYPES[info.dtype][1]
        if len(view.stride) != len(view.shape) or info.nbytes > size:
            raise MalformedPickleError(name)
        if (view.offset + span(view.shape, view.stride)) * item > length:
            raise MalformedPickleError(name)
        if start + length > size:
            raise SdzhError("weights_truncated", path=path)
        stride = None if view.stride == _contiguous(view.shape) else view.stride
        slots[name] = Slot(path, start + view.offset * item, info, stride)
    return slots


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _named_views(content: object) -> Iterator[tuple[str, TensorView]]:
    """A checkpoint's ``state_dict`` when it has one, otherwise every tensor by its dotted path."""
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    waiting, seen = [("", content)], set()
    while waiting:
        prefix, node = waiting.pop()
        if isinstance(node, TensorView):
            yield prefix or "tensor", node
        elif isinstance(node, dict) and id(node) not in seen:
            seen.add(id(node))
            dot = "." if prefix else ""
            waiting.extend((f"{prefix}{dot}{key}", value) for key, value in reversed(node.items()))
