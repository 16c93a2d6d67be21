"""`models …` as a user types it: tables and sentences, and exit code 2 for every mistake."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sd_chinese.cli import main
from sd_chinese.console import table
from sd_chinese.progress import Progress, display_width
from sd_chinese.registry.card import REGISTRY
from sd_chinese.registry.transfer import Meter
from sd_chinese.workflows.find_model import PROJECT
from tests.registry.bad_server import Hub, serving

WEIGHTS = PROJECT / "sd_chinese" / "mini" / "weights"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("SDZH_SOURCES", "SDZH_PROXY", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["--models", str(tmp_path / "models"), "models", *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def published(tmp_path: Path, run: Run) -> Iterator[tuple[Hub, list[str]]]:
    """A card of the user's own, whose files are on a server; and the options that name it."""
    card = json.loads((REGISTRY / "lora" / "mini-ink.json").read_text(encoding="utf-8"))
    card |= {"id": "my-ink", "sources": [{"kind": "hf", "repo": "me/ink"}]}
    (tmp_path / "my-ink.json").write_text(json.dumps(card), encoding="utf-8")
    assert run("add", tmp_path / "my-ink.json")[0] == 0
    with serving(Hub(repos={"me/ink": WEIGHTS / "lora-ink"})) as hub:
        yield hub, ["--sources", "hf", "--address", f"hf={hub.url}", "--proxy", ""]


def test_the_life_of_a_model(tmp_path: Path, run: Run, published: tuple[Hub, list[str]]) -> None:
    hub, options = published
    code, _, told = run("install", "my-ink", *options)
    assert code == 2 and "MIT" in told and hub.asked == []
    code, out, _ = run("install", "my-ink", "--yes", *options)
    placed = tmp_path / "models" / "Lora" / "my-ink.safetensors"
    assert code == 0 and str(placed) in out and placed.is_file()
    (row,) = [line for line in run("list", "--kind", "lora")[1].splitlines() if line.startswith("my-ink ")]
    assert "installed" in row
    assert run("verify")[0] == 0
    placed.write_bytes(placed.read_bytes()[:-1] + b"x")
    code, out, _ = run("verify", "my-ink")
    assert code == 1 and "changed" in out
    placed.unlink()
    code, out, _ = run("verify", "my-ink")
    assert code == 1 and "missing" in out
    assert run("remove", "my-ink")[0] == 0
    assert "verify" not in run("verify")[1] and run("remove", "my-ink")[0] == 2


def test_ctrl_c_keeps_what_has_come(
    run: Run, published: tuple[Hub, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, options = published
    hub.faults["pytorch_lora_weights.safetensors"] = ["stall"]
    size = (WEIGHTS / "lora-ink" / "pytorch_lora_weights.safetensors").stat().st_size

    def press(meter: Meter) -> Progress:
        """As the signal does: in the main thread, once half has come."""
        if event(meter).done >= size // 2:
            raise KeyboardInterrupt
        return event(meter)

    event = Meter.event
    with monkeypatch.context() as patched:
        patched.setattr(Meter, "event", press)
        code, out, told = run("install", "my-ink", "--yes", *options)
    assert (code, out) == (130, "") and "models remove my-ink" in told and "Traceback" not in told
    (row,) = [line for line in run("list", "--kind", "lora")[1].splitlines() if line.startswith("my-ink ")]
    assert "partly downloaded" in row
    hub.asked.clear()
    assert run("install", "my-ink", *options)[0] == 0
    assert any(ranged for _, ranged in hub.asked)


def test_the_licence_is_asked_for(
    tmp_path: Path, run: Run, published: tuple[Hub, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("\nn\n同意\n"))
    for code in (2, 2, 0):
        found, out, _ = run("install", "my-ink", *published[1])
        assert found == code and "[y/N]" in out and "opensource.org" in out


def test_what_was_dropped_by_hand_is_offered_and_converted(tmp_path: Path, run: Run) -> None:
    import shutil

    dropped = tmp_path / "models" / "Stable-diffusion" / "我的 模型"
    shutil.copytree(WEIGHTS / "base", dropped)
    out = run("list", "--kind", "base")[1]
    assert f"models convert {dropped}" in out
    code, out, _ = run("convert", dropped)
    made = dropped.with_name("我的 模型.safetensors")
    assert code == 0 and made.is_file() and str(made) in out
    assert run("convert", dropped)[0] == 2  # it is there
    assert run("verify")[0] == 0
    assert run("remove", "我的 模型")[0] == 0 and not made.exists() and dropped.is_dir()


def test_an_add_on_is_put_where_it_belongs(tmp_path: Path, run: Run) -> None:
    assert run("convert", WEIGHTS / "lora-ink")[0] == 0
    assert (tmp_path / "models" / "Lora" / "lora-ink.safetensors").is_file()
    assert run("convert", WEIGHTS / "controlnet-canny")[0] == 0
    assert (tmp_path / "models" / "ControlNet" / "controlnet-canny.safetensors").is_file()
    assert run("convert", WEIGHTS / "base" / "text_encoder")[0] == 0
    assert (tmp_path / "models" / "SDZH-Encoder" / "text_encoder" / "vocab.txt").is_file()


def test_a_card_says_its_defaults_plainly(run: Run) -> None:
    out = run("show", "taiyi-1b-zh")[1]
    assert "size 512x512" in out and "(512" not in out


BAD = [
    ["install", "nosuch"],
    ["install", "mini-ink", "--sources", "ftp"],
    ["install", "mini-ink", "--address", "hf=gopher://x"],
    ["install", "mini-ink", "--address", "x"],
    ["install", "mini-ink", "--from", "/no/such/folder", "--yes"],
    ["install", "mini", "--from", WEIGHTS / "lora-ink", "--yes"],
    ["verify", "mini"],
    ["remove", "mini"],
    ["remove", "nosuch"],
    ["remove", ".."],
    ["remove", "../Lora"],
    ["remove", ""],
    ["add", "/no/such/card.json"],
    ["add", __file__],
    ["add", REGISTRY / "lora" / "mini-ink.json"],
    ["convert", "/no/such/model"],
    ["convert", __file__],
    ["show", "nosuch"],
]


@pytest.mark.parametrize("arguments", BAD, ids=lambda each: " ".join(map(str, each))[:40])
def test_a_mistake_is_one_sentence(run: Run, arguments: list[object], tmp_path: Path) -> None:
    code, out, told = run(*arguments)
    assert (code, out, told.strip().count("\n")) == (2, "", 1) and "Traceback" not in told
    assert not [path for path in (tmp_path / "models").rglob("*") if path.suffix == ".safetensors"]


def test_a_broken_record_is_told(run: Run, tmp_path: Path) -> None:
    ledger = tmp_path / "models" / "SDZH-Encoder" / "installed.json"
    ledger.parent.mkdir(parents=True)
    ledger.write_text("{", encoding="utf-8")
    for arguments in (["verify"], ["install", "mini"], ["remove", "mini"]):
        code, _, told = run(*arguments)
        assert code == 2 and "installed.json" in told
    assert run("list")[0] == 0 and ledger.read_text(encoding="utf-8") == "{"


def test_columns_are_counted_in_cells() -> None:
    lines = table([("名称", "b"), ("ab", "水墨")])
    assert lines == ["名称  b", "ab    水墨"] and display_width("水a") == 3
