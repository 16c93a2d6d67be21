"""Whether a model of the library runs in this host, and what it wants beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.registry.card import Card
from sd_chinese.registry.fit import NO, Side, fit_host

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host


def check_fit(card: Card, host: Host) -> SdzhError | None:
    """Why this host cannot run the model; None if it can, or if nobody has tried."""
    fit = fit_host(Side.of_card(card), host.name)
    return fit.reason if fit.level == NO else None


def missing_bases(card: Card, present: set[str]) -> SdzhError | None:
    """That none of the base models is here that an add-on was made for; None if it needs none."""
    if card.kind in ("base", "corpus") or not card.compatible or card.fits == "family":
        return None
    if present.intersection(card.compatible):
        return None
    return SdzhError("base_missing", id=card.id, bases=", ".join(card.compatible))
