"""Whether a model of the library runs in this host."""

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
