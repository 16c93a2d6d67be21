"""The model library of one host: its cards, its sources, and where everything lies."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.registry.card import Card
from sd_chinese.registry.installed import Installed, Ledger
from sd_chinese.registry.sources import Sources
from sd_chinese.workflows.expand_prompt import CORPUS, data_folder

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host
    from sd_chinese.registry.catalog import Catalog

# What a kind is placed as.
_ENDINGS = {
    "base": ".safetensors",
    "lora": ".safetensors",
    "controlnet": ".safetensors",
    "encoder": "",
    "corpus": ".txt",
}


@dataclass(frozen=True)
class Library:
    """What installing, verifying and removing need around them."""

    host: Host
    catalog: Catalog
    sources: Sources = field(default_factory=Sources.from_environment)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.host.folder("encoder") / "installed.json")

    @property
    def cards(self) -> Path:
        """Where the user's own cards are kept."""
        return cards_folder(self.host)

    def downloads(self, card_id: str) -> Path:
        """Where a card's files arrive; hidden, so that no list of models shows them."""
        return self.host.folder("encoder") / ".downloads" / card_id

    def target(self, kind: str, name: str) -> Path:
        """The file or folder that a model becomes."""
        return target_path(self.host, kind, name)

    def waiting_bytes(self, card: Card) -> int:
        """What a broken-off download has left."""
        folder = self.downloads(card.id)
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    def discard_downloads(self, card_id: str) -> None:
        shutil.rmtree(self.downloads(card_id), ignore_errors=True)

    def installed(self, card_id: str) -> Installed | None:
        """The record of an install whose files are still there."""
        record = self.ledger.read().get(card_id)
        return record if record and record.files and self.place(record).exists() else None

    def place(self, record: Installed) -> Path:
        """Where an installed model lies."""
        return folder_of(self.host, record.kind) / record.place


def folder_of(host: Host, kind: str) -> Path:
    """The host's folder of a kind; verse is the user's, whatever the host."""
    return data_folder() / CORPUS.parent if kind == "corpus" else host.folder(kind)


def target_path(host: Host, kind: str, name: str) -> Path:
    """The file or folder that an installed model is."""
    return folder_of(host, kind) / (name + _ENDINGS[kind])


def cards_folder(host: Host) -> Path:
    """Where the user's own cards are kept."""
    return host.folder("encoder").parent / "cards"
