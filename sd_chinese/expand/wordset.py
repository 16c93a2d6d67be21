"""Is this an ordinary Chinese word? A Bloom filter of half a megabyte over a segmenter's dictionary.

One word in three hundred that is none is taken for one (Bloom 1970: 2^22 bits, 4 hashes).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from functools import lru_cache

from sd_chinese.expand.lexicon import DATA

_BITS = 22
_HASHES = 4


def _slots(word: str) -> tuple[int, ...]:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4 * _HASHES).digest()
    return tuple(number >> (32 - _BITS) for number in struct.unpack(f"<{_HASHES}I", digest))


def pack(words: Iterable[str]) -> bytes:
    """The filter's bytes for ``words``."""
    bits = bytearray(1 << (_BITS - 3))
    for word in words:
        for slot in _slots(word):
            bits[slot >> 3] |= 1 << (slot & 7)
    return bytes(bits)


@lru_cache(maxsize=1)
def _known() -> bytes:
    return (DATA / "words.bits").read_bytes()


@lru_cache(maxsize=16384)
def is_word(word: str) -> bool:
    """Whether ``word`` (folded) is in the dictionary, but for one false yes in three hundred."""
    known = _known()
    return all(known[slot >> 3] >> (slot & 7) & 1 for slot in _slots(word))
