"""What there is: every card, whether it is installed, and the files that no card describes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.registry.card import KINDS, Card
from sd_chinese.registry.scan import Found, scan
from sd_chinese.workflows.find_model import installed_path

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host
    from sd_chinese.registry.catalog import Catalog


@dataclass(frozen=True)
class ListedModel:
    """One row of the list: a card, a file, or both."""

    name: str
    kind: str
    card: Card | None
    path: Path | None
    found: Found | None = None


def list_models(catalog: Catalog, host: Host, kind: str | None = None) -> list[ListedModel]:
    """Cards first, in catalogue order, then files and folders in the host's folders that no card names."""
    kinds = [kind] if kind else [k for k in KINDS if k != "corpus"]
    rows = [ListedModel(c.id, c.kind, c, installed_path(c, host)) for c in catalog.all(kind)]
    named = {row.path for row in rows}
    for each in kinds:
        rows += [
            ListedModel(found.path.stem, each, None, found.path, found)
            for found in scan([host.folder(each)])
            if found.path not in named
        ]
    return rows
