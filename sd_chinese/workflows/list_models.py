"""What there is: every card, whether it is installed and fits, and the files that no card describes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.registry.card import KINDS, Card
from sd_chinese.registry.fit import Fit, Side, fit_base, fit_host, worst
from sd_chinese.registry.scan import Found, scan
from sd_chinese.workflows.find_model import find_model, installed_path
from sd_chinese.workflows.library import folder_of

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host
    from sd_chinese.registry.catalog import Catalog


@dataclass(frozen=True)
class ListedModel:
    """One row of the list: a card, a file, or both. ``fit``: to the host, and to the base model if one was named."""

    name: str
    kind: str
    card: Card | None
    path: Path | None
    found: Found | None = None
    fit: Fit = field(default_factory=Fit)


def list_models(
    catalog: Catalog, host: Host, kind: str | None = None, base: str | None = None
) -> list[ListedModel]:
    """Cards first, in catalogue order, then files and folders in the host's folders that no card names.

    A file that an install made and somebody renamed says which card it is of, and stands in that card's place.

    Args:
        base: a base model, as for `find_model`, or the id of its card: the model that add-ons shall fit.

    Raises:
        SdzhError: there is no such base model.
    """
    kinds = [kind] if kind else [k for k in KINDS if k != "corpus"]
    paths = {card.id: installed_path(card, host) for card in catalog.all(kind)}
    lying = set(paths.values())
    files = [
        (each, found) for each in kinds for found in scan([folder_of(host, each)]) if found.path not in lying
    ]
    renamed = {found.identity.card for _, found in files}
    judge = _Judge(host.name, _base_side(base, catalog, host) if base else None)
    return [
        *(
            ListedModel(card.id, card.kind, card, paths[card.id], fit=judge.card(card))
            for card in catalog.all(kind)
            if paths[card.id] or card.id not in renamed
        ),
        *(
            ListedModel(found.path.stem, each, card, found.path, found, judge.file(found, card))
            for each, found in files
            for card in (_card_of(found, catalog),)
        ),
    ]


@dataclass(frozen=True)
class _Judge:
    """Verdicts for one host and, if one was named, one base model."""

    host: str
    base: Side | None

    def card(self, card: Card) -> Fit:
        return self._fit(Side.of_card(card))

    def file(self, found: Found, card: Card | None) -> Fit:
        return self._fit(Side.of_card(card) if card else Side.of_file(found.path.stem, found.identity))

    def _fit(self, side: Side) -> Fit:
        return worst(fit_host(side, self.host), fit_base(side, self.base) if self.base else Fit())


def _card_of(found: Found, catalog: Catalog) -> Card | None:
    """The card whose install wrote the file."""
    return catalog.cards.get(found.identity.card)


def _base_side(name: str, catalog: Catalog, host: Host) -> Side:
    if name in catalog.cards:
        return Side.of_card(catalog.cards[name])
    model = find_model(name, "base", catalog, host)
    found = Found(model.path)
    card = _card_of(found, catalog)
    return Side.of_card(card) if card else Side.of_file(model.name, found.identity)
