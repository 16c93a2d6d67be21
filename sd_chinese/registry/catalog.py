"""All cards: the project's own, then the user's."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sd_chinese.errors import SdzhError
from sd_chinese.registry.card import KINDS, REGISTRY, Card, load_card


@dataclass(frozen=True)
class Catalog:
    """Cards by id: by kind, what comes with the project first; ``broken`` says which files were skipped and why."""

    cards: dict[str, Card]
    broken: tuple[SdzhError, ...] = ()

    @classmethod
    def load(cls, folders: Iterable[Path] = (), *, registry: Path = REGISTRY) -> Catalog:
        """Read the cards of the project and of further folders, sub-folders included.

        A broken card, or one whose id is taken, is named in ``broken`` and skipped.
        """
        cards: dict[str, Card] = {}
        broken: list[SdzhError] = []
        for path in (path for folder in (registry, *folders) for path in _card_files(folder)):
            try:
                card = load_card(path)
                if card.id in cards:
                    raise SdzhError("card_duplicate", path=path, id=card.id)
                cards[card.id] = card
            except SdzhError as error:
                broken.append(error)
        ordered = sorted(cards.values(), key=lambda card: (KINDS.index(card.kind), not card.bundled))
        return cls({card.id: card for card in ordered}, tuple(broken))

    def get(self, card_id: str) -> Card:
        """
        Raises:
            SdzhError: ``card_unknown``, with the nearest ids and all of them.
        """
        if card_id in self.cards:
            return self.cards[card_id]
        near = difflib.get_close_matches(card_id.lower(), self.cards, n=3) or list(self.cards)[:1]
        raise SdzhError("card_unknown", id=card_id, near=", ".join(near), ids=", ".join(self.cards))

    def all(self, kind: str | None = None) -> list[Card]:
        return [card for card in self.cards.values() if kind in (None, card.kind)]


def _card_files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*.json") if path.is_file())
    cards = (path for path in found if not path.name.endswith(".schema.json"))
    return sorted(cards, key=lambda path: (path.parent, path.stem))
