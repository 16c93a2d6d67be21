"""Whether a model of the library runs in this host, and what it wants beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.registry.card import Card

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host

# Families whose text encoders and layouts can be converted.
FAMILIES = ("", "mini", "sd1", "sd2")
_HOST_IDS = {"automatic1111": "a1111"}


def check_fit(card: Card, host: Host) -> SdzhError | None:
    """Why this host cannot run the model; None if it can."""
    if card.hosts and host_id(host) not in card.hosts.only:
        only = ", ".join(card.hosts.only)
        return SdzhError("unfit_host", id=card.id, host=host.name, only=only, why=card.hosts.why)
    if card.family not in FAMILIES:
        return SdzhError("unfit_family", id=card.id, family=card.family)
    return None


def host_id(host: Host) -> str:
    """The host as cards name it."""
    name = host.name.lower()
    return _HOST_IDS.get(name, name)


def missing_bases(card: Card, present: set[str]) -> SdzhError | None:
    """That none of the base models is here that an add-on was made for; None if it needs none."""
    if card.kind in ("base", "corpus") or not card.compatible or card.fits == "family":
        return None
    if present.intersection(card.compatible):
        return None
    return SdzhError("base_missing", id=card.id, bases=", ".join(card.compatible))
