"""What transformers' configurations of all three architectures call alike."""

from __future__ import annotations

from typing import Any

from sd_chinese.spec import EncoderSpec


def shared_sizes(spec: EncoderSpec) -> dict[str, Any]:
    """Keyword arguments of BertConfig, CLIPTextConfig and XLMRobertaConfig."""
    return {
        "vocab_size": spec.vocabulary_size,
        "hidden_size": spec.width,
        "num_hidden_layers": spec.layers,
        "num_attention_heads": spec.heads,
        "intermediate_size": spec.feed_forward,
        "hidden_act": spec.activation,
        "max_position_embeddings": spec.positions,
        "layer_norm_eps": spec.norm_eps,
    }
