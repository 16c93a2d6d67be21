"""Shipping leaves rows out that no caption needs, and changes nothing for those that do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sd_chinese.mini import data, ship, vocabulary  # noqa: E402
from sd_chinese.mini.folders import WEIGHTS  # noqa: E402
from sd_chinese.mini.scenes.captions import describe  # noqa: E402

COMMON = "一是人了不在有大中国"
RARE = "龘靐齉"


def encoder(base: Path) -> tuple[Any, list[str]]:
    from transformers import CLIPTextModel

    words = (base / "tokenizer" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return CLIPTextModel.from_pretrained(base / "text_encoder").float().eval(), words


def states(base: Path, lines: list[str]) -> Any:
    model, words = encoder(base)
    with torch.no_grad():
        return model(torch.from_numpy(vocabulary.encode(lines, words))).last_hidden_state


def test_keeps_the_common_and_what_captions_say() -> None:
    words = [*vocabulary.SPECIALS, "a", "##a", *COMMON, *RARE, "舟"]
    kept = [words[i] for i in ship.kept_ids(words, han_kept=len(COMMON))]
    assert kept == [*vocabulary.SPECIALS, "a", "##a", *COMMON, "舟"]


@pytest.fixture
def shortened(tmp_path: Path) -> Path:
    """The shipped base with fewer characters still: rows are left out whatever was left out before."""
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(WEIGHTS / "base" / part, tmp_path / part)
    ship.shorten_vocabulary(tmp_path, han_kept=1000)
    return tmp_path


def test_captions_are_encoded_as_before(shortened: Path) -> None:
    lines = [describe(data.scene_at(n, data.UNSEEN), np.random.default_rng(n)) for n in range(20)]
    before, words = encoder(WEIGHTS / "base")
    after, fewer = encoder(shortened)
    assert after.config.vocab_size == len(fewer) < before.config.vocab_size == len(words)
    assert torch.equal(states(WEIGHTS / "base", lines), states(shortened, lines))


def test_a_left_out_character_reads_as_one_of_its_kind(shortened: Path) -> None:
    _, words = encoder(WEIGHTS / "base")
    _, fewer = encoder(shortened)
    left_out = [word for word in words if word not in set(fewer)]
    unknown = states(shortened, [f"{left_out[0]}，远山"])
    assert any(torch.equal(unknown, states(WEIGHTS / "base", [f"{word}，远山"])) for word in left_out)


def test_nothing_is_left_out_twice(shortened: Path) -> None:
    files = [shortened / "text_encoder" / "model.safetensors", shortened / "tokenizer" / "vocab.txt"]
    before = [path.read_bytes() for path in files]
    ship.shorten_vocabulary(shortened, han_kept=1000)
    assert [path.read_bytes() for path in files] == before
