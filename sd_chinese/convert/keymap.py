"""Key names as data: ordered, reversible rules between diffusers (side ``a``) and LDM (side ``b``).

A rule replaces a prefix and hands the rest to its inner rules; the first rule that matches decides. Read from left
to right they turn diffusers names into LDM names, read from right to left the reverse. Where several rules share one
target (old spellings), the first is the one that the reverse direction writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.weights_io import TensorSource

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Rule:
    """``a`` <-> ``b``. ``pointwise``: side a keeps the weight as a matrix, side b as a 1x1 convolution."""

    a: str
    b: str
    inner: tuple[Rule, ...] = ()
    pointwise: bool = False


@dataclass(frozen=True)
class KeyMap:
    """The rules of one network, and the keys of either side that carry no weights."""

    rules: tuple[Rule, ...]
    dropped: Callable[[str], bool] = lambda key: False

    def a_to_b(self, key: str) -> str | None:
        """Diffusers name -> LDM name, None when no rule knows it."""
        found = _translate(key, self.rules, forward=True)
        return found[0] if found else None

    def b_to_a(self, key: str) -> str | None:
        """LDM name -> diffusers name, None when no rule knows it."""
        found = _translate(key, self.rules, forward=False)
        return found[0] if found else None

    def forward(self, sources: Iterable[TensorSource]) -> Iterator[TensorSource]:
        """Rename and reshape tensors from side a to side b.

        Raises:
            SdzhError: ``convert_unknown_key``, a tensor that no rule knows.
        """
        return self._apply(sources, forward=True)

    def reverse(self, sources: Iterable[TensorSource]) -> Iterator[TensorSource]:
        """Rename and reshape tensors from side b to side a; raises as :meth:`forward`."""
        return self._apply(sources, forward=False)

    def _apply(self, sources: Iterable[TensorSource], forward: bool) -> Iterator[TensorSource]:
        for source in sources:
            found = _translate(source.name, self.rules, forward)
            if found:
                name, rule = found
                renamed = replace(source, name=name)
                yield _reshape(renamed, forward) if rule.pointwise and name.endswith(".weight") else renamed
            elif not self.dropped(source.name):
                raise SdzhError("convert_unknown_key", name=source.name)


def _translate(key: str, rules: tuple[Rule, ...], forward: bool) -> tuple[str, Rule] | None:
    for rule in rules:
        source, target = (rule.a, rule.b) if forward else (rule.b, rule.a)
        if not key.startswith(source):
            continue
        rest = key[len(source) :]
        if not rule.inner:
            return target + rest, rule
        if found := _translate(rest, rule.inner, forward):
            return target + found[0], found[1]
    return None


def _reshape(source: TensorSource, forward: bool) -> TensorSource:
    """(out, in) <-> (out, in, 1, 1)"""
    shape = source.shape[:2] + ((1, 1) if forward else ())

    def load() -> torch.Tensor:
        return source.load().reshape(shape)

    return replace(source, shape=shape, load=load)
