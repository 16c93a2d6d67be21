"""Undo an install: the files that it wrote, the record of it, and what a broken-off download has left."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.registry.installed import Installed

if TYPE_CHECKING:
    from sd_chinese.workflows.library import Library


def remove_model(name: str, library: Library) -> list[Path]:
    """Remove what an install of ``name`` wrote; files that others put there are not touched. Returns what is gone.

    Raises:
        SdzhError: ``remove_nothing``, ``remove_bundled``, ``remove_failed``.
    """
    record, downloads = library.ledger.read().get(name), library.downloads(name or ".")
    if name in ("", ".", "..") or Path(name).name != name or not (record or downloads.is_dir()):
        raise _nothing(name, library)
    gone = _remove_placed(record, library.place(record)) if record else []
    if record:
        library.ledger.drop(name)
    if downloads.is_dir():
        gone.append(downloads)
        library.discard_downloads(name)
    return gone


def _nothing(name: str, library: Library) -> SdzhError:
    card = library.catalog.cards.get(name)
    if card and any(source.kind == "bundled" for source in card.sources):
        return SdzhError("remove_bundled", id=name)
    return SdzhError("remove_nothing", id=name, ids=", ".join(library.ledger.read()) or "-")


def _remove_placed(record: Installed, place: Path) -> list[Path]:
    """The record's own files, and the folder if nothing else is left in it."""
    try:
        if not record.files and not place.is_dir():  # an install that was killed at its very end
            place.unlink(missing_ok=True)
        for file in record.files:
            (place / file.path if file.path else place).unlink(missing_ok=True)
        if place.is_dir() and not any(each.is_file() for each in place.rglob("*")):
            shutil.rmtree(place)
    except OSError as error:
        raise SdzhError("remove_failed", path=place, reason=error.strerror or error) from error
    return [place]
