"""From a model folder or a single file to a conditioner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.spec import EncoderSpec, encoder_keys, encoder_vocabulary, find_encoder, spec_of
from sd_chinese.text.conditioner import Conditioner
from sd_chinese.text.encoders import build_encoder
from sd_chinese.text.tokenizers import Tokenizer
from sd_chinese.weights_io import open_weights

if TYPE_CHECKING:
    import torch


def load_conditioner_from(
    path: Path,
    *,
    spec: EncoderSpec | None = None,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
) -> Conditioner:
    """Load the text encoder of a diffusers folder, a text encoder folder, an LDM checkpoint or a text encoder file.

    Args:
        spec: what is known already (a model card's overrides, or the answer to ``spec_ambiguous``); read from the
            files where None.
        dtype: float32 where None.

    Raises:
        SdzhError: the files are missing, foreign, truncated or incomplete, or no vocabulary fits.
    """
    files = find_encoder(Path(path))
    spec = spec or spec_of(files)
    with open_weights(files.header.path) as weights:
        tokenizer = Tokenizer(spec.tokenizer, encoder_vocabulary(weights, files, spec))
        encoder = build_encoder(
            spec, encoder_keys(weights.header), weights.tensor, device=device, dtype=dtype
        )
    return Conditioner(encoder, tokenizer, spec)
