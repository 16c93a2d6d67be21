"""A model's text encoder, ready to turn prompts into conditioning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_chinese.workflows.find_model import FoundModel

if TYPE_CHECKING:
    from sd_chinese.text.conditioner import Conditioner


def load_conditioner(model: FoundModel, device: str = "cpu") -> Conditioner:
    """Load the text encoder that belongs to ``model``; its card says what its files leave open.

    Raises:
        SdzhError: no encoder, no vocabulary, or a question that only the user can answer.
    """
    from sd_chinese.text.load import load_conditioner_from

    return load_conditioner_from(
        model.path, overrides=model.card.encoder if model.card else None, device=device
    )
