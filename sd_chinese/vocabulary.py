"""Vocabularies of text encoders: found beside a model, read without a tokenizer library.

===============  ==========================  =====================================================
kind             file                        used by
===============  ==========================  =====================================================
wordpiece        vocab.txt                   BERT and the CLIP towers that were trained on its ids
clip_bpe         merges.txt                  OpenAI's CLIP; the ids follow from the merges alone
sentencepiece    sentencepiece.bpe.model     XLM-RoBERTa
===============  ==========================  =====================================================

Newer libraries save nothing but a ``tokenizer.json``, which is read too. The vocabulary of Google's BERT-Base, Chinese
comes with the package.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sd_chinese.errors import SdzhError

WORDPIECE = "wordpiece"
CLIP_BPE = "clip_bpe"
SENTENCEPIECE = "sentencepiece"

# In order of preference: the publisher's own file first.
VOCABULARY_FILES = {
    "vocab.txt": WORDPIECE,
    "merges.txt": CLIP_BPE,
    "sentencepiece.bpe.model": SENTENCEPIECE,
    "tokenizer.json": None,
}
_JSON_KINDS = {"WordPiece": WORDPIECE, "BPE": CLIP_BPE, "Unigram": SENTENCEPIECE}
_BUNDLED = Path(__file__).parent / "data" / "bert_chinese.txt"


@dataclass(frozen=True)
class Vocabulary:
    """The words of a tokenizer, by id.

    Attributes:
        kind: ``wordpiece``, ``clip_bpe`` or ``sentencepiece``.
        data: the file it came from (``vocab.txt``, ``merges.txt``, a sentencepiece model or a ``tokenizer.json``):
            what a converted checkpoint carries.
        words: the word of every id.
        merges: pairs in the order in which they merge (``clip_bpe``).
        scores, charsmap: log probability of every word and the normalization table (``sentencepiece``).
    """

    kind: str
    data: bytes
    words: tuple[str, ...]
    merges: tuple[tuple[str, str], ...] = ()
    scores: tuple[float, ...] = ()
    charsmap: bytes = b""

    def ids(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}


def find_vocabulary(folder: Path, stem: str = "") -> Path | None:
    """The vocabulary file in a folder; with a ``stem``, the one whose name starts with ``stem.``"""
    names = (f"{stem}.{name}" if stem else name for name in VOCABULARY_FILES)
    return next((folder / name for name in names if (folder / name).is_file()), None)


def vocabulary_kind(path: Path) -> str:
    """Which kind of vocabulary a file holds, by its name or, in a ``tokenizer.json``, by what it says."""
    kind = next(kind for name, kind in VOCABULARY_FILES.items() if path.name.endswith(name))
    return kind or _parse_json(path.read_bytes(), path).kind


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary file.

    Raises:
        SdzhError: it cannot be read as what its name says.
    """
    return parse_vocabulary(path.read_bytes(), vocabulary_kind(path), source=path)


def parse_vocabulary(data: bytes, kind: str, source: object) -> Vocabulary:
    """Read a vocabulary from the bytes of its file; ``source`` names it in errors.

    Raises:
        SdzhError: the bytes are no such vocabulary.
    """
    if data.startswith(b"{"):
        return _parse_json(data, source)
    try:
        return _PARSERS[kind](data)
    except (KeyError, IndexError, ValueError, struct.error) as error:
        raise SdzhError("vocabulary_unreadable", source=source) from error


@lru_cache(maxsize=1)
def bundled_vocabulary() -> Vocabulary:
    """The 21,128 words of BERT-Base, Chinese."""
    return read_wordpiece(_BUNDLED.read_bytes())


def read_wordpiece(data: bytes) -> Vocabulary:
    """``vocab.txt``: a word a line, its id the line's number."""
    lines = data.decode("utf-8").split("\n")
    words = tuple(line.rstrip("\r") for line in (lines if lines[-1] else lines[:-1]))
    if "[UNK]" not in words:
        raise ValueError("no [UNK]")
    return Vocabulary(WORDPIECE, data, words)


