"""What must be known of a text encoder to run it as its publisher does, and how to read that from its files.

Tensor shapes, ``config.json`` and the tokenizer's files say most of it. What no file says (the attention mask, the rows
that reach the UNet, the ids around a prompt, the punctuation) stands in one table, :data:`RULES`. Names of models and
files decide nothing.
"""

from __future__ import annotations

from sd_chinese.spec.encoder_spec import (
    AS_TYPED,
    SPEC_KEY,
    VOCABULARY_KEY,
    EncoderSpec,
    PunctuationPolicy,
    TokenizerSpec,
)
from sd_chinese.spec.files import (
    EncoderFiles,
    bare_name,
    check_fit,
    encoder_keys,
    encoder_prefix,
    encoder_vocabulary,
    find_encoder,
    read_spec,
    spec_of,
)
from sd_chinese.spec.rules import NO_CHINESE_MARKS, RULES, Rule

__all__ = [
    "AS_TYPED",
    "NO_CHINESE_MARKS",
    "RULES",
    "SPEC_KEY",
    "VOCABULARY_KEY",
    "EncoderFiles",
    "EncoderSpec",
    "PunctuationPolicy",
    "Rule",
    "TokenizerSpec",
    "bare_name",
    "check_fit",
    "encoder_keys",
    "encoder_prefix",
    "encoder_vocabulary",
    "find_encoder",
    "read_spec",
    "spec_of",
]
