"""The frozen description of a text encoder, and its form in metadata and model cards."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sd_chinese.errors import SdzhError

# Metadata keys of a converted checkpoint. A value that starts with "{" would be parsed by the hosts: hence the prefix.
SPEC_KEY = "sdzh.spec"
VOCABULARY_KEY = "sdzh.vocabulary"
_SPEC_VERSION = "v1 "


@dataclass(frozen=True)
class PunctuationPolicy:
    """Characters that do not reach the encoder, per box: each of the first string becomes its match in the second."""

    positive: tuple[str, str] = ("", "")
    negative: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        for typed, encoded in (self.positive, self.negative):
            if len(typed) != len(encoded):
                raise SdzhError("spec_unreadable", reason=f"{typed!r} / {encoded!r}")

    def apply(self, text: str, *, negative: bool) -> str:
        """One character for one: offsets hold."""
        return text.translate(str.maketrans(*(self.negative if negative else self.positive)))


AS_TYPED = PunctuationPolicy()


@dataclass(frozen=True)
class TokenizerSpec:
    """How text becomes ids.

    Attributes:
        kind: ``wordpiece``, ``clip_bpe`` or ``sentencepiece``.
        vocabulary_size: words that the vocabulary must have.
        start, end, pad: ids before, after and behind the text.
        lower_case: whether WordPiece folds case and drops accents.
    """

    kind: str
    vocabulary_size: int
    start: int
    end: int
    pad: int
    lower_case: bool = True


@dataclass(frozen=True)
class EncoderSpec:
    """A text encoder, from the prompt to the rows that feed a UNet's cross-attention.

    Attributes:
        architecture: ``bert``, ``clip`` or ``xlmr``.
        vocabulary_size, positions, width, layers, heads, feed_forward, token_types: the transformer's sizes.
        activation, norm_eps: as in transformers' configurations.
        context_length: rows of one context; every context is padded to it.
        context_width: width of a row after the projection.
        attention_mask: whether padding is hidden from the encoder.
        layer: which hidden state is used, -1 being the last.
        final_norm: whether a final layer norm follows it (CLIP).
        projection: None, ``transformation`` or ``transformation_pre`` (AltDiffusion).
    """

    architecture: str
    vocabulary_size: int
    positions: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    token_types: int
    activation: str
    norm_eps: float
    context_length: int
    context_width: int
    attention_mask: bool
    tokenizer: TokenizerSpec
    layer: int = -1
    final_norm: bool = False
    projection: str | None = None
    punctuation: PunctuationPolicy = field(default=AS_TYPED)

    def __post_init__(self) -> None:
        # Two ids wrap the text, and one character may take more than one.
        if not 8 <= self.context_length <= self.positions:
            raise SdzhError("spec_unreadable", reason=f"context_length {self.context_length}")

    def to_json(self) -> str:
        return _SPEC_VERSION + json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> EncoderSpec:
        """Read what `to_json` wrote.

        Raises:
            SdzhError: it is not a spec of this version.
        """
        try:
            if not text.startswith(_SPEC_VERSION):
                raise ValueError(text[:40])
            return _build_encoder(json.loads(text[len(_SPEC_VERSION) :]))
        except (ValueError, TypeError) as error:
            raise SdzhError("spec_unreadable", reason=error) from error

    def with_overrides(self, values: Mapping[str, Any]) -> EncoderSpec:
        """Replace fields by what a model card says; ``tokenizer`` and ``punctuation`` are merged.

        Raises:
            SdzhError: a field that does not exist, or a value of the wrong type.
        """
        try:
            return _build_encoder(_merge(dataclasses.asdict(self), values))
        except (ValueError, TypeError) as error:
            raise SdzhError("spec_unreadable", reason=error) from error


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str | None": (str, type(None)),
}


def _merge(old: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**old, **{k: _merge(old[k], v) if isinstance(old.get(k), dict) else v for k, v in new.items()}}


def _build_encoder(values: Mapping[str, Any]) -> EncoderSpec:
    spec: EncoderSpec = _build(EncoderSpec, values)
    return spec


def _build(cls: Any, values: Mapping[str, Any]) -> Any:
    """A dataclass from JSON; a field of the wrong name or type is a ValueError or TypeError."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{values!r}")
    checked: dict[str, Any] = {}
    types = {f.name: str(f.type) for f in dataclasses.fields(cls)}
    for name, value in values.items():
        if name not in types:
            raise ValueError(f"{name}? ({', '.join(types)})")
        if types[name] in _NESTED:
            checked[name] = _build(_NESTED[types[name]], value)
        elif types[name] == "tuple[str, str]":
            typed, encoded = value
            checked[name] = (str(typed), str(encoded))
        elif type(value) in _TYPES[types[name]]:
            checked[name] = value
        else:
            raise ValueError(f"{name}: {value!r}")
    return cls(**checked)


_NESTED = {"TokenizerSpec": TokenizerSpec, "PunctuationPolicy": PunctuationPolicy}
