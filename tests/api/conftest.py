"""An app with our routes, as a host's would be, over the small lexicon of the expander's own tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sd_chinese.api.access import Access
from sd_chinese.api.routes import build_router
from sd_chinese.workflows.expand_prompt import open_expander
from sd_chinese.workflows.find_model import PROJECT
from sd_chinese.workflows.open_desk import Desk, load_catalog

MINI = PROJECT / "sd_chinese/mini/weights/base"


@dataclass(frozen=True)
class FolderHost:
    """A host that is nothing but its folders."""

    models: Path
    name: str = "standalone"
    language: str = "zh"

    def folder(self, kind: str) -> Path:
        return self.models / kind


@pytest.fixture(scope="session")
def index_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


@pytest.fixture
def desk(tmp_path: Path, index_cache: Path) -> Desk:
    return Desk(
        FolderHost(tmp_path / "models"),
        load_catalog,
        chosen=lambda: (MINI, None),
        open_lexicon=lambda: open_expander(tmp_path, cache=index_cache),
    )


@pytest.fixture
def client_of(desk: Desk) -> Callable[[Access], TestClient]:
    def build(access: Access) -> TestClient:
        app = FastAPI()
        app.include_router(build_router(desk, access))
        return TestClient(app)

    return build


@pytest.fixture
def client(client_of: Callable[[Access], TestClient]) -> TestClient:
    return client_of(Access())
