"""A diffusers folder in the checkpoint list: one entry, its inner files none, converted once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.hosts.folders import Folders
from sd_chinese.webui import SERVICES
from sd_chinese.weights_io import write_safetensors
from tests.fake_webui import FakeWebui, fake_webui

__all__ = ["fake_webui"]


@pytest.fixture
def folder(fake_webui: FakeWebui) -> Path:
    path = fake_webui.bases / "子 目录" / "文件夹 v1.0"
    for part in ("unet", "vae", "text_encoder"):
        (path / part).mkdir(parents=True)
        (path / part / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    return path


def converter(done: list[Path]) -> Callable[..., Path]:
    def convert(source: Path, out: Path, progress: Callable[[int, int], None]) -> Path:
        done.append(source)
        progress(1, 1)
        out.write_bytes(b"whole")
        return out

    return convert


def titles(host: FakeWebui) -> list[str]:
    return list(host.module("sd_models").checkpoints_list)


def test_folder_is_one_entry_until_it_is_chosen(fake_webui: FakeWebui, folder: Path) -> None:
    done: list[Path] = []
    folders = Folders(SERVICES.folders, converter(done))
    folders.list_models(fake_webui.list_models)
    assert titles(fake_webui) == ["子 目录/文件夹 v1.0"]
    entry = fake_webui.module("sd_models").checkpoint_aliases["文件夹 v1.0"]
    assert entry.calculate_shorthash() is None
    for _ in range(2):
        file = folders.resolve(entry)
        assert Path(file.filename) == folder.parent / "文件夹 v1.0.safetensors"
    assert done == [folder]
    folders.list_models(fake_webui.list_models)
    assert titles(fake_webui) == ["文件夹 v1.0.safetensors"]
    # The settings still hold the folder's name, and the host looks for it at its next load.
    chosen = fake_webui.module("sd_models").checkpoint_aliases["子 目录/文件夹 v1.0"]
    assert Path(chosen.filename) == folder.parent / "文件夹 v1.0.safetensors"


def test_stop_takes_the_entries_out(fake_webui: FakeWebui, folder: Path) -> None:
    folders = Folders(SERVICES.folders, converter([]))
    folders.add_entries()
    folders.remove_entries()
    assert titles(fake_webui) == []


def test_full_disk_is_said_and_nothing_half_written(fake_webui: FakeWebui, folder: Path) -> None:
    def convert(source: Path, out: Path, progress: object) -> Path:
        raise SdzhError("disk_full", path=out, need=9, free=1)

    folders = Folders(SERVICES.folders, convert)
    folders.add_entries()
    entry = fake_webui.module("sd_models").checkpoint_aliases["文件夹 v1.0"]
    with pytest.raises(SdzhError) as raised:
        folders.resolve(entry)
    assert raised.value.code == "disk_full"
    assert "子 目录/文件夹 v1.0" in titles(fake_webui)


def test_name_that_no_file_can_have_is_listed_and_said(fake_webui: FakeWebui) -> None:
    """A folder's name may be as long as the file system allows; its file's name is longer still."""
    name = "长" * 80 + "v1.0 folder"  # 251 of 255 bytes
    for part in ("unet", "vae", "text_encoder"):
        (fake_webui.bases / name / part).mkdir(parents=True)
        (fake_webui.bases / name / part / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    folders = Folders(SERVICES.folders, lambda source, out, progress: write_safetensors(out, [], {}))
    folders.list_models(fake_webui.list_models)
    assert titles(fake_webui) == [name]
    with pytest.raises(SdzhError) as raised:
        folders.resolve(fake_webui.module("sd_models").checkpoint_aliases[name])
    assert raised.value.code == "path_too_long"
    assert titles(fake_webui) == [name]
