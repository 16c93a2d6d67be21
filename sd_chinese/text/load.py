"""From a model folder or a single file to a conditioner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.spec import VOCABULARY_KEY, EncoderFiles, EncoderSpec, encoder_keys, find_encoder, spec_of
from sd_chinese.text.conditioner import Conditioner
from sd_chinese.text.encoders import build_encoder
from sd_chinese.text.tokenizers import Tokenizer
from sd_chinese.vocabulary import Vocabulary, bundled_vocabulary, parse_vocabulary, read_vocabulary
from sd_chinese.weights_io import Weights, open_weights

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
        vocabulary = _find_vocabulary(weights, files, spec)
        tokenizer = Tokenizer(spec.tokenizer, vocabulary)
        encoder = build_encoder(
            spec, encoder_keys(weights.header), weights.tensor, device=device, dtype=dtype
        )
    return Conditioner(encoder, tokenizer, spec)


def _find_vocabulary(weights: Weights, files: EncoderFiles, spec: EncoderSpec) -> Vocabulary:
    """In the checkpoint itself, else beside it, else with the package."""
    kind = spec.tokenizer.kind
    if VOCABULARY_KEY in weights.header.metadata:
        return parse_vocabulary(
            weights.header.metadata[VOCABULARY_KEY].encode(), kind, source=files.header.path
        )
    if VOCABULARY_KEY in weights.header.tensors:
        data = weights.tensor(VOCABULARY_KEY).numpy().tobytes()
        return parse_vocabulary(data, kind, source=files.header.path)
    if files.vocabulary:
        return read_vocabulary(files.vocabulary)
    bundled = bundled_vocabulary()
    if (kind, spec.tokenizer.vocabulary_size) == (bundled.kind, len(bundled.words)):
        return bundled
    raise SdzhError(
        "vocabulary_missing", path=files.header.path, kind=kind, words=spec.tokenizer.vocabulary_size
    )
