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
from sd_chinese.expand.signatures import EXACT, I64, LONGEST, MASK, ORDER, ORDER_LENGTHS, U32, U64, Hasher

FORMAT = 6
#: Sorted signatures are found by a table over this many of their top bits.
SLOT_BITS = 20
#: The lengths of the patterns that begin with a pair of characters are noted in a table of this many bits.
OPENING_BITS = 20
#: Pairs of verse fall into a table of this many bits; the characters themselves are compared afterwards.
PAIR_BITS = 18
#: A pair that more lines than this contain says nothing.
COMMON_PAIR = 2000
#: Indexes of other data (another user's lexicon, with and without a corpus) left in the cache.
KEPT = 4
_TYPE_SHIFT = 28
#: Bit ``n - 1`` stands for the length ``n``.
_LENGTH_BITS = np.uint32(1) << np.arange(LONGEST, dtype=np.uint32)


class Index:
    """Read access to the arrays of one index."""

    def __init__(self, arrays: store.Arrays, meta: dict[str, Any]) -> None:
        self.images: dict[str, int] = meta["images"]
        self.counts: dict[str, int] = meta["counts"]
        self.faults = [Fault(*fault) for fault in meta["faults"]]
        self.role, self.ref, self.spelling = arrays["role"], arrays["ref"], arrays["spelling"]
        self.start = arrays["start"]
        self._pairs_start, self._pairs = arrays["pairs_start"], arrays["pairs"]
        self._pool, self._keys, self._values = arrays["pool"], arrays["keys"], arrays["values"]
        self._slots, self._openings = arrays["slots"], arrays["openings"]
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

    def openings(self, pairs: U64) -> tuple[I64, I64]:
        """Windows (place in ``pairs``, length) that may be patterns, by the pair of characters that they begin with.

        Args:
            pairs: ``signatures.mix_pairs`` of a text.
        """
        lengths = self._openings[buckets(pairs, OPENING_BITS)]
        place, bit = np.nonzero(lengths[:, None] & _LENGTH_BITS)
        return place, bit + 1

    def look_up(self, keys: U32) -> tuple[I64, list[int], list[int]]:
        """Candidates whose signature is in the table: their places in ``keys``, signature types and patterns."""
        slot = keys >> np.uint32(32 - SLOT_BITS)
        place, row = rows(self._slots[slot], self._slots[slot + 1])
        hits = np.flatnonzero(self._keys[row] == keys[place])
        values = self._values[row[hits]]
        kinds, patterns = values >> np.uint32(_TYPE_SHIFT), values & np.uint32((1 << _TYPE_SHIFT) - 1)
        return place[hits], kinds.tolist(), patterns.tolist()

    def verse_with(self, pairs: U64) -> tuple[I64, U32]:
        """(place in ``pairs``, line) for every line of verse that holds a pair; pairs that say nothing are left out."""
        bucket = buckets(pairs, PAIR_BITS)
        begin, end = self._pairs_start[bucket], self._pairs_start[bucket + 1]
        place, row = rows(begin, np.where(end - begin > COMMON_PAIR, begin, end))
        return place, self._pairs[row] >> np.uint32(5)

    def find(self, word: str) -> int:
        """The pattern that is exactly ``word`` (folded characters), or -1."""
        codes = code_points(word)
        if not 0 < len(codes) <= signatures.LONGEST:
            return -1
        key = signatures.finish(Hasher(signatures.mix(codes)).exact(np.array([0]), np.array([len(codes)])))
        _, kinds, patterns = self.look_up(key)
        found = (pattern for kind, pattern in zip(kinds, patterns, strict=True) if kind == EXACT)
        return next((pattern for pattern in found if self.word(pattern) == word), -1)


def buckets(hashes: U64, bits: int) -> I64:
    """The top ``bits`` of hashes, as places in a table."""
    found: I64 = (hashes >> np.array([64 - bits], dtype=np.uint64)).astype(np.int64)
    return found


