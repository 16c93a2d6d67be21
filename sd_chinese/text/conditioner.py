"""Prompts in, the rows that feed a UNet's cross-attention out."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.spec import EncoderSpec
from sd_chinese.text.chunks import Chunk, chunk_prompt
from sd_chinese.text.emphasis import find_emphasis
from sd_chinese.text.tokenizers import Tokenizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

# Contexts in one forward pass: enough for any prompt, bounded for a page of text.
_MAX_BATCH = 8
_REMEMBERED = 32


@dataclass(frozen=True)
class Conditioning:
    """What the UNet gets.

    Attributes:
        crossattn: Shape: (texts, context_length x contexts, context_width).
    """

    crossattn: Tensor


@dataclass(frozen=True)
class TokenCount:
    """How many tokens a prompt takes, and how many its contexts hold; the ids around them are not counted."""

    used: int
    limit: int


class Conditioner:
    """A text encoder with its tokenizer, run as its publisher runs it.

    Texts that were encoded lately are remembered, under the weights and the options of then.

    Args:
        encoder: a module of `sd_chinese.text.encoders`; may be moved, reloaded and patched in place.
    """

    def __init__(self, encoder: nn.Module, tokenizer: Tokenizer, spec: EncoderSpec) -> None:
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.spec = spec
        self._remembered: OrderedDict[Hashable, Tensor] = OrderedDict()

    def __call__(
        self, texts: Sequence[str], *, negative: bool = False, emphasis: str = "Original", clip_skip: int = 1
    ) -> Conditioning:
        """Encode texts; those of fewer contexts are filled up with the empty prompt, as in the hosts.

        Args:
            negative: whether the texts come from the negative box (see `PunctuationPolicy`).
            emphasis: Original, No norm, Ignore or None.
            clip_skip: 1 for the publisher's layer, 2 for the one before it, and so on.

        Raises:
            SdzhError: a prompt is too long, or an option does not exist.
        """
        import torch

        if not 1 <= clip_skip <= self.spec.layers:
            raise SdzhError("clip_skip_range", value=clip_skip, limit=self.spec.layers)
        rows = self._rows(texts, negative, emphasis, clip_skip)
        longest = max(len(text_rows) for text_rows in rows)
        if any(len(text_rows) < longest for text_rows in rows):
            (filler,) = self._rows([""], negative, emphasis, clip_skip)
            rows = [
                torch.cat([text_rows, filler.repeat((longest - len(text_rows)) // len(filler), 1)])
                for text_rows in rows
            ]
        return Conditioning(torch.stack(rows))

    def count(self, text: str, *, negative: bool = False, emphasis: str = "Original") -> TokenCount:
        """Count a prompt's tokens as the hosts do: a context that ended early counts as full.

        Raises:
            SdzhError: the prompt is too long.
        """
        chunks = self._chunks(text, negative, emphasis)
        room = self.spec.context_length - 2
        return TokenCount((len(chunks) - 1) * room + chunks[-1].used - 2, len(chunks) * room)

    def to(self, device: str | torch.device | None = None, dtype: torch.dtype | None = None) -> Conditioner:
        """Move the encoder."""
        self.encoder.to(device=device, dtype=dtype)
        return self

    def forget(self) -> None:
        """Drop what is remembered: for hosts that change weights only while the encoder runs."""
        self._remembered.clear()

    @property
    def identity(self) -> str:
        """A hash of spec, vocabulary and weights (sampled); the same wherever the file lies."""
        digest = hashlib.sha256(self.spec.to_json().encode())
        digest.update(self.tokenizer.vocabulary.data)
        for parameter in self.encoder.parameters():
            values = parameter.detach().flatten()
            sample = values[:: max(1, len(values) // 64)]
            digest.update(sample.float().cpu().numpy().tobytes())
        return digest.hexdigest()

    def _rows(self, texts: Sequence[str], negative: bool, emphasis: str, clip_skip: int) -> list[Tensor]:
        """The rows of each text. Shape: (context_length x contexts, context_width)."""
        state = self._state()
        keys = {text: (state, text, negative, emphasis, clip_skip) for text in texts}
        new = [text for text, key in keys.items() if key not in self._remembered]
        found = {text: self._remembered[key] for text, key in keys.items() if key in self._remembered}
        found |= zip(new, self._encode(new, negative, emphasis, clip_skip), strict=True)
        for text, key in keys.items():
            self._remembered[key] = found[text]
            self._remembered.move_to_end(key)
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return [found[text] for text in texts]

    def _encode(self, texts: Sequence[str], negative: bool, emphasis: str, clip_skip: int) -> list[Tensor]:
        import torch

        if not texts:
            return []
        weigh = find_emphasis(emphasis)
        chunks = [self._chunks(text, negative, emphasis) for text in texts]
        flat = [chunk for text_chunks in chunks for chunk in text_chunks]
        with torch.no_grad():
            parts = [
                weigh(*self._forward(flat[first : first + _MAX_BATCH], clip_skip))
                for first in range(0, len(flat), _MAX_BATCH)
            ]
        rows = torch.cat(parts).split_with_sizes([len(text_chunks) for text_chunks in chunks])
        return [text_rows.flatten(0, 1) for text_rows in rows]

    def _forward(self, chunks: Sequence[Chunk], clip_skip: int) -> tuple[Tensor, Tensor]:
        """Rows and weights. Shapes: (chunks, rows, width), (chunks, rows)."""
        import torch

        device = next(self.encoder.parameters()).device
        ids = torch.tensor([chunk.ids for chunk in chunks], device=device)
        weights = torch.tensor([chunk.weights for chunk in chunks], device=device)
        mask = None
        if self.spec.attention_mask:
            used = torch.tensor([[chunk.used] for chunk in chunks], device=device)
            mask = (torch.arange(ids.shape[1], device=device) < used).long()
        rows = self.encoder(ids, mask, clip_skip)
        return rows, weights.to(rows.device)  # computed elsewhere than a host short of memory keeps weights

    def _chunks(self, text: str, negative: bool, emphasis: str) -> list[Chunk]:
        return chunk_prompt(text, self.tokenizer, self.spec, negative=negative, markup=emphasis != "None")

    def _state(self) -> Hashable:
        """Changes whenever the encoder's weights were moved, replaced or written to."""
        return hash(
            tuple(
                (id(p), p.data_ptr(), 0 if p.is_inference() else p._version)
                for p in self.encoder.parameters()
            )
        )
