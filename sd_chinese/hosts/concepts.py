"""Textual inversion in our encoders: the host's embeddings as words of the prompt.

The host finds its embeddings by the ids of their names (modules/sd_hijack_clip.py `tokenize_line`), which a Chinese
vocabulary would confuse: every name with an unknown character has the same ids. Here names are found in the text, each
vector gets an id above the vocabulary, and the encoder's word embedding puts the vector in that id's place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sd_chinese.spec import EncoderSpec
from sd_chinese.text.tokenizers import Piece, Tokenizer
from sd_chinese.vocabulary import Vocabulary

if TYPE_CHECKING:
    from torch import Tensor, nn


class Concepts:
    """The vectors that stand behind ids from ``first`` on."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.used: dict[str, Any] = {}
        self._starts: dict[int, int] = {}
        self._vectors: list[Tensor] = []
        self._ids: Tensor | None = None

    def clear(self) -> None:
        """Before a prompt is read: the host may have loaded other embeddings since."""
        self.used, self._starts, self._vectors = {}, {}, []

    def ids(self, embedding: Any) -> range:
        """One id for every vector of an embedding of the host."""
        self.used[embedding.name] = embedding
        if id(embedding) not in self._starts:
            self._starts[id(embedding)] = self.first + len(self._vectors)
            self._vectors.extend(embedding.vec)
        start = self._starts[id(embedding)]
        return range(start, start + len(embedding.vec))

    def attach(self, words: nn.Module) -> None:
        """Let a word embedding know our ids."""
        words.register_forward_pre_hook(self._hide)
        words.register_forward_hook(self._show)

    def _hide(self, words: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        """Shape: (batch, rows). Ids that the vocabulary does not have become 0."""
        self._ids = inputs[0]
        return (inputs[0] * (inputs[0] < self.first),)

    def _show(self, words: nn.Module, inputs: tuple[Tensor], rows: Tensor) -> Tensor:
        """Shape: (batch, rows, width)."""
        ids, self._ids = self._ids, None
        assert ids is not None
        if not self._vectors or not bool((ids >= self.first).any()):
            return rows
        rows = rows.clone()
        for batch, row in (ids >= self.first).nonzero().tolist():
            rows[batch, row] = self._vectors[int(ids[batch, row]) - self.first].to(rows)
        return rows


class PromptTokenizer(Tokenizer):
    """Our tokenizer, to which the names of the host's embeddings are words.

    Args:
        embeddings: those of the encoder's width, by name, asked for at every prompt.
    """

    def __init__(
        self, spec: EncoderSpec, vocabulary: Vocabulary, embeddings: Callable[[], Mapping[str, Any]]
    ) -> None:
        super().__init__(spec.tokenizer, vocabulary)
        self._embeddings = embeddings
        self.concepts = Concepts(spec.vocabulary_size)  # of the encoder: it may know ids that no word has

    def __call__(self, text: str) -> list[Piece]:
        pieces: list[Piece] = []
        start = 0
        for first, last, embedding in _find(text, self._embeddings()):
            pieces += self._plain(text, start, first)
            pieces += [Piece(i, first, last) for i in self.concepts.ids(embedding)]
            start = last
        return pieces + self._plain(text, start, len(text))

    def name_ids(self, name: str) -> list[int]:
        """The ids under which the host files an embedding; never empty."""
        return [piece.id for piece in super().__call__(name)] or [self.spec.pad]

    def _plain(self, text: str, start: int, end: int) -> list[Piece]:
        pieces = super().__call__(text[start:end]) if start < end else []
        return [Piece(piece.id, start + piece.start, start + piece.end) for piece in pieces]


def _find(text: str, embeddings: Mapping[str, Any]) -> Iterator[tuple[int, int, Any]]:
    if embeddings:
        names = {name.casefold(): embedding for name, embedding in embeddings.items()}
        for match in _pattern(tuple(names)).finditer(text):
            if embedding := names.get(match[0].casefold()):
                yield *match.span(), embedding


@lru_cache(maxsize=4)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Longest name first; a name in letters is not found inside a word."""
    longest = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(_word, longest)), re.IGNORECASE)


def _word(name: str) -> str:
    left = r"(?<![A-Za-z0-9_])" if re.match(r"[A-Za-z0-9_]", name) else ""
    right = r"(?![A-Za-z0-9_])" if re.search(r"[A-Za-z0-9_]$", name) else ""
    return left + re.escape(name) + right


def hashes_of(used: Mapping[str, Any]) -> str:
    """The infotext's "TI hashes". Source: modules/sd_hijack_clip.py `forward`."""
    named = {name.replace(":", "").replace(",", ""): embedding for name, embedding in used.items()}
    return ", ".join(f"{name}: {e.shorthash}" for name, e in named.items() if e.shorthash)
