"""Find a model by what the user typed: a card id, a path, or the name of a file in the host's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.registry.card import Card
from sd_chinese.workflows.library import folder_of, target_path

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host
    from sd_chinese.registry.catalog import Catalog

STANDALONE = "standalone"
SUFFIXES = (".safetensors", ".ckpt", ".pt", ".bin")
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class FoundModel:
    """A model on this disk; ``card`` is None for a file that no card describes."""

    name: str
    path: Path
    card: Card | None


def find_model(name: str, kind: str, catalog: Catalog, host: Host) -> FoundModel:
    """Look ``name`` up: card first, then path, then a file or folder of that name in the host's folder.

    Raises:
        SdzhError: ``model_missing`` with the names that would work, ``model_not_installed`` when only its card is here.
    """
    card = next((card for card in catalog.all(kind) if card.id == name), None)
    if card is not None:
        path = installed_path(card, host)
        if path is None:
            raise SdzhError("model_not_installed", name=name, folder=host.folder(kind))
        return FoundModel(name, path, card)
    for path in (Path(name).expanduser(), *_candidates(host.folder(kind), name)):
        if path.exists():
            return FoundModel(path.stem if path.is_file() else path.name, path, None)
    raise SdzhError(
        "model_missing",
        name=name,
        names=", ".join(known_names(kind, catalog, host)) or "-",
        folder=host.folder(kind),
    )


def installed_path(card: Card, host: Host) -> Path | None:
    """Where a card's model lies: the host's folder, or the package itself for the embedded family.

    A WebUI looks in its own folders only: there the embedded family has to be placed like any other.
    """
    places = _candidates(folder_of(host, card.kind), card.id)
    own = bundled_paths(card) if host.name == STANDALONE else []
    for path in (target_path(host, card.kind, card.id), *places, *own):
        if path.exists():
            return path
    return None


def bundled_paths(card: Card) -> list[Path]:
    """Folders or files of a card's `bundled` sources."""
    return [PROJECT / source.path for source in card.sources if source.kind == "bundled"]


def known_names(kind: str, catalog: Catalog, host: Host) -> list[str]:
    """Every name that :func:`find_model` would find for ``kind``."""
    cards = [card.id for card in catalog.all(kind) if installed_path(card, host)]
    folder = host.folder(kind)
    files = [p.stem for p in sorted(folder.iterdir()) if p.suffix in SUFFIXES] if folder.is_dir() else []
    return [*cards, *(name for name in files if name not in cards)]


def _candidates(folder: Path, name: str) -> list[Path]:
    if not name or Path(name).is_absolute():
        return []
    return [folder / name, *(folder / f"{name}{suffix}" for suffix in SUFFIXES)]
