"""A card that the user wrote joins the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.registry.card import Card, load_card
from sd_chinese.registry.installed import write_text

if TYPE_CHECKING:
    from sd_chinese.workflows.library import Library


def add_card(path: Path, library: Library) -> Card:
    """Check a card and copy it into the user's folder of cards, in place of an older one of the same name.

    Raises:
        SdzhError: ``card_unreadable``, ``card_invalid``, ``card_duplicate``: the project has one of this id.
    """
    card = load_card(path)
    own = library.cards / f"{card.id}.json"
    if card.id in library.catalog.cards and not own.is_file():
        raise SdzhError("card_duplicate", path=path, id=card.id)
    if path.resolve() != own.resolve():
        write_text(own, path.read_text(encoding="utf-8"))
    return card
