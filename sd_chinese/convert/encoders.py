"""Text encoders: one neutral naming (no levels above the tower), two spellings, and configurations from a spec.

The LDM spelling keeps BERT under ``transformer.text_model.`` like CLIP. AUTOMATIC1111 and Forge rename
``cond_stage_model.transformer.{embeddings,encoder,final_layer_norm}`` to ``…transformer.text_model.…`` whatever stands
there: names that carry the level already come through untouched, and a foreign Taiyi file, once renamed, looks the
same. XLM-R keeps the names of AUTOMATIC1111's own AltDiffusion loader.
"""

from __future__ import annotations

from sd_chinese.convert.keymap import KeyMap, Rule
from sd_chinese.convert.network import Config
from sd_chinese.spec import EncoderSpec

PREFIX = "cond_stage_model."
_TOWER = ("embeddings.", "encoder.", "final_layer_norm.")
_HEADS = ("transformation.", "transformation_pre.", "pre_LN.")


def _carries_nothing(key: str) -> bool:
    """Buffers, and heads that no UNet is fed from."""
    return key.endswith(("position_ids", "token_type_ids")) or key.startswith(_UNUSED)


_UNUSED = ("pooler.", "text_projection", "logit_scale")


def _levels(tower: str, heads: str = "") -> KeyMap:
    rules = [Rule(name, tower + name) for name in _TOWER] + [Rule(name, heads + name) for name in _HEADS]
    return KeyMap(tuple(rules), dropped=_carries_nothing)


LDM_NAMES = {
    "clip": _levels(PREFIX + "transformer.text_model."),
    "bert": _levels(PREFIX + "transformer.text_model."),
    "xlmr": _levels(PREFIX + "roberta.", PREFIX),
}
FOLDER_NAMES = {"clip": _levels("text_model."), "bert": _levels(""), "xlmr": _levels("roberta.")}

# transformers' class, model type and tokenizer of each architecture; the mask tells Chinese-CLIP's BERT from BERT.
_CLASSES = {
    ("clip", True): ("CLIPTextModel", "clip_text_model"),
    ("clip", False): ("CLIPTextModel", "clip_text_model"),
    ("bert", False): ("BertModel", "bert"),
    ("bert", True): ("ChineseCLIPTextModel", "chinese_clip_text_model"),
    ("xlmr", False): ("RobertaSeriesModelWithTransformation", "xlm-roberta"),
    ("xlmr", True): ("RobertaSeriesModelWithTransformation", "xlm-roberta"),
}
_TOKENIZERS = {
    "wordpiece": ("BertTokenizer", "vocab.txt"),
    "clip_bpe": ("CLIPTokenizer", "merges.txt"),
    "sentencepiece": ("XLMRobertaTokenizer", "sentencepiece.bpe.model"),
}


def encoder_config(spec: EncoderSpec) -> Config:
    """``text_encoder/config.json`` of a folder, in transformers' terms."""
    model_class, model_type = _CLASSES[spec.architecture, spec.attention_mask]
    return {
        "architectures": [model_class],
        "model_type": model_type,
        "vocab_size": spec.vocabulary_size,
        "max_position_embeddings": spec.positions,
        "hidden_size": spec.width,
        "num_hidden_layers": spec.layers,
        "num_attention_heads": spec.heads,
        "intermediate_size": spec.feed_forward,
        "hidden_act": spec.activation,
        "layer_norm_eps": spec.norm_eps,
        "bos_token_id": spec.tokenizer.start,
        "eos_token_id": spec.tokenizer.end,
        "pad_token_id": spec.tokenizer.pad,
        **({"type_vocab_size": spec.token_types} if spec.token_types else {}),
        **({"project_dim": spec.context_width} if spec.projection else {}),
    }


def tokenizer_config(spec: EncoderSpec) -> Config:
    """``tokenizer/tokenizer_config.json`` of a folder."""
    return {
        "tokenizer_class": _TOKENIZERS[spec.tokenizer.kind][0],
        "model_max_length": spec.context_length,
        "do_lower_case": spec.tokenizer.lower_case,
    }


def vocabulary_name(spec: EncoderSpec, vocabulary: bytes) -> str:
    """The file name under which tokenizers look for these bytes."""
    return "tokenizer.json" if vocabulary.startswith(b"{") else _TOKENIZERS[spec.tokenizer.kind][1]
