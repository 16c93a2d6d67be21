"""The fake WebUI, and small Chinese checkpoints in the forms in which they reach a host."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.convert.conftest import model_folder, random_module
from tests.fake_webui import fake_webui

__all__ = ["fake_webui", "model_folder", "random_module"]


@pytest.fixture(scope="session")
def checkpoint(
    model_folder: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """(family) -> a converted single file, written once."""
    from sd_chinese.convert import convert_base_to_ldm

    made: dict[str, Path] = {}

    def write(family: str, **settings: Any) -> Path:
        if family not in made:
            out = tmp_path_factory.mktemp("single") / "model.safetensors"
            made[family] = convert_base_to_ldm(model_folder("sd1", family), out, dtype="float32", **settings)
        return made[family]

    return write


def foreign_extension(variable: str) -> Path:
    """The folder of somebody else's extension."""
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"no such extension: set {variable} to its folder")
    return Path(folder)


def link_extension(data: Path, folder: Path) -> Path:
    """Put an extension into a host's data folder."""
    link = data / "extensions" / folder.name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder, target_is_directory=True)
    return link
