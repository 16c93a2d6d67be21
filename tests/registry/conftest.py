"""A library of the embedded family, to be fetched from the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from sd_chinese.registry.card import Card, Source
from sd_chinese.registry.catalog import Catalog
from sd_chinese.registry.download import digest_of
from sd_chinese.registry.sources import Sources
from sd_chinese.workflows.find_model import PROJECT
from sd_chinese.workflows.library import Library
from tests.registry.bad_server import Hub, serving

FOLDERS = {"base": "Stable-diffusion", "lora": "Lora", "controlnet": "controlnet", "encoder": "encoder"}


class Disk:
    """A host that is nothing but folders."""

    name = "standalone"
    language = "zh"

    def __init__(self, models: Path) -> None:
        self.models = models

    def folder(self, kind: str) -> Path:
        return self.models / FOLDERS[kind]


WEIGHTS = PROJECT / "sd_chinese" / "mini" / "weights"
REPOS = {
    "we/base": WEIGHTS / "base",
    "we/lora": WEIGHTS / "lora-ink",
    "we/control": WEIGHTS / "controlnet-canny",
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub(repos=dict(REPOS), digests=dict(weight_digests()))) as server:
        yield server


@lru_cache(maxsize=1)
def weight_digests() -> dict[Path, str]:
    """Known beforehand: a list that comes late is none."""
    return {path: digest_of(path) for path in WEIGHTS.rglob("*") if path.is_file()}


@pytest.fixture
def other() -> Iterator[Hub]:
    """A server that nobody has chosen: a stranger within this network."""
    with serving(Hub(repos=dict(REPOS))) as server:
        yield server


@pytest.fixture
def sources(hub: Hub, other: Hub) -> Sources:
    """Two sources in a row that are one server, and no patience."""
    hub.other = other.url
    return Sources(
        order=("hf", "modelscope", "npm"),
        addresses=dict.fromkeys(("hf", "modelscope", "npm"), hub.url),
        proxy="",
        timeout=0.4,
        patience=1.0,
        attempts=3,
        pause=0.005,
    )


@pytest.fixture
def library(tmp_path: Path, sources: Sources) -> Library:
    """The embedded family as if it had been published: every card's files are on the hub."""
    cards = {}
    repos = {"mini": "we/base", "mini-ink": "we/lora", "mini-canny": "we/control"}
    for card in Catalog.load().all():
        if card.id in repos:
            published = tuple(Source(kind, repo=repos[card.id]) for kind in ("hf", "modelscope"))
            cards[card.id] = replace(card, sources=published)
    encoder = replace(cards["mini"], id="mini-text", kind="encoder", sources=(Source("hf", repo="we/base"),))
    return Library(Disk(tmp_path / "models"), Catalog({**cards, encoder.id: encoder}), sources)


def left_over(folder: Path) -> list[str]:
    """Every file below a folder, but for locks."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


def card_of(library: Library, card_id: str, **changes: object) -> Card:
    """Change a card of the library in place."""
    card = replace(library.catalog.cards[card_id], **changes)  # type: ignore[arg-type]
    library.catalog.cards[card_id] = card
    return card
