"""XLM-RoBERTa with a linear head: AltDiffusion, -m9 and -m18.

``transformation`` maps the last hidden state; -m18 has a ``transformation_pre`` that maps the last but one after a
layer norm. Source: arXiv:2211.06679 (AltCLIP) and diffusers' RobertaSeriesModelWithTransformation, whose rule this is.
"""

from __future__ import annotations

from torch import Tensor, nn
from transformers import XLMRobertaConfig, XLMRobertaModel

from sd_chinese.spec import EncoderSpec
from sd_chinese.text.encoders.sizes import shared_sizes


class XlmrEncoder(nn.Module):
    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__()
        self.layer = spec.layer
        config = XLMRobertaConfig(
            **shared_sizes(spec),
            type_vocab_size=spec.token_types,
            pad_token_id=spec.tokenizer.pad,
        )
        self.transformer = XLMRobertaModel(config, add_pooling_layer=False)
        if spec.projection == "transformation_pre":
            self.pre_LN: nn.Module = nn.LayerNorm(spec.width, eps=spec.norm_eps)
            self.transformation_pre = nn.Linear(spec.width, spec.context_width)
        else:
            self.transformation = nn.Linear(spec.width, spec.context_width)
        self._has_pre = spec.projection == "transformation_pre"

    def forward(self, ids: Tensor, mask: Tensor | None, clip_skip: int = 1) -> Tensor:
        """Shapes: ids and mask (batch, rows) -> (batch, rows, context width). The head fits one layer: no clip skip."""
        output = self.transformer(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        rows: Tensor = output.hidden_states[self.layer]
        projected: Tensor = (
            self.transformation_pre(self.pre_LN(rows)) if self._has_pre else self.transformation(rows)
        )
        return projected
