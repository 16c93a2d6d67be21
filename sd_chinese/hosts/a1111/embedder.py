"""The module that stands where the host has its text encoder (`sd_model.cond_stage_model`).

What the host asks of it: AUTOMATIC1111 1.10.1 modules/sd_hijack.py (`get_prompt_lengths`), modules/sd_hijack_clip.py
(`TextConditionalModel`), modules/lowvram.py (`transformer`), modules/textual_inversion/textual_inversion.py
(`tokenize`, `encode_embedding_init_text`). An attribute `model` would mean Stable Diffusion 2 to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sd_chinese.hosts.a1111 import loras, slot
from sd_chinese.hosts.concepts import PromptTokenizer, hashes_of
from sd_chinese.spec import EncoderSpec, bare_name
from sd_chinese.text.chunks import Chunk, chunk_prompt
from sd_chinese.text.conditioner import Conditioner
from sd_chinese.text.encoders import build_encoder
from sd_chinese.vocabulary import Vocabulary

PREFIX = "cond_stage_model."


class Entrance(nn.Module):
    """The call that brings the encoder to its device: low-VRAM modes hook it, and no tensor exists before it."""

    encoder: nn.Module | None

    def __init__(self) -> None:
        super().__init__()
        self.encoder = None
        self.conditioner: Conditioner | None = None

    def fill(self, encoder: nn.Module, tokenizer: PromptTokenizer, spec: EncoderSpec) -> None:
        self.encoder = encoder
        self.conditioner = Conditioner(encoder, tokenizer, spec)
        tokenizer.concepts.attach(encoder.transformer.get_input_embeddings())  # type: ignore[operator, union-attr]

    def forward(self, texts: Sequence[str], negative: bool, emphasis: str, clip_skip: int) -> Tensor:
        assert self.conditioner is not None, "the host loads weights before it encodes"
        # LoRA change weights while the encoder runs, and the host keeps conditioning itself.
        self.conditioner.forget()
        found = self.conditioner(texts, negative=negative, emphasis=emphasis, clip_skip=clip_skip)
        return found.crossattn


class Embedder(nn.Module):
    """A Chinese text encoder as the host's model wants it."""

    is_trainable = False
    input_key = "txt"
    legacy_ucg_val = None

    def __init__(self, spec: EncoderSpec, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.spec = spec
        self.tokenizer = PromptTokenizer(spec, vocabulary, _embeddings)
        self.transformer = Entrance()

    @staticmethod
    def of(conditioner: Conditioner) -> Embedder:
        """Around an encoder that was loaded from a file of its own."""
        embedder = Embedder(conditioner.spec, conditioner.tokenizer.vocabulary)
        embedder.transformer.fill(conditioner.encoder, embedder.tokenizer, embedder.spec)
        return embedder

    @property
    def wrapped(self) -> nn.Module:
        """Where the host's LoRA looks for modules (1.8 of it in nothing else)."""
        return self.transformer.encoder or self.transformer

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Shape: (texts, context_length x contexts, context_width)."""
        emphasis = _emphasis()
        self.tokenizer.concepts.clear()
        with loras.heard_by(self.spec):
            rows: Tensor = self.transformer(
                texts,
                negative=getattr(texts, "is_negative_prompt", False),
                emphasis=emphasis,
                clip_skip=min(_options().CLIP_stop_at_last_layers, self.spec.layers),
            )
        self._say_in_infotext(texts, emphasis)
        return rows

    def process_texts(self, texts: Sequence[str]) -> tuple[list[list[Chunk]], int]:
        """The contexts of each text, and the longest text's tokens."""
        markup = _emphasis() != "None"
        chunks = [chunk_prompt(text, self.tokenizer, self.spec, markup=markup) for text in texts]
        return chunks, max((self._count(contexts) for contexts in chunks), default=0)

    def get_target_prompt_token_count(self, token_count: int) -> int:
        """The tokens that the contexts of such a prompt hold."""
        return math.ceil(max(token_count, 1) / self._room) * self._room

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text, without start and end."""
        return [self.tokenizer.name_ids(text) for text in texts]

    def encode_embedding_init_text(self, init_text: str, nvpt: int) -> Tensor:
        """Word embeddings of the first ``nvpt`` tokens. Shape: (tokens, width)."""
        encoder: Any = self.transformer.encoder
        words = encoder.transformer.get_input_embeddings()
        (ids,) = self.tokenize([init_text])
        with torch.no_grad():
            rows: Tensor = words(torch.tensor([ids[:nvpt]], dtype=torch.long, device=words.weight.device))
        return rows[0]

    @property
    def _room(self) -> int:
        """Tokens of a context between its start and its end."""
        return self.spec.context_length - 2

    def _count(self, contexts: Sequence[Chunk]) -> int:
        return (len(contexts) - 1) * self._room + contexts[-1].used - 2

    def _say_in_infotext(self, texts: Sequence[str], emphasis: str) -> None:
        """What the host's own encoder says there. Source: modules/sd_hijack_clip.py `forward`."""
        said = _hijack().extra_generation_params
        if emphasis != "Original" and any(mark in text for text in texts for mark in "([（［"):
            said["Emphasis"] = emphasis
        hashes = hashes_of(self.tokenizer.concepts.used)
        if hashes and _options().textual_inversion_add_hashes_to_infotext:
            said["TI hashes"] = ", ".join(filter(None, [hashes, said.get("TI hashes")]))


class ChineseEmbedder(Embedder):
    """The encoder of a checkpoint, built by the host from a yaml; hollow until `fill`.

    Args:
        spec: an `EncoderSpec` in its written form.
        vocabulary: a key of `slot`.
    """

    def __init__(self, spec: str, vocabulary: str) -> None:
        super().__init__(EncoderSpec.from_json(spec), slot.take_vocabulary(vocabulary))

    def fill(self, state_dict: Mapping[str, Tensor], device: str | torch.device, dtype: torch.dtype) -> None:
        """Build the encoder from a checkpoint's tensors, as the host names them.

        Raises:
            SdzhError: a tensor of the encoder is missing, has another shape, or was left over.
        """
        self.transformer.encoder = None
        keys = {bare_name(key): key for key in state_dict if key.startswith(PREFIX)}
        encoder = build_encoder(self.spec, keys, state_dict.__getitem__, device=device, dtype=dtype)
        self.transformer.fill(encoder, self.tokenizer, self.spec)


def _options() -> Any:
    from modules import shared

    return shared.opts


def _emphasis() -> str:
    return getattr(_options(), "emphasis", "Original")


def _hijack() -> Any:
    from modules import sd_hijack

    return sd_hijack.model_hijack


def _embeddings() -> Mapping[str, Any]:
    database: Mapping[str, Any] = _hijack().embedding_db.word_embeddings
    return database
