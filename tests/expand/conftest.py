"""One expander over the built-in lexicon for the whole session, and one over a small lexicon of the tests' own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_chinese.expand import lexicon
from sd_chinese.expand.expander import Expander

SAMPLE = Path(__file__).parent / "lexicon_sample"


@pytest.fixture(scope="session")
def expander(tmp_path_factory: pytest.TempPathFactory) -> Expander:
    """The built-in lexicon and headwords."""
    return Expander.open(cache=tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Expander:
    """Twenty entries that no writer of the lexicon changes, with the real headwords and word tables."""
    folder = tmp_path_factory.mktemp("sample")
    for name in (*lexicon.KINDS, "headwords.tsv"):
        source = (lexicon.DATA if name == "headwords.tsv" else SAMPLE) / name
        if source.exists():
            (folder / name).symlink_to(source, target_is_directory=source.is_dir())
    return Expander.open(data=folder, cache=tmp_path_factory.mktemp("index"))
