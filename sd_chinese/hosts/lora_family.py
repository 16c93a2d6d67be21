"""Whether the text part of a LoRA was made for an encoder of ours."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError

if TYPE_CHECKING:
    from sd_chinese.spec import EncoderSpec

TEXT_PREFIXES = ("lora_te", "text_encoder")
"""kohya's keys of a text encoder, and diffusers'."""


def is_made_for(path: Path, spec: EncoderSpec) -> bool:
    """Whether a LoRA has no text part, or one that was made for this encoder.

    BERT's modules have names that no other encoder has. A CLIP tower that reads Chinese has the names and shapes of the
    English one: there the LoRA's metadata has to name the words that it learned on.
    """
    from sd_chinese.spec import EncoderSpec

    try:
        names, learned = _read(path, path.stat().st_mtime)
    except (SdzhError, OSError):  # the host has loaded it, in a form that is not known here
        return False
    if not names or spec.architecture != "clip":
        return not any("text_model" in name for name in names)
    return learned is not None and EncoderSpec.from_json(learned).tokenizer == spec.tokenizer


@lru_cache(maxsize=32)
def _read(path: Path, changed: float) -> tuple[tuple[str, ...], str | None]:
    from sd_chinese.spec import SPEC_KEY
    from sd_chinese.weights_io import read_header

    header = read_header(path)
    return tuple(key for key in header.tensors if key.startswith(TEXT_PREFIXES)), header.metadata.get(
        SPEC_KEY
    )
