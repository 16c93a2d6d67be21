"""64-bit polynomial hashes of every window of a text, folded to 32-bit signatures, in a few numpy passes.

Three signatures of a window are looked up in one table: the exact one, one that forgets the order of the
characters (a reordered idiom), and four that leave one position of a four-character window out (an idiom with a
wrong character). Windows of all lengths come from prefix sums, after Karp and Rabin (1987). Equal signatures are
candidates only: the caller compares the characters. Few windows are worth hashing: a table of the patterns' first
two characters tells which lengths can begin at a place.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]

EXACT, ORDER = 0, 1
#: Types 2..5 leave out position 0..3 of a four-character window.
MASK = 2
#: Longest pattern; longer lines are cut at their punctuation long before.
LONGEST = 32
#: Lengths for which a reordered spelling is looked for.
ORDER_LENGTHS = range(4, 13)

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_SALTS = np.array([(0xD6E8FEB86659FD93 * (2 * i + 1)) & (2**64 - 1) for i in range(160)], dtype=np.uint64)
_K1, _K2, _K3 = (
    np.array([value], dtype=np.uint64)
    for value in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xFF51AFD7ED558CCD)
)
_S29, _S32 = np.array([29], dtype=np.uint64), np.array([32], dtype=np.uint64)


def mix(codes: U32) -> U64:
    """Spread code points over 64 bits. Shape in and out: (n,)."""
    x = codes.astype(np.uint64)
    x += _K3
    x *= _K1
    x ^= x >> _S29
    x *= _K2
    x ^= x >> _S32
    return x


def mix_pairs(mixed: U64) -> U64:
    """A hash of every two neighbours from their own. Shapes: (n,) -> (n - 1,)."""
    return mixed[:-1] * _K1 + mixed[1:]


def finish(sums: U64) -> U32:
    """Signatures of the sums that a :class:`Hasher` gives, which are used up."""
    sums ^= sums >> _S29
    sums *= _K3
    return (sums >> _S32).astype(np.uint32)


_FOUR = np.arange(4)[:, None]
#: Texts up to this size share their tables; an index being built makes its own.
_SHARED = 4096


def _power_tables(size: int) -> tuple[U64, U64]:
    steps = np.empty((2, size), dtype=np.uint64)
    steps[:, 0] = 1
    steps[0, 1:] = _BASE
    steps[1, 1:] = _INVERSE
    powers = np.multiply.accumulate(steps, axis=1)
    return powers[0], powers[1]


_shared_powers = lru_cache(maxsize=1)(_power_tables)


class Hasher:
    """Prefix sums over one text, from which the sums of any window follow; ``finish`` makes signatures of them.

    Args:
        mixed: code points as ``mix`` spreads them, shape (n,).
    """

    def __init__(self, mixed: U64) -> None:
        size = len(mixed)
        powers = _shared_powers(_SHARED) if size < _SHARED else _power_tables(size + 1)
        self._powers, self._inverse = powers
        self._mixed = mixed
        self._place, self._sum = np.zeros((2, size + 1), dtype=np.uint64)
        np.cumsum(mixed * self._powers[:size], out=self._place[1:])
        np.cumsum(mixed, out=self._sum[1:])

    def exact(self, start: I64, end: I64) -> U64:
        """Of windows as they stand."""
        found: U64 = (self._place[end] - self._place[start]) * self._inverse[start] + _SALTS[end - start]
        return found

    def order(self, start: I64, end: I64) -> U64:
        """Of windows whatever the order of their characters."""
        found: U64 = self._sum[end] - self._sum[start] + _SALTS[end - start + 64]
        return found

    def masked(self, start: I64) -> U64:
        """Of four-character windows with one position left out, each position in turn. Shape: (4 * len(start),)."""
        terms = self._mixed[start + _FOUR] * self._powers[:4, None]
        found: U64 = terms.sum(axis=0) - terms + _SALTS[120:124, None]
        return found.ravel()
