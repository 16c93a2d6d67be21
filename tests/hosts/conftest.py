"""The real hosts, one after the other, each with its models in a folder whose name is Chinese and has a space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hosts.checkpoints import PREPARE, Models
from tests.hosts.forge.models import prepare_forge, prepare_reforge
from tests.hosts.real_host import A1111, FORGE, REFORGE, HostKind, RealHost

ENGLISH_PROMPT = "a (boat:1.2) under the moon"
KINDS = {kind.name: kind for kind in (A1111, FORGE, REFORGE)}


@dataclass(frozen=True)
class Site:
    """A host's kind, its data folder, and the models in it."""

    kind: HostKind
    data: Path
    models: Models

    def host(self, *flags: str, extension: bool = True) -> RealHost:
        """Another host over the same folder; not while one runs there."""
        return RealHost(self.kind, self.data, extension=extension, flags=flags)


@pytest.fixture(scope="session", params=KINDS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    kind = KINDS[request.param]
    if kind.folder is None:
        pytest.skip(f"no host: set {kind.variable} to a WebUI's folder with its environment")
    data = tmp_path_factory.mktemp(kind.name) / "数据 data"
    data.mkdir()
    prepare = {**PREPARE, "forge": prepare_forge, "reforge": prepare_reforge}[kind.name]
    return Site(kind, data, prepare(kind.folder, data))


@pytest.fixture(scope="session")
def bare(site: Site) -> bytes:
    """An English picture of the host without the extension."""
    with site.host(extension=False) as host:
        return host.draw(ENGLISH_PROMPT, override_settings={"sd_model_checkpoint": site.models.english}).png


@pytest.fixture(scope="session")
def host(site: Site, bare: bytes) -> Iterator[RealHost]:
    """The host under test, started once."""
    with site.host() as host:
        yield host
