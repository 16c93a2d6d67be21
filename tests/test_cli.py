"""The command line with what a newcomer gets wrong: one sentence in both languages, code 2, nothing half-written."""

from __future__ import annotations

import builtins
import errno
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_chinese import cli, strings
from sd_chinese.mini.folders import WEIGHTS

ROOT = Path(__file__).parents[1]
BASE = WEIGHTS / "base"
QUICK = ["--steps", "1", "--size", "64x64", "--seed", "7"]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command without a models folder; the exit code, and all that was said."""

    def command(*arguments: object) -> tuple[int, str]:
        code = cli.main(["--models", str(tmp_path / "models"), *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("checkpoint") / "mini.safetensors"
    assert cli.main(["models", "convert", str(BASE), str(out)]) == 0
    return out


def assert_sentence(result: tuple[int, str], key: str) -> None:
    """Code 2, and the sentence of ``key`` in both languages and nothing else."""
    code, said = result
    assert code == 2
    zh, en = (re.compile(re.sub(r"\\{\w+\\}", ".*", re.escape(each))) for each in strings.TEXTS[key])
    lines = [line for line in said.splitlines() if line]
    assert len(lines) == 2, said
    assert zh.fullmatch(lines[0])
    assert en.fullmatch(lines[1])


def broken(folder: Path, change: Callable[[Path], object]) -> Path:
    """A copy of the embedded base with ``change`` done to it."""
    copy = folder / "broken"
    shutil.copytree(BASE, copy, copy_function=os.link)
    change(copy)
    return copy


def without_tokenizer(folder: Path) -> None:
    shutil.rmtree(folder / "tokenizer")


def with_another_vocabulary(folder: Path) -> None:
    path = folder / "tokenizer" / "vocab.txt"
    words = path.read_text(encoding="utf-8").splitlines()
    path.unlink()  # a link to the real one
    path.write_text("\n".join(words[:-3]), encoding="utf-8")


def truncated(whole: Path, path: Path) -> Path:
    path.write_bytes(whole.read_bytes()[:1_000_000])
    return path


def web_page(path: Path) -> Path:
    path.write_text("<!DOCTYPE html><title>404</title>" + " " * 100, encoding="utf-8")
    return path


def text_file(path: Path) -> Path:
    path.write_text("not a checkpoint at all, but long enough to be read", encoding="utf-8")
    return path


def hostile_pickle(path: Path) -> Path:
    """A torch archive that would run a command."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"cposix\nsystem\n(S'exit 1'\ntR.")
    return path


def test_paints_a_picture_that_says_how(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "new" / "moon.png"
    code, said = run("generate", "月夜，一叶小舟，远山", "--out", out, *QUICK)
    assert code == 0
    assert str(out) in said
    with Image.open(out) as image:
        assert image.size == (64, 64)
        parameters = image.text["parameters"]  # type: ignore[attr-defined]  # of PNG files
    assert parameters.startswith("月夜，一叶小舟，远山\nSteps: 1, ")
    assert list(out.parent.iterdir()) == [out]


def test_the_same_seed_paints_the_same_picture(run: Run, tmp_path: Path, checkpoint: Path) -> None:
    """The folder, its converted file, and the file renamed and moved."""
    moved = tmp_path / "月.safetensors"
    shutil.copy(checkpoint, moved)
    pictures = []
    for name, model in (("a", "mini"), ("b", checkpoint), ("c", moved)):
        out = tmp_path / f"{name}.png"
        steps = ["--sampler", "DPM++ 2M Karras", "--cfg", "5", *QUICK]
        assert run("generate", "雪中的梅花", "--model", model, "--out", out, *steps)[0] == 0
        with Image.open(out) as image:
            pictures.append(image.tobytes())
    assert pictures[0] == pictures[1] == pictures[2]


@pytest.mark.parametrize("prompt", ["", "  ", "((月夜", "[一叶：", "）远山]"])
def test_odd_prompts_are_painted(run: Run, tmp_path: Path, prompt: str) -> None:
    out = tmp_path / "a.png"
    code, said = run("generate", prompt, "--out", out, *QUICK)
    assert code == 0
    assert out.is_file()
    assert (strings.both("prompt_empty") in said) == (not prompt.strip())


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("model_missing", ["月夜", "--model", "没有这个模型"]),
        ("model_missing", ["<lora:没有:0.8>月夜"]),
        ("prompt_too_long", ["山" * 20_001]),
        ("prompt_too_long", ["月夜", "--negative", "山" * 20_001]),
        ("size_invalid", ["月夜", "--size", "100x128"]),
        ("size_invalid", ["月夜", "--size", "0x0"]),
        ("number_invalid", ["月夜", "--steps", "0"]),
        ("number_invalid", ["月夜", "--batch", "99"]),
        ("sampler_unknown", ["月夜", "--sampler", "欧拉"]),
        ("image_unreadable", ["月夜", "--image", "gone.png"]),
        ("control_incomplete", ["月夜", "--controlnet", "mini-canny"]),
    ],
)
def test_bad_input_is_a_sentence(run: Run, tmp_path: Path, key: str, arguments: list[str]) -> None:
    folder = tmp_path / "out"
    assert_sentence(run("generate", *arguments, "--out", folder / "a.png"), key)
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize(
    ("key", "make"),
    [
        ("weights_truncated", lambda whole, folder: truncated(whole, folder / "a.safetensors")),
        ("weights_web_page", lambda whole, folder: web_page(folder / "a.safetensors")),
        ("weights_foreign", lambda whole, folder: text_file(folder / "a.ckpt")),
        ("pickle_unsafe", lambda whole, folder: hostile_pickle(folder / "a.ckpt")),
        ("vocabulary_missing", lambda whole, folder: broken(folder, without_tokenizer)),
        ("vocabulary_unfit", lambda whole, folder: broken(folder, with_another_vocabulary)),
    ],
)
@pytest.mark.parametrize("command", ["generate", "convert"])
def test_broken_model_is_a_sentence(
    run: Run, tmp_path: Path, checkpoint: Path, command: str, key: str, make: Callable[[Path, Path], Path]
) -> None:
    model, folder = make(checkpoint, tmp_path), tmp_path / "out"
    said = (
        run("generate", "月夜", "--model", model, "--out", folder / "a.png", *QUICK)
        if command == "generate"
        else run("models", "convert", model, folder / "a.safetensors")
    )
    assert_sentence(said, key)
    assert not folder.exists() or not list(folder.iterdir())


