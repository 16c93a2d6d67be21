"""Arrays and a little JSON in one file that is memory-mapped: opening it costs no memory of ours."""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_MAGIC = b"SDZHIDX1"
_ALIGN = 64

Arrays = dict[str, npt.NDArray[Any]]


class CorruptStoreError(ValueError):
    """The file is not one of ours, was cut short, or its bytes changed."""


def pack(arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, object]) -> bytes:
    """Lay arrays out behind a JSON header with a checksum over everything after it."""
    sections: dict[str, tuple[str, int, int]] = {}
    body = bytearray()
    for name, array in arrays.items():
        body.extend(b"\0" * (-len(body) % _ALIGN))
        sections[name] = (array.dtype.str, len(body), int(array.size))
        body.extend(np.ascontiguousarray(array).tobytes())
    header = json.dumps({"meta": meta, "sections": sections, "size": len(body), "crc": zlib.crc32(body)})
    raw = header.encode("ascii")
    raw += b" " * (-(len(_MAGIC) + 8 + len(raw)) % _ALIGN)
    return _MAGIC + len(raw).to_bytes(8, "little") + raw + bytes(body)


def unpack(data: bytes | mmap.mmap) -> tuple[Arrays, dict[str, Any]]:
    """Views into ``data``, and the JSON that was packed with them.

    Raises:
        CorruptStoreError: see there.
    """
    start = len(_MAGIC) + 8
    if data[: len(_MAGIC)] != _MAGIC:
        raise CorruptStoreError("not an index file")
    base = start + int.from_bytes(data[len(_MAGIC) : start], "little")
    try:
        header = json.loads(data[start:base])
    except ValueError as error:
        raise CorruptStoreError("unreadable header") from error
    body = memoryview(data)[base:]
    if len(body) != header["size"] or zlib.crc32(body) != header["crc"]:
        raise CorruptStoreError("checksum differs")
    arrays = {
        name: np.frombuffer(body, dtype=np.dtype(kind), count=count, offset=offset)
        for name, (kind, offset, count) in header["sections"].items()
    }
    return arrays, header["meta"]


def open_store(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Map ``path`` read-only and return its arrays.

    Raises:
        OSError: the file cannot be opened.
        CorruptStoreError: it is not an intact index.
    """
    with path.open("rb") as file:
        if path.stat().st_size < len(_MAGIC) + 8:
            raise CorruptStoreError("too short")
        return unpack(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def write_store(path: Path, data: bytes) -> None:
    """Write ``data`` beside ``path`` and move it there, so that no half-written file is ever opened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
