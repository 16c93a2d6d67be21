"""The fake Forge, and small Chinese checkpoints as the A1111 tests have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.convert.conftest import model_folder, random_module
from tests.hosts.a1111.conftest import checkpoint
from tests.hosts.forge.fake_forge import FakeForge

__all__ = ["checkpoint", "model_folder", "random_module"]

CLIP = {
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 99,
}


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeForge:
    (tmp_path / "Stable-diffusion").mkdir()
    (tmp_path / "repo" / "text_encoder").mkdir(parents=True)
    (tmp_path / "repo" / "text_encoder" / "config.json").write_text(json.dumps(CLIP), encoding="utf-8")
    host = FakeForge(tmp_path)
    host.install(monkeypatch)
    return host
