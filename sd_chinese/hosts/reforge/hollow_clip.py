"""What stands where the host insists on a CLIP that a Chinese checkpoint does not have.

Source: modules_forge/forge_loader.py `load_model_for_a1111`, which takes three of its parts; modules/sd_hijack_clip.py
`FrozenCLIPEmbedderWithCustomWords`, which reads its vocabulary; ldm_patched/modules/sd.py `load_lora_for_models`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any


class HollowClip:
    """Never run: `seat.attach` puts an encoder of ours in its place. No LoRA finds a key in it."""

    def __init__(self) -> None:
        from torch import nn

        words = nn.Module()
        words.text_model = nn.Module()
        words.text_model.embeddings = nn.Module()
        words.text_model.embeddings.token_embedding = nn.Embedding(1, 1)
        self.cond_stage_model = nn.Module()
        self.cond_stage_model.clip_l = nn.Module()
        self.cond_stage_model.clip_l.transformer = words
        nameless = SimpleNamespace(get_vocab=dict, bos_token_id=0, eos_token_id=0)
        self.tokenizer = SimpleNamespace(clip_l=SimpleNamespace(tokenizer=nameless))

    def clone(self) -> HollowClip:
        return copy.copy(self)

    def add_patches(self, patches: Mapping[Any, Any], *strengths: float) -> list[Any]:
        """The keys that were found here: none."""
        return []
