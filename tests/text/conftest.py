"""Scale models of all families, written and loaded once, and the parity table at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PARITY = pytest.StashKey[dict[str, float]]()


@dataclass(frozen=True)
class Published:
    """A family's scale model: the module, its tokenizer and the folder they are published in."""

    family: Any
    model: Any
    tokenizer: Any
    folder: Path


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Published]:
    """Write a family's folder at the first call for it."""
    from tests.text.families import FAMILIES, randomize

    made: dict[str, Published] = {}

    def publish(name: str) -> Published:
        if name not in made:
            family = FAMILIES[name]
            model = randomize(family.build())
            folder = family.write(tmp_path_factory.mktemp("model") / "published", model)
            made[name] = Published(family, model, family.load_tokenizer(folder / "tokenizer"), folder)
        return made[name]

    return publish


@pytest.fixture(scope="session")
def parity(request: pytest.FixtureRequest) -> dict[str, float]:
    """Family -> worst absolute difference; printed when all tests are done."""
    return request.config.stash.setdefault(PARITY, {})


@pytest.hookimpl(hookwrapper=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    yield
    if table := config.stash.get(PARITY, {}):
        terminalreporter.write_sep("-", "parity with the publishers' pipelines, worst difference (float32)")
        for name, difference in table.items():
            terminalreporter.write_line(f"{name:<40}{difference:.1e}")
