"""The memory-mapped index of every pattern: signatures of exact and misspelt words, character pairs of verse.

It is built once into a cache folder and built again when the data, the format or the file's checksum does not
fit; where nothing can be written it lives in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sd_chinese.expand import signatures, store
from sd_chinese.expand.hantext import code_points
from sd_chinese.expand.lexicon import Fault
from sd_chinese.expand.patterns import VERSE, Collection, Source, collect, lay_out
from sd_chinese.expand.signatures import EXACT, MASK, ORDER, ORDER_LENGTHS, Hasher

FORMAT = 2
#: Signatures are sifted by their top bits before the sorted table is searched.
SIEVE_BITS = 24
#: Character pairs fall into this many buckets; the characters themselves are compared afterwards.
PAIR_BITS = 18
#: A pair that more lines than this contain says nothing.
COMMON_PAIR = 2000
#: Indexes of other data (another user's lexicon, with and without a corpus) left in the cache.
KEPT = 4
_TYPE_SHIFT = 28
_ONE = np.uint8(1)


class Index:
    """Read access to the arrays of one index."""

    def __init__(self, arrays: store.Arrays, meta: dict[str, Any]) -> None:
        self.lengths: tuple[int, ...] = tuple(meta["lengths"])
        self.images: dict[str, int] = meta["images"]
        self.counts: dict[str, int] = meta["counts"]
        self.faults = [Fault(*fault) for fault in meta["faults"]]
        self.role, self.ref, self.spelling = arrays["role"], arrays["ref"], arrays["spelling"]
        self.start = arrays["start"]
        self.pairs_start, self.pairs = arrays["pairs_start"], arrays["pairs"]
        self._pool, self._keys, self._values = arrays["pool"], arrays["keys"], arrays["values"]
        self._sieve = arrays["sieve"]
        self.word = lru_cache(maxsize=16384)(self._word)
        self._records = {name: (arrays[f"{name}_start"], arrays[name]) for name in ("entries", "poems")}

    def _word(self, pattern: int) -> str:
        a, b = int(self.start[pattern]), int(self.start[pattern + 1])
        return self._pool[a:b].tobytes().decode("utf-32-le")

    def entry(self, number: int) -> str:
        return self._record("entries", number)

    def poem(self, number: int) -> str:
        return self._record("poems", number)

    def _record(self, name: str, number: int) -> str:
        start, pool = self._records[name]
        return pool[int(start[number]) : int(start[number + 1])].tobytes().decode("utf-8")

    def look_up(self, keys: npt.NDArray[np.uint32]) -> list[tuple[int, int, int]]:
        """Candidates (place in ``keys``, signature type, pattern) whose signature is in the table."""
        byte = self._sieve[keys >> np.uint32(35 - SIEVE_BITS)]
        bit = (keys >> np.uint32(32 - SIEVE_BITS)).astype(np.uint8) & np.uint8(7)
        place = np.flatnonzero((byte >> bit) & _ONE)
        chosen = keys[place]
        left = np.searchsorted(self._keys, chosen, "left")
        right = np.searchsorted(self._keys, chosen, "right")
        hits = np.flatnonzero(right > left)
        found = []
        for at, a, b in zip(place[hits].tolist(), left[hits].tolist(), right[hits].tolist(), strict=True):
            for value in self._values[a:b].tolist():
                found.append((at, value >> _TYPE_SHIFT, value & ((1 << _TYPE_SHIFT) - 1)))
        return found

    def find(self, word: str) -> int:
        """The pattern that is exactly ``word`` (folded characters), or -1."""
        codes = code_points(word)
        if not 0 < len(codes) <= signatures.LONGEST:
            return -1
        key = Hasher(codes).exact(np.array([0]), np.array([len(codes)]))
        for _, kind, pattern in self.look_up(key):
            if kind == EXACT and self.word(pattern) == word:
                return pattern
        return -1


def pair_bucket(first: npt.NDArray[np.uint32], second: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """The bucket of a pair of neighbouring characters."""
    mixed = signatures.mix(first * np.uint32(0x1F1F1F) + second)
    buckets: npt.NDArray[np.int64] = (mixed >> np.array([64 - PAIR_BITS], dtype=np.uint64)).astype(np.int64)
    return buckets


def build(found: Collection) -> bytes:
    """Lay the whole index out as one file's bytes."""
    words = list(found.patterns)
    codes = code_points("".join(words))
    start = np.zeros(len(words) + 1, dtype=np.uint32)
    np.cumsum([len(word) for word in words], out=start[1:])
    facts = np.array(list(found.patterns.values()), dtype=np.int64).reshape(-1, 3)
    spelling = facts[:, 2].astype(np.uint8)
    keys, values = _signatures(codes, start.astype(np.int64), spelling)
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    sieve = np.zeros(1 << (SIEVE_BITS - 3), dtype=np.uint8)
    slots = keys >> np.uint32(32 - SIEVE_BITS)
    np.bitwise_or.at(sieve, slots >> np.uint32(3), _ONE << (slots & np.uint32(7)).astype(np.uint8))
    pairs_start, pairs = _pairs(codes, start.astype(np.int64), spelling)
    arrays: store.Arrays = {
        "role": facts[:, 0].astype(np.uint8),
        "ref": facts[:, 1].astype(np.int32),
        "spelling": spelling,
        "start": start,
        "pool": codes,
        "keys": keys,
        "values": values,
        "sieve": sieve,
        "pairs_start": pairs_start,
        "pairs": pairs,
    }
    for name, texts in (("entries", found.entries), ("poems", found.poems)):
        offsets, pool = lay_out(texts)
        arrays[f"{name}_start"], arrays[name] = offsets, np.frombuffer(pool, dtype=np.uint8)
    meta = {
        "lengths": sorted({len(word) for word in words}),
        "images": found.images,
        "counts": {"patterns": len(words), "entries": len(found.entries), "poems": len(found.poems)},
        "faults": [[fault.path, fault.line, fault.message] for fault in found.faults],
    }
    return store.pack(arrays, meta)


