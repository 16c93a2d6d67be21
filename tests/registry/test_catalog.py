"""The catalogue: the project's cards and the user's, whatever state the user's are in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.registry.card import KINDS
from sd_chinese.registry.catalog import Catalog
from tests.registry.test_card import GOOD, write


def test_broken_cards_are_named_and_skipped(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, {**GOOD, "id": "mini"}, "mini")
    write(tmp_path, {**GOOD, "id": "another"}, "renamed")
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep", "{", "torn")
    catalog = Catalog.load([tmp_path, tmp_path / "missing"])
    assert {error.code: Path(str(error.values["path"])).name for error in catalog.broken} == {
        "card_unreadable": "torn.json",
        "card_duplicate": "mini.json",
        "card_invalid": "renamed.json",
    }
    assert catalog.get("some-model").publisher == "someone"
    assert catalog.get("mini").family == "mini"
    assert catalog.cards["mini"].publisher == "sd-webui-chinese"


def test_an_unknown_id_lists_the_near_ones() -> None:
    with pytest.raises(SdzhError) as caught:
        Catalog.load().get("Mini-inc")
    assert "mini-ink" in str(caught.value.values["near"])
    assert "mini-canny" in caught.value.en


def test_by_kind_and_what_needs_no_download_first(tmp_path: Path) -> None:
    write(
        tmp_path, {**GOOD, "id": "a-first-name", "sources": [{"kind": "local", "path": "x"}]}, "a-first-name"
    )
    catalog = Catalog.load([tmp_path])
    kinds = [KINDS.index(card.kind) for card in catalog.all()]
    assert kinds == sorted(kinds)
    assert [card.bundled for card in catalog.all("base")][:2] == [True, False]
    assert catalog.all("base")[0].id == "mini" and "a-first-name" in catalog.cards


def test_cards_of_windows_and_other_encodings(tmp_path: Path) -> None:
    """A card saved by Windows' Notepad starts with a byte order mark and is a card; one in GBK is told."""
    path = write(tmp_path, GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    other = write(tmp_path, {**GOOD, "id": "other"}, "other")
    other.write_bytes(other.read_text(encoding="utf-8").encode("gbk"))
    catalog = Catalog.load([tmp_path])
    assert "some-model" in catalog.cards and "other" not in catalog.cards
    assert [error.code for error in catalog.broken] == ["card_unreadable"]
    assert "other.json" in str(catalog.broken[0])


def test_what_is_no_folder_or_no_file_holds_no_card(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    assert not Catalog.load([write(tmp_path, GOOD), tmp_path / "folder.json"]).broken
    assert [error.code for error in Catalog.load([tmp_path]).broken] == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user who may be refused a file")
def test_a_card_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path, GOOD).chmod(0)
    assert [error.code for error in Catalog.load([tmp_path]).broken] == ["card_unreadable"]
