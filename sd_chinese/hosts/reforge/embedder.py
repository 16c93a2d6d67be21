"""A1111's encoder module under reForge's memory rules.

Source: modules_forge/forge_clip.py, and model_management.py, ops.py and lora.py of ldm_patched/modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from ldm_patched.modules import model_management, ops
from ldm_patched.modules.lora import load_lora
from ldm_patched.modules.model_patcher import ModelPatcher
from torch import Tensor, nn

from sd_chinese.hosts.a1111.embedder import Embedder
from sd_chinese.hosts.forge.loras import TextLora, kohya_names
from sd_chinese.hosts.forge.resident import compute_on
from sd_chinese.hosts.lora_family import is_made_for
from sd_chinese.text.conditioner import Conditioner


class PatchedEmbedder(Embedder):
    """A Chinese text encoder that the host moves and unloads with its other models.

    Args:
        source: the file or folder that the encoder was read from.
        conditioner: made of `host_layers`, in `text_dtype`.
    """

    minimal_clip_skip = 1  # modules/processing.py

    def __init__(self, source: Path, conditioner: Conditioner) -> None:
        super().__init__(conditioner.spec, conditioner.tokenizer.vocabulary)
        compute_on(conditioner.encoder, model_management.text_encoder_device)
        self.transformer.fill(conditioner.encoder, self.tokenizer, self.spec)
        self.source = source
        self._bare = self._patcher = ModelPatcher(
            conditioner.encoder,
            load_device=model_management.text_encoder_device(),
            offload_device=model_management.text_encoder_offload_device(),
        )
        self._worn: Sequence[TextLora] = ()

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Shape: (texts, context_length x contexts, context_width)."""
        model_management.load_model_gpu(self._patcher)
        return super().forward(texts)

    def wear(self, loras: Sequence[TextLora]) -> Sequence[TextLora]:
        """Apply the text parts of a request's LoRA that were made for this encoder, and return the others."""
        names = kohya_names(self._patcher.model)
        fitting = [
            lora for lora in loras if _fits(lora, names) and is_made_for(Path(lora.filename), self.spec)
        ]
        if [lora.identity for lora in fitting] != [lora.identity for lora in self._worn]:
            self._worn = fitting
            self._patcher = self._bare.clone()  # the host loads a patcher that it has not seen
            for lora in fitting:
                self._patcher.add_patches(load_lora(dict(lora.tensors), names), lora.strength)
        return [lora for lora in loras if lora not in fitting]

    def leave(self) -> None:
        """Take the encoder off the host's list of loaded models, which would keep it alive."""
        loaded = model_management.current_loaded_models
        for index in reversed(range(len(loaded))):
            if loaded[index].model is self._patcher:
                loaded.pop(index).model_unload()


@contextmanager
def host_layers() -> Iterator[None]:
    """Build an encoder of the host's layers, which compute where and as precisely as their input asks.

    The host loads part of a model where memory is short, and only these can wait elsewhere.
    """
    embedding = nn.Embedding
    nn.Embedding = getattr(ops.manual_cast, "Embedding", embedding)  # type: ignore[misc]  # classic has none
    try:
        with ops.use_patched_ops(ops.manual_cast):
            yield
    finally:
        nn.Embedding = embedding  # type: ignore[misc]


def text_dtype() -> torch.dtype:
    """The precision in which the host keeps text encoders."""
    dtype: torch.dtype = model_management.text_encoder_dtype(model_management.text_encoder_device())
    return dtype


def _fits(lora: TextLora, names: dict[str, str]) -> bool:
    """Whether each key of a LoRA has a place in the encoder."""
    return all(any(key.startswith(f"{name}.") for name in names) for key in lora.tensors)