def read_clip_bpe(data: bytes) -> Vocabulary:
    """``merges.txt``: a pair a line. CLIP numbers its words: 256 bytes, 256 bytes that end a word, the merges."""
    lines = [line.rstrip("\r") for line in data.decode("utf-8").split("\n")]
    pairs = [line.split(" ") for line in lines if line and not line.startswith("#version")]
    merges = tuple((first, second) for first, second in pairs)
    symbols = tuple(_byte_symbols())
    ends = tuple(symbol + "</w>" for symbol in symbols)
    joined = tuple(first + second for first, second in merges)
    return Vocabulary(
        CLIP_BPE, data, (*symbols, *ends, *joined, "<|startoftext|>", "<|endoftext|>"), merges=merges
    )


def read_sentencepiece(data: bytes) -> Vocabulary:
    """A sentencepiece model, with the ids that XLM-RoBERTa gives its pieces (fairseq's four words come first)."""
    pieces: list[tuple[str, float]] = []
    charsmap = b""
    for field, value in _protobuf(data):
        if field == 1:
            piece = dict(_protobuf(_as_bytes(value)))
            score = struct.unpack("<f", _as_bytes(piece.get(2, bytes(4))))[0]
            pieces.append((_as_bytes(piece[1]).decode("utf-8"), score))
        elif field == 3:
            charsmap = _as_bytes(dict(_protobuf(_as_bytes(value))).get(2, b""))
    if len(pieces) < 4:
        raise ValueError("no pieces")
    # sentencepiece: <unk> <s> </s> ...; XLM-RoBERTa: <s> <pad> </s> <unk> ... <mask>
    special = [(word, 0.0) for word in ("<s>", "<pad>", "</s>", "<unk>")]
    words, scores = zip(*special, *pieces[3:], ("<mask>", 0.0), strict=True)
    return Vocabulary(SENTENCEPIECE, data, words, scores=scores, charsmap=charsmap)


_PARSERS = {WORDPIECE: read_wordpiece, CLIP_BPE: read_clip_bpe, SENTENCEPIECE: read_sentencepiece}


def _parse_json(data: bytes, source: object) -> Vocabulary:
    """A ``tokenizer.json`` of Hugging Face's tokenizers."""
    try:
        tokenizer = json.loads(data)
        model = tokenizer["model"]
        kind = _JSON_KINDS[model["type"]]
        if kind == WORDPIECE:
            words = [""] * (1 + max(model["vocab"].values()))
            for word, i in model["vocab"].items():
                words[i] = word
            return read_wordpiece("\n".join(words).encode())
        if kind == CLIP_BPE:
            pairs = (merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"])
            return read_clip_bpe("\n".join(pairs).encode())
        pieces, scores = zip(*model["vocab"], strict=True)
        return Vocabulary(kind, data, pieces, scores=scores, charsmap=_json_charsmap(tokenizer["normalizer"]))
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise SdzhError("vocabulary_unreadable", source=source) from error


def _json_charsmap(normalizer: dict[str, Any] | None) -> bytes:
    """The ``Precompiled`` table, alone or in a sequence of normalizers."""
    steps = normalizer.get("normalizers", [normalizer]) if normalizer else []
    tables = (step["precompiled_charsmap"] for step in steps if step["type"] == "Precompiled")
    return base64.b64decode(next(tables, ""))


def _byte_symbols() -> Iterable[str]:
    """GPT-2's visible symbol for every byte, in CLIP's order: printable bytes first, the others from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return (chr(code) for code in [*printable, *range(0x100, 0x200 - len(printable))])


# Wire types of 64 and of 32 bits.
_FIXED_SIZES = {1: 8, 5: 4}


def _protobuf(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Field numbers and raw values of a protocol buffer message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            number, at = _varint(message, at)
            yield key >> 3, number
            continue
        size, at = _varint(message, at) if wire == 2 else (_FIXED_SIZES[wire], at)
        if at + size > len(message):
            raise ValueError("truncated")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def _as_bytes(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise ValueError("not a sentencepiece model")
    return value
