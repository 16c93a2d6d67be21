"""A text encoder alone: from any model that holds one to a folder that transformers and this package read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sd_chinese.convert.encoders import FOLDER_NAMES, encoder_config, tokenizer_config, vocabulary_name
from sd_chinese.convert.folder import new_folder, write_json
from sd_chinese.convert.parts import open_encoder
from sd_chinese.convert.precision import Progress, prepared
from sd_chinese.spec import SPEC_KEY
from sd_chinese.weights_io import write_safetensors


def convert_encoder(
    source: Path,
    out: Path,
    *,
    dtype: str = "float16",
    hint: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the text encoder of a model, a text encoder's folder or a file as one folder, vocabulary included.

    Args:
        hint, overrides: what its files leave open (see `sd_chinese.convert.parts.open_encoder`).

    Raises:
        SdzhError: ``folder_exists``, or there is no encoder, or no rule says how to run it.
    """
    with open_encoder(source, hint=hint, overrides=overrides) as encoder, new_folder(out) as folder:
        spec = encoder.spec
        tensors = FOLDER_NAMES[spec.architecture].forward(encoder.sources)
        metadata = {"format": "pt", SPEC_KEY: spec.to_json()}
        write_safetensors(folder / "model.safetensors", prepared(tensors, dtype, progress), metadata)
        write_json(folder / "config.json", encoder_config(spec))
        write_json(folder / "tokenizer_config.json", tokenizer_config(spec))
        if encoder.vocabulary:
            (folder / vocabulary_name(spec, encoder.vocabulary)).write_bytes(encoder.vocabulary)
    return out
