"""A folder or file that somebody else made becomes the one file that the host's folder wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sd_chinese.errors import SdzhError


def convert_model(
    source: Path, out: Path, *, dtype: str = "float16", progress: Callable[[int, int], None] | None = None
) -> Path:
    """Convert ``source`` by what it is (base model, LoRA, ControlNet) and return the written file.

    Raises:
        SdzhError: ``convert_unknown`` when it is nothing that can be converted; see also `convert`.
    """
    from sd_chinese.convert import CONVERTERS
    from sd_chinese.registry.identify import identify

    identity = identify(source)
    converter = CONVERTERS.get((identity.kind, identity.layout))
    if converter is None:
        raise SdzhError("convert_unknown", path=source, reason=identity.reason or identity.layout)
    return converter(source, out, dtype=dtype, progress=progress)
