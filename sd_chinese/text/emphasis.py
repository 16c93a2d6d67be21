"""How the weights of a prompt act on its rows: the modes of AUTOMATIC1111 1.10.1, by their names there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError

if TYPE_CHECKING:
    from torch import Tensor

# Brackets nested a hundred deep would overflow; nothing that is meant weighs more than this.
_MAX_WEIGHT = 100.0


def ignore(rows: Tensor, weights: Tensor) -> Tensor:
    """Weights are read and have no effect."""
    return rows


def no_norm(rows: Tensor, weights: Tensor) -> Tensor:
    """Every row times its weight. Shapes: (chunks, rows, width), (chunks, rows) -> (chunks, rows, width)."""
    return _weighed(rows, weights).to(rows.dtype)


def original(rows: Tensor, weights: Tensor) -> Tensor:
    """Every row times its weight, then each context back to its former mean.

    The host divides two means. An encoder that ends in a layer norm may have a mean of about 0, where their ratio is
    noise, infinite or 0/0. A mean counts as 0 when it is smaller than the standard error of a mean over as many values,
    ``rms / sqrt(n)``; if either mean does, the context keeps the values that `no_norm` gives it. Means are taken in
    float32, per context, so that a prompt's rows do not depend on what else is in the batch.
    """
    weighed = _weighed(rows, weights)
    before, after = _mean(rows), _mean(weighed)
    steady = (before.abs() > _standard_error(rows)) & (after.abs() > _standard_error(weighed))
    ratio = (before / after).where(steady, before.new_ones(()))
    return (weighed * ratio).to(rows.dtype)


def _weighed(rows: Tensor, weights: Tensor) -> Tensor:
    return rows.float() * weights.clamp(-_MAX_WEIGHT, _MAX_WEIGHT).unsqueeze(-1)


def _mean(rows: Tensor) -> Tensor:
    return rows.float().mean(dim=(1, 2), keepdim=True)


def _standard_error(rows: Tensor) -> Tensor:
    count = rows.shape[1] * rows.shape[2]
    return rows.float().square().mean(dim=(1, 2), keepdim=True).sqrt() / math.sqrt(count)


# "None" differs from "Ignore" before the encoder: brackets are text there.
EMPHASES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Original": original,
    "No norm": no_norm,
    "Ignore": ignore,
    "None": ignore,
}


def find_emphasis(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Look up a mode by the host's name for it.

    Raises:
        SdzhError: there is no such mode.
    """
    if name not in EMPHASES:
        raise SdzhError("emphasis_unknown", name=name, choices=", ".join(EMPHASES))
    return EMPHASES[name]
