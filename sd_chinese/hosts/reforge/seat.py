"""Where an encoder of ours sits in a model of the host (`sd_model.cond_stage_model`), and how it gets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sd_chinese.hosts.a1111.substitute import empty_conditioning

if TYPE_CHECKING:
    from torch import Tensor

    from sd_chinese.hosts.reforge.embedder import PatchedEmbedder

SEAT = "cond_stage_model"
EMPTY = "cond_stage_model_empty_prompt"
_DISPLACED = "sdzh_displaced"


@dataclass(frozen=True)
class _Displaced:
    """What the host had before."""

    encoder: Any
    empty_prompt: Tensor | None


def attach(model: Any, embedder: PatchedEmbedder) -> None:
    """Let an encoder read the model's prompts until `detach`."""
    detach(model)
    empty_prompt = getattr(model, EMPTY, None)
    setattr(model, _DISPLACED, _Displaced(getattr(model, SEAT), empty_prompt))
    setattr(model, SEAT, embedder)
    _announce(model)
    if empty_prompt is not None:  # otherwise the host is about to compute it
        setattr(model, EMPTY, empty_conditioning(model))


def detach(model: Any) -> None:
    """Give the model its own encoder back."""
    embedder = attached(model)
    if embedder is None:
        return
    embedder.leave()
    displaced: _Displaced = getattr(model, _DISPLACED)
    delattr(model, _DISPLACED)
    setattr(model, SEAT, displaced.encoder)
    setattr(model, EMPTY, displaced.empty_prompt)
    _announce(model)


def attached(model: Any) -> PatchedEmbedder | None:
    """Our encoder in this model."""
    from sd_chinese.hosts.reforge.embedder import PatchedEmbedder

    embedder = getattr(model, SEAT, None)
    return embedder if isinstance(embedder, PatchedEmbedder) else None


def _announce(model: Any) -> None:
    """Whatever the host remembers of the encoder of before is replaced."""
    from modules import sd_hijack, sd_models

    model.current_lora_hash = ""  # the host applies a request's LoRA anew
    if sd_models.model_data.sd_model is model:
        sd_hijack.model_hijack.embedding_db.load_textual_inversion_embeddings(force_reload=True)
