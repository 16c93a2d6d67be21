"""The precision of what is written, and how far the writing has come."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.weights_io import TensorSource

if TYPE_CHECKING:
    import torch

DTYPES = ("float16", "float32", "bfloat16")

Progress = Callable[[int, int], None]


def prepared(
    sources: Iterable[TensorSource], dtype: str, progress: Progress | None = None
) -> list[TensorSource]:
    """The tensors as they will be written: floating point as ``dtype``, each load reported.

    Raises:
        SdzhError: ``dtype_unknown``; on loading ``convert_overflow``, a weight too large for ``dtype``.
    """
    if dtype not in DTYPES:
        raise SdzhError("dtype_unknown", dtype=dtype, choices=", ".join(DTYPES))
    listed = list(sources)
    written = itertools.count(1)

    def one(source: TensorSource) -> TensorSource:
        target = dtype if source.dtype.startswith(("float", "bfloat")) else source.dtype

        def load() -> torch.Tensor:
            tensor = _cast(source, target)
            if progress:
                progress(next(written), len(listed))
            return tensor

        return TensorSource(source.name, source.shape, target, load)

    return [one(source) for source in listed]


def _cast(source: TensorSource, dtype: str) -> torch.Tensor:
    import torch

    tensor = source.load()
    if dtype == source.dtype:
        return tensor
    cast = tensor.to(getattr(torch, dtype))
    if _overflows(tensor, cast):
        raise SdzhError("convert_overflow", name=source.name, dtype=dtype)
    return cast


def _overflows(tensor: torch.Tensor, cast: torch.Tensor) -> bool:
    """Whether a weight that was finite no longer is.

    The extremes of all but broken weights settle it in one pass and without a copy.
    """
    import torch

    if not tensor.numel() or not cast.is_floating_point():
        return False
    low, high = (float(extreme) for extreme in torch.aminmax(tensor))
    limit = torch.finfo(cast.dtype).max
    if -limit <= low and high <= limit:
        return False
    return bool((tensor.isfinite() & ~cast.isfinite()).any())