def _signatures(
    codes: npt.NDArray[np.uint32], start: npt.NDArray[np.int64], spelling: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """All signatures of all patterns with (type, pattern) packed into one number each."""
    hasher = Hasher(codes)
    first, last = start[:-1], start[1:]
    numbers = np.arange(len(first), dtype=np.uint32)
    keys, values = [hasher.exact(first, last)], [numbers + np.uint32(EXACT << _TYPE_SHIFT)]
    length = last - first
    loose = np.flatnonzero((spelling > 0) & (length >= ORDER_LENGTHS[0]) & (length <= ORDER_LENGTHS[-1]))
    keys.append(hasher.order(first[loose], last[loose]))
    values.append(numbers[loose] + np.uint32(ORDER << _TYPE_SHIFT))
    short = np.flatnonzero((spelling > 0) & (length == 4))
    for position, masked in enumerate(hasher.masked(first[short])):
        keys.append(masked)
        values.append(numbers[short] + np.uint32((MASK + position) << _TYPE_SHIFT))
    return np.concatenate(keys), np.concatenate(values)


def _pairs(
    codes: npt.NDArray[np.uint32], start: npt.NDArray[np.int64], spelling: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """For each bucket the lines (pattern * 32 + position) in which a pair of characters stands."""
    length = np.diff(start)
    verse = np.flatnonzero(((spelling & VERSE) > 0) & (length >= 5))
    number = np.repeat(verse, length[verse] - 1)
    position = np.arange(len(number)) - np.repeat(
        np.cumsum(length[verse] - 1) - (length[verse] - 1), length[verse] - 1
    )
    at = start[number] + position
    buckets = pair_bucket(codes[at], codes[at + 1]) if len(at) else np.zeros(0, dtype=np.int64)
    order = np.argsort(buckets, kind="stable")
    counts = np.bincount(buckets, minlength=1 << PAIR_BITS)
    pairs_start = np.zeros((1 << PAIR_BITS) + 1, dtype=np.uint32)
    np.cumsum(counts, out=pairs_start[1:])
    return pairs_start, (number * 32 + position).astype(np.uint32)[order]


def stamp(sources: Sequence[Source]) -> str:
    """Changes whenever a source or the format does."""
    digest = hashlib.sha1(f"{FORMAT}".encode(), usedforsecurity=False)
    for source in sources:
        try:
            state = source.path.stat()
            digest.update(f"{source.path}|{source.kind}|{state.st_size}|{state.st_mtime_ns}\n".encode())
        except OSError:
            digest.update(f"{source.path}|missing\n".encode())
    return digest.hexdigest()[:16]


def open_index(sources: Sequence[Source], cache: Path | None) -> Index:
    """Open the index of ``sources``, building it first if the cache has none that fits.

    Args:
        cache: folder for index files; ``None`` keeps the index in memory.
    """
    path = cache / f"expand-{stamp(sources)}.idx" if cache else None
    if path:
        try:
            return Index(*store.open_store(path))
        except (OSError, store.CorruptStoreError, KeyError, ValueError):
            pass
    data = build(collect(sources))
    if path:
        try:
            store.write_store(path, data)
            _forget_others(path)
            return Index(*store.open_store(path))
        except OSError:
            pass
    return Index(*store.unpack(data))


def _forget_others(path: Path) -> None:
    """Keep the few newest indexes; one that another process holds open stays until it can go."""
    files = sorted(path.parent.glob("expand-*.idx"), key=lambda file: file.stat().st_mtime_ns)
    for other in files[:-KEPT]:
        with suppress(OSError):
            other.unlink()