def rows(begin: U32, end: U32) -> tuple[I64, I64]:
    """Every row of the half-open ranges, with the number of its range. Shapes: (n,), (n,) -> (rows,), (rows,)."""
    count = (end - begin).astype(np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) + (begin - (np.cumsum(count) - count))[owner]


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
    edges = np.arange(1 << SLOT_BITS, dtype=np.uint32) << np.uint32(32 - SLOT_BITS)
    slots = np.append(np.searchsorted(keys, edges), len(keys)).astype(np.uint32)
    pairs_start, pairs = _pairs(codes, start.astype(np.int64), spelling)
    arrays: store.Arrays = {
        "role": facts[:, 0].astype(np.uint8),
        "ref": facts[:, 1].astype(np.int32),
        "spelling": spelling,
        "start": start,
        "pool": codes,
        "keys": keys,
        "values": values,
        "slots": slots,
        "openings": _opening_lengths(codes, start.astype(np.int64)),
        "pairs_start": pairs_start,
        "pairs": pairs,
    }
    for name, texts in (("entries", found.entries), ("poems", found.poems)):
        offsets, pool = lay_out(texts)
        arrays[f"{name}_start"], arrays[name] = offsets, np.frombuffer(pool, dtype=np.uint8)
    meta = {
        "images": found.images,
        "counts": {"patterns": len(words), "entries": len(found.entries), "poems": len(found.poems)},
        "faults": [[fault.path, fault.line, fault.message] for fault in found.faults],
    }
    return store.pack(arrays, meta)


def _signatures(codes: U32, start: I64, spelling: npt.NDArray[np.uint8]) -> tuple[U32, U32]:
    """All signatures of all patterns with (type, pattern) packed into one number each."""
    hasher = Hasher(signatures.mix(codes))
    first, last = start[:-1], start[1:]
    numbers = np.arange(len(first), dtype=np.uint32)
    keys, values = [hasher.exact(first, last)], [numbers + np.uint32(EXACT << _TYPE_SHIFT)]
    length = last - first
    loose = np.flatnonzero((spelling > 0) & (length >= ORDER_LENGTHS[0]) & (length <= ORDER_LENGTHS[-1]))
    keys.append(hasher.order(first[loose], last[loose]))
    values.append(numbers[loose] + np.uint32(ORDER << _TYPE_SHIFT))
    short = np.flatnonzero((spelling > 0) & (length == 4))
    keys.append(hasher.masked(first[short]))
    values += [numbers[short] + np.uint32((MASK + position) << _TYPE_SHIFT) for position in range(4)]
    return signatures.finish(np.concatenate(keys)), np.concatenate(values)


def _opening_lengths(codes: U32, start: I64) -> U32:
    """For each bucket of pairs a bit for every length of the patterns that begin with one of them."""
    found = np.zeros(1 << OPENING_BITS, dtype=np.uint32)
    if len(codes) > 1:
        first = buckets(signatures.mix_pairs(signatures.mix(codes))[start[:-1]], OPENING_BITS)
        np.bitwise_or.at(found, first, _LENGTH_BITS[np.diff(start) - 1])
    return found


def _pairs(codes: U32, start: I64, spelling: npt.NDArray[np.uint8]) -> tuple[U32, U32]:
    """For each bucket the lines (pattern * 32 + position) in which a pair of characters stands."""
    length = np.diff(start)
    verse = np.flatnonzero(((spelling & VERSE) > 0) & (length >= 5))
    number = np.repeat(verse, length[verse] - 1)
    position = np.arange(len(number)) - np.repeat(
        np.cumsum(length[verse] - 1) - (length[verse] - 1), length[verse] - 1
    )
    at = start[number] + position
    bucket = buckets(signatures.mix_pairs(signatures.mix(codes))[at], PAIR_BITS) if len(at) else at
    order = np.argsort(bucket, kind="stable")
    counts = np.bincount(bucket, minlength=1 << PAIR_BITS)
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
