"""BertModel as a text encoder: Taiyi v0.1 and svjack without a mask, Chinese-CLIP (ModelScope) with one.

transformers' ChineseCLIPTextModel is BertModel under another name, down to its tensors' names.
Sources: arXiv:2209.02970 (Taiyi), arXiv:2211.01335 (Chinese-CLIP).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from sd_chinese.spec import EncoderSpec
from sd_chinese.text.encoders.sizes import shared_sizes


class BertEncoder(nn.Module):
    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__()
        self.layer = spec.layer
        config = BertConfig(
            **shared_sizes(spec),
            type_vocab_size=spec.token_types,
        )
        self.transformer = BertModel(config, add_pooling_layer=False)

    def forward(self, ids: Tensor, mask: Tensor | None, clip_skip: int = 1) -> Tensor:
        """Shapes: ids and mask (batch, rows) -> (batch, rows, width)."""
        output = self.transformer(
            input_ids=ids,
            attention_mask=mask,
            token_type_ids=torch.zeros_like(ids),
            output_hidden_states=True,
        )
        rows: Tensor = output.hidden_states[self.layer + 1 - clip_skip]
        return rows
