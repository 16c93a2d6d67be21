"""How the readers of this package describe a tensor in a file. dtypes carry torch's names (``float16``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

# torch's name -> (safetensors' name, bytes of one element)
DTYPES: dict[str, tuple[str, int]] = {
    "float64": ("F64", 8),
    "float32": ("F32", 4),
    "float16": ("F16", 2),
    "bfloat16": ("BF16", 2),
    "float8_e4m3fn": ("F8_E4M3", 1),
    "float8_e5m2": ("F8_E5M2", 1),
    "int64": ("I64", 8),
    "int32": ("I32", 4),
    "int16": ("I16", 2),
    "int8": ("I8", 1),
    "uint8": ("U8", 1),
    "bool": ("BOOL", 1),
}
FROM_SAFETENSORS = {code: name for name, (code, _) in DTYPES.items()}


@dataclass(frozen=True)
class TensorInfo:
    """What a file says about one tensor; ``dtype`` is torch's name."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * DTYPES[self.dtype][1]


@dataclass(frozen=True)
class Header:
    """All tensors of a file (or of a sharded folder) and its metadata."""

    tensors: dict[str, TensorInfo]
    metadata: dict[str, str]
    path: Path


@dataclass(frozen=True)
class Slot:
    """Where a tensor lies. ``start`` counts bytes; ``stride`` counts elements, None when contiguous."""

    file: Path
    start: int
    info: TensorInfo
    stride: tuple[int, ...] | None = None

    @property
    def elements(self) -> int:
        """Elements from the first to the last one that the view touches."""
        return math.prod(self.info.shape) if self.stride is None else span(self.info.shape, self.stride)


def span(shape: tuple[int, ...], stride: tuple[int, ...]) -> int:
    return 0 if 0 in shape else 1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
