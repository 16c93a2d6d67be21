"""What stands in a folder that a user filled by hand."""

from __future__ import annotations

import contextlib
from pathlib import Path

from sd_chinese.registry.scan import scan
from tests.registry.layouts import drop_file, drop_folder
from tests.registry.test_identify import ALONE, attention_lora, model_folder, write


def test_scan_lists_models_not_their_insides(tmp_path: Path) -> None:
    model_folder(tmp_path / "b" / "model")
    control = write(
        tmp_path / "control" / "diffusion_pytorch_model.safetensors", ALONE["controlnet folder"][0]
    ).parent
    (control / "config.json").write_text("{}", encoding="utf-8")
    write(tmp_path / "lora" / "pytorch_lora_weights.safetensors", attention_lora("attn_procs"))
    write(tmp_path / "a" / "深" / "one.safetensors", ALONE["vae"][0])
    write(tmp_path / "two.CKPT", ALONE["vae"][0])
    write(tmp_path / ".hidden" / "three.safetensors", ALONE["vae"][0])
    write(tmp_path / "four.safetensors.part", ALONE["vae"][0])
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with contextlib.suppress(OSError):  # Windows asks for a privilege
        (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = scan([tmp_path, tmp_path / "missing", tmp_path / "a"])
    assert [each.path.relative_to(tmp_path).as_posix() for each in found] == [
        "a/深/one.safetensors",
        "b/model",
        "control",
        "lora",
        "two.CKPT",
    ]
    assert [each.identity.kind for each in found] == ["vae", "base", "controlnet", "lora", "vae"]
    assert found[1].size_bytes > 1e9


def test_a_folder_of_downloads(tmp_path: Path) -> None:
    """Whole repositories under one roof, as `git clone` leaves them: one row each."""
    names = [
        "taiyi-1b-zh",
        "pai-diffusion-artist-large-zh-lora-poem",
        "pai-diffusion-artist-large-zh-controlnet-depth",
    ]
    for name in names:
        drop_folder(name, tmp_path / name)
    drop_file("skypaint", tmp_path / "单文件" / "sky.safetensors")
    found = {each.path.name: each.identity for each in scan([tmp_path])}
    assert set(found) == {*names, "sky.safetensors"}
    makes = {name: identity.make and identity.make.id for name, identity in found.items()}
    assert makes == {names[0]: "taiyi", names[1]: None, names[2]: None, "sky.safetensors": "skypaint"}
