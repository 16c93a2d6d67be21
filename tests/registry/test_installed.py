"""The record of what was installed: whole at any time, whoever writes it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.registry.installed import Installed, Ledger, PlacedFile, held

RECORD = Installed("墨", "lora", "墨.safetensors", (PlacedFile("", 3, "0" * 64),), "hf", "v1", 1.5)


def test_records_come_and_go(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "new" / "installed.json")
    assert ledger.read() == {} and ledger.accepted() == {}
    ledger.put(RECORD)
    ledger.accept("墨", "MIT")
    assert Ledger(ledger.path).read() == {"墨": RECORD}
    assert ledger.accepted() == {"墨": "MIT"}
    ledger.drop("墨")
    ledger.drop("墨")
    assert ledger.read() == {} and ledger.accepted() == {"墨": "MIT"}
    assert not list(tmp_path.rglob("*.part"))


def test_what_was_fetched_outlives_the_model(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "installed.json")
    assert ledger.fetched("hf:a/b@") == {}
    ledger.put(RECORD)
    ledger.remember("hf:a/b@", {"unet": "0", "vae": "1"})
    ledger.remember("hf:a/b@", {"unet": "2"})
    ledger.drop("墨")
    assert ledger.fetched("hf:a/b@") == {"unet": "2", "vae": "1"} and ledger.fetched("hf:a/b@v2") == {}


OUTSIDE = json.dumps({"models": {"a": {"kind": "lora", "place": "../../x", "files": []}}})
BROKEN = ["", "{", "[]", "3", '{"models": 3}', '{"models": {"a": {"files": 1}}}', "\ud800", OUTSIDE]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_record_is_told_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "installed.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(SdzhError) as caught:
        Ledger(path).read()
    assert caught.value.code == "ledger_unreadable"
    assert path.read_bytes() == content.encode("utf-8", "surrogatepass")


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "installed.json")
    threads = [threading.Thread(target=ledger.accept, args=(f"card-{n}", "MIT")) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(ledger.accepted()) == 12


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with held(tmp_path / "a.lock"), pytest.raises(SdzhError) as caught, held(tmp_path / "a.lock", wait=False):
        pass
    assert caught.value.code == "lock_held"
    with held(tmp_path / "a.lock", wait=False):
        pass
