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


def mix_pairs(codes: U32) -> U64:
    """The same for every two neighbours. Shape in and out: (n,), (n - 1,)."""
    return mix(codes[:-1] * np.uint32(0x1F1F1F) + codes[1:])


def _finish(x: U64) -> U32:
    x ^= x >> _S29
    x *= _K3
    return (x >> _S32).astype(np.uint32)


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
    """Prefix sums over one text, from which the signature of any window follows.

    Args:
        codes: code points, shape (n,).
    """

    def __init__(self, codes: U32) -> None:
        size = len(codes)
        powers = _shared_powers(_SHARED) if size < _SHARED else _power_tables(size + 1)
        self._powers, self._inverse = powers
        self._mixed = mix(codes)
        zero = np.zeros(1, dtype=np.uint64)
        self._place = np.concatenate((zero, np.cumsum(self._mixed * self._powers[: len(codes)])))
        self._sum = np.concatenate((zero, np.cumsum(self._mixed)))

    def exact(self, start: I64, end: I64) -> U32:
        return _finish(self._raw(start, end) + _SALTS[end - start])

    def _raw(self, start: I64, end: I64) -> U64:
        raw: U64 = (self._place[end] - self._place[start]) * self._inverse[start]
        return raw

    def order(self, start: I64, end: I64) -> U32:
        return _finish((self._sum[end] - self._sum[start]) + _SALTS[end - start + 64])

    def masked(self, start: I64) -> U32:
        """Signatures of four-character windows with one position left out. Shape: (4, len(start))."""
        position = np.arange(4)[:, None]
        terms = self._mixed[start + position] * self._powers[:4, None]
        return _finish(self._raw(start, start + 4) - terms + _SALTS[120 + position])
