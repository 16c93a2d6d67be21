"""What a WebUI must know of a checkpoint with a Chinese text encoder before it builds the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_chinese.errors import SdzhError
from sd_chinese.spec import SPEC_KEY, EncoderFiles, EncoderSpec, encoder_prefix, encoder_vocabulary, spec_of
from sd_chinese.spec import find_encoder as find_files
from sd_chinese.vocabulary import CLIP_BPE, Vocabulary
from sd_chinese.weights_io import open_weights

# The host's own AltDiffusion fetches this vocabulary from the hub; every other file is ours or nobody's.
_HOST_CAN = "xlmr"


@dataclass(frozen=True)
class CheckpointDescription:
    """A single file's text encoder, and its networks in diffusers' terms."""

    spec: EncoderSpec
    vocabulary: Vocabulary
    unet: dict[str, Any]
    vae: dict[str, Any]
    prediction_type: str


def describe_checkpoint(path: Path) -> CheckpointDescription | None:
    """Describe a checkpoint whose text encoder the host cannot run by itself; None for every other file.

    Only the header is read, and a vocabulary that is stored as a tensor.

    Raises:
        SdzhError: the file is truncated, or the text encoder is Chinese and incomplete, without a vocabulary, or
            of another width than the UNet.
    """
    try:
        files = find_files(path)
        if not _is_ours(files):
            return None
        spec = spec_of(files)
    except SdzhError as error:
        if error.code in ("weights_truncated", "vocabulary_missing", "encoder_incomplete"):
            raise
        return None  # not a weight file that is known here, or CLIP by its shapes
    if spec.tokenizer.kind == CLIP_BPE and SPEC_KEY not in files.header.metadata:
        return None
    return _describe(path, files, spec)


def _is_ours(files: EncoderFiles) -> bool:
    prefix = encoder_prefix(files.header) or ""
    return SPEC_KEY in files.header.metadata or prefix.startswith("cond_stage_model.")


def _describe(path: Path, files: EncoderFiles, spec: EncoderSpec) -> CheckpointDescription | None:
    from sd_chinese.convert.parts import read_base

    try:
        with open_weights(path) as weights:
            vocabulary = encoder_vocabulary(weights, files, spec)
    except SdzhError as error:
        if error.code == "vocabulary_missing" and spec.architecture == _HOST_CAN:
            return None
        raise
    base = read_base(path)
    context = base.unet_config["cross_attention_dim"]
    if spec.context_width != context:
        raise SdzhError("encoder_misfit", model=path.stem, width=spec.context_width, context=context)
    return CheckpointDescription(spec, vocabulary, base.unet_config, base.vae_config, base.prediction_type)
