"""What pip installs: every file that the package reads is named in pyproject.toml."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from sd_chinese.project import INSTALLED, PROJECT

tomllib = pytest.importorskip("tomllib", reason="new in Python 3.11")

ROOT = Path(__file__).parents[1]
LEFT_OUT = {".py", ".pyc", ".md"}


@pytest.fixture(scope="module")
def setuptools() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    return found


def test_package_data_is_named(setuptools: dict[str, Any]) -> None:
    patterns = setuptools["package-data"]["*"]
    data = [p.name for p in (ROOT / "sd_chinese").rglob("*") if p.is_file() and p.suffix not in LEFT_OUT]
    assert data
    assert [name for name in data if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_files_around_the_package_are_named(setuptools: dict[str, Any]) -> None:
    """Each lands under `share` where `project.PROJECT` looks, in the folder it has in a checkout."""
    share = Path("share/sd-webui-chinese")
    placed = {
        share / path.relative_to(ROOT)
        for patterns in setuptools["data-files"].values()
        for pattern in patterns
        for path in ROOT.glob(pattern)
    }
    wanted = [
        *(ROOT / "models_registry").rglob("*.json"),
        *(ROOT / "javascript").glob("*.js"),
        *(ROOT / "localizations").glob("*.json"),
        ROOT / "style.css",
    ]
    assert {share / path.relative_to(ROOT) for path in wanted} == placed
    for folder, patterns in setuptools["data-files"].items():
        assert {share / Path(pattern).parent for pattern in patterns} == {Path(folder)}


def test_a_checkout_is_its_own_project_folder() -> None:
    assert (INSTALLED, PROJECT) == (False, ROOT)
