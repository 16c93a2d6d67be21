"""A folder or file that somebody else made becomes the one file that the host's folder wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def convert_model(
    source: Path, out: Path, *, dtype: str = "float16", progress: Callable[[int, int], None] | None = None
) -> Path:
    """Convert ``source`` by what it is (base model, LoRA, ControlNet) and return the written file.

    Raises:
        SdzhError: it is nothing that is known, or nothing that can be converted; see also `sd_chinese.convert`.
    """
    from sd_chinese.convert import find_converter
    from sd_chinese.registry.identify import identify

    identity = identify(source)
    if not identity.kind and identity.error:
        raise identity.error
    converter = find_converter(identity.kind, identity.layout)
    return converter(source, out, dtype=dtype, progress=progress)
