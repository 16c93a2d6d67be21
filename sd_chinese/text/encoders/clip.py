"""CLIP's causal text tower: PAI-Diffusion, SkyPaint, MiaoBi, Taiyi zh-EN and CLIP itself, whatever words they read.

Source: arXiv:2103.00020; layers other than the last get the final layer norm too, as in the hosts ("clip skip").
"""

from __future__ import annotations

from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from sd_chinese.spec import EncoderSpec
from sd_chinese.text.encoders.sizes import shared_sizes


class ClipEncoder(nn.Module):
    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__()
        self.layer = spec.layer
        config = CLIPTextConfig(
            **shared_sizes(spec),
            bos_token_id=spec.tokenizer.start,
            eos_token_id=spec.tokenizer.end,
        )
        self.transformer = CLIPTextModel(config)

    def forward(self, ids: Tensor, mask: Tensor | None, clip_skip: int = 1) -> Tensor:
        """Shapes: ids and mask (batch, rows) -> (batch, rows, width)."""
        layer = self.layer + 1 - clip_skip
        output = self.transformer(input_ids=ids, attention_mask=mask, output_hidden_states=layer != -1)
        if layer == -1:
            rows: Tensor = output.last_hidden_state
            return rows
        # transformers 5 took a level out of this model.
        tower = getattr(self.transformer, "text_model", self.transformer)
        normed: Tensor = tower.final_layer_norm(output.hidden_states[layer])
        return normed
