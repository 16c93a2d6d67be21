"""The model library as a page shows it: each card or file with its state, and what can be done with it next."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.workflows.adopt_model import adopt_model, propose
from sd_chinese.workflows.check_fit import check_fit
from sd_chinese.workflows.install_model import licence_of
from sd_chinese.workflows.jobs import RUNNING, Jobs, Work
from sd_chinese.workflows.list_models import ListedModel, list_models

if TYPE_CHECKING:
    from sd_chinese.registry.card import Card
    from sd_chinese.workflows.library import Library

INSTALLED, AVAILABLE, BUNDLED, PARTIAL, UNCONVERTED = (
    "installed", "available", "bundled", "partial", "unconverted",
)  # fmt: skip


def show_library(library: Library, jobs: Jobs, kind: str | None = None) -> list[dict[str, Any]]:
    """One row for each card and for each file that no card describes; paths stay on this machine."""
    running = {job.subject: job for job in reversed(jobs.list()) if job.state == RUNNING}
    placed = library.ledger.read()
    rows = ((row, _row(row, library)) for row in list_models(library.catalog, library.host, kind))
    return [
        {
            **words,
            "job": running[row.name].id if row.name in running else None,
            "removable": words["state"] == PARTIAL or (row.name in placed and words["state"] == INSTALLED),
        }
        for row, words in rows
        if not (words["state"] == UNCONVERTED and row.name in placed)  # the file made of it stands for both
    ]


def convert_found(name: str, library: Library) -> Work:
    """The work that converts a file or folder of the list by its name.

    Raises:
        SdzhError: ``convert_unlisted``: no such name is waiting to be converted.
    """
    found = {
        row.name: row
        for row in list_models(library.catalog, library.host)
        if _state(row, library) == UNCONVERTED
    }
    if name not in found:
        raise SdzhError("convert_unlisted", name=name, names=", ".join(found) or "-")
    path = found[name].path
    assert path is not None
    return lambda report, stop: adopt_model(path, library, report, stop)


def _row(row: ListedModel, library: Library) -> dict[str, Any]:
    state = _state(row, library)
    return {
        "name": row.name,
        "kind": row.kind,
        "state": state,
        **(_card_words(row.card, library) if row.card else _file_words(row, state)),
    }


def _state(row: ListedModel, library: Library) -> str:
    if row.found is not None:
        return UNCONVERTED if propose(row.found, row.kind) else INSTALLED
    if row.path is not None:
        return INSTALLED
    if row.card and library.waiting_bytes(row.card):
        return PARTIAL
    return BUNDLED if row.card and row.card.bundled else AVAILABLE


def _card_words(card: Card, library: Library) -> dict[str, Any]:
    unfit = check_fit(card, library.host)
    return {
        "title": asdict(card.title),
        "description": asdict(card.description),
        "publisher": card.publisher,
        "licence": {
            "name": card.licence.name,
            "url": card.licence.url,
            "commercial": card.licence.commercial,
            "agreed_to": licence_of(card),
        },
        "size_bytes": card.size_bytes,
        "resolution": card.resolution,
        "fits": unfit is None,
        "reason": {"zh": unfit.zh, "en": unfit.en} if unfit else None,
        "defaults": card.defaults.given(),
        "homepage": card.homepage,
        "notes": asdict(card.notes) if card.notes else None,
    }


def _file_words(row: ListedModel, state: str) -> dict[str, Any]:
    """A file that no card describes: its name, and what would be made of it."""
    offer = propose(row.found, row.kind) if row.found and state == UNCONVERTED else None
    return {
        "title": {"zh": row.name, "en": row.name},
        "description": {"zh": "", "en": ""},
        "publisher": "",
        "licence": {},
        "size_bytes": row.found.size_bytes if row.found else None,
        "resolution": None,
        "fits": True,
        "reason": {"zh": offer.reason.zh, "en": offer.reason.en} if offer else None,
        "defaults": {},
        "homepage": "",
        "notes": None,
    }
