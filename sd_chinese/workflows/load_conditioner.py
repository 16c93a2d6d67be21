"""A model's text encoder, ready to turn prompts into conditioning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sd_chinese.spec import read_spec
from sd_chinese.text.load import load_conditioner_from
from sd_chinese.workflows.find_model import FoundModel

if TYPE_CHECKING:
    from sd_chinese.text.conditioner import Conditioner


def load_conditioner(model: FoundModel, device: str = "cpu") -> Conditioner:
    """Load the text encoder that belongs to ``model``; its card says what its files leave open.

    Raises:
        SdzhError: no encoder, no vocabulary, or a question that only the user can answer.
    """
    said: dict[str, Any] = dict(model.card.encoder or {}) if model.card else {}
    spec = read_spec(model.path, hint=said.get("tokenizer", {}).get("kind")).with_overrides(said)
    return load_conditioner_from(model.path, spec=spec, device=device)