def test_path_that_cannot_be_written_is_told_before_painting(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sd_chinese.workflows.generate_image.generate_image", None)
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    assert_sentence(run("generate", "月夜", "--out", tmp_path / "file" / "a.png"), "cannot_write")
    assert_sentence(run("generate", "月夜", "--out", tmp_path / "folder.png"), "cannot_write")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder.png"}


def test_unwritable_conversion_is_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_sentence(run("models", "convert", BASE, tmp_path / "file" / "a.safetensors"), "write_failed")


class FullDisk(io.FileIO):
    """A file on a disk that has room for a hundred bytes."""

    def write(self, data: Any) -> int:
        super().write(bytes(data[:100]))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    really_open = io.open

    def open_on_full_disk(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if "w" in mode and str(file).endswith(".part"):
            return FullDisk(file, mode.replace("b", ""))
        return really_open(file, mode, *rest, **options)

    monkeypatch.setattr(io, "open", open_on_full_disk)
    monkeypatch.setattr(builtins, "open", open_on_full_disk)


def test_full_disk_is_a_sentence(run: Run, tmp_path: Path, full_disk: None) -> None:
    folder = tmp_path / "out"
    assert_sentence(run("models", "convert", BASE, folder / "a.safetensors"), "write_failed")
    code, said = run("generate", "月夜", "--out", folder / "a.png", *QUICK)
    assert code == 2
    assert os.strerror(errno.ENOSPC) in said
    assert list(folder.iterdir()) == []


def test_too_little_room_is_told_before_converting(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2000, 1000, 1000))  # type: ignore[attr-defined]
    assert_sentence(run("models", "convert", BASE, tmp_path / "a.safetensors"), "disk_full")
    assert not list(tmp_path.glob("*.safetensors*"))


def test_models_are_listed_and_shown(run: Run) -> None:
    code, listed = run("models", "list")
    assert code == 0
    assert all(name in listed for name in ("mini", "mini-ink", "mini-canny"))
    code, card = run("models", "show", "mini")
    assert code == 0
    assert "29 MB" in card
    assert_sentence(run("models", "show", "nini"), "card_unknown")


def test_doctor_reports(run: Run) -> None:
    code, report = run("doctor")
    assert code == 0
    assert "torch " in report
    assert str(Path.home()) not in report


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii"])
def test_a_process_ends_with_code_2_on_any_console(tmp_path: Path, encoding: str) -> None:
    command = [
        sys.executable,
        "-m",
        "sd_chinese.cli",
        "generate",
        "月夜",
        "--size",
        "100x128",
        "--out",
        "a.png",
    ]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, check=False)
    said = done.stderr.decode(encoding)
    assert done.returncode == 2
    assert "100x128" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
