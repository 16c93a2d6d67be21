"""What files are, by headers made from real key lists; nothing but shapes is read, so the files hold no weights."""

from __future__ import annotations

import contextlib
import json
import math
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sd_chinese.registry.identify import identify
from sd_chinese.registry.scan import scan

KEYS = Path(__file__).parents[1] / "keys"
Shapes = Mapping[str, tuple[int, ...]]


def key_list(name: str, spelling: str, prefix: str = "") -> dict[str, tuple[int, ...]]:
    pairs: dict[str, Any] = json.loads((KEYS / f"{name}.json").read_text(encoding="utf-8"))
    return {prefix + (ldm if spelling == "ldm" else pair[0]): tuple(pair[1]) for ldm, pair in pairs.items()}


def write(path: Path, shapes: Shapes, metadata: Mapping[str, str] | None = None) -> Path:
    """A safetensors file of these shapes whose data is a hole in the file."""
    header: dict[str, Any] = {"__metadata__": dict(metadata or {})}
    offset = 0
    for name, shape in shapes.items():
        end = offset + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + offset)
    return path


def clip(rows: int, positions: int = 77, width: int = 768) -> dict[str, tuple[int, ...]]:
    return {
        "embeddings.token_embedding.weight": (rows, width),
        "embeddings.position_embedding.weight": (positions, width),
        "encoder.layers.0.mlp.fc1.weight": (4 * width, width),
        "encoder.layers.11.mlp.fc1.weight": (4 * width, width),
        "final_layer_norm.weight": (width,),
    }


def bert(rows: int, width: int = 768) -> dict[str, tuple[int, ...]]:
    return {
        "embeddings.word_embeddings.weight": (rows, width),
        "embeddings.position_embeddings.weight": (512, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "encoder.layer.0.intermediate.dense.weight": (4 * width, width),
        "encoder.layer.11.intermediate.dense.weight": (4 * width, width),
    }


def under(prefix: str, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    return {prefix + name: shape for name, shape in shapes.items()}


ENCODERS = {
    "Taiyi": (under("cond_stage_model.transformer.", bert(21128)), ("bert", 512)),
    "Taiyi renamed by a host": (
        under("cond_stage_model.transformer.text_model.", bert(21128)),
        ("bert", 512),
    ),
    "PAI": (under("cond_stage_model.transformer.text_model.", clip(21128, 32)), ("clip", 32)),
    "SkyPaint": (under("cond_stage_model.transformer.text_model.", clip(105879)), ("clip", 77)),
    "AltDiffusion": (
        under("cond_stage_model.roberta.", bert(250002, 1024))
        | {"cond_stage_model.transformation.weight": (768, 1024)},
        ("xlmr", 77),
    ),
}


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize(("unet", "family", "width"), [("sd1_unet", "sd1", 768), ("sd2_unet", "sd2", 1024)])
def test_checkpoints(tmp_path: Path, name: str, unet: str, family: str, width: int) -> None:
    shapes, (architecture, rows) = ENCODERS[name]
    path = write(
        tmp_path / "misleading name.safetensors",
        key_list(unet, "ldm", "model.diffusion_model.")
        | key_list("vae", "ldm", "first_stage_model.")
        | shapes,
    )
    identity = identify(path)
    assert (identity.kind, identity.family, identity.layout, identity.width) == ("base", family, "ldm", width)
    assert identity.spec and (identity.spec.architecture, identity.spec.context_length) == (
        architecture,
        rows,
    )


def test_an_ambiguous_encoder_is_told(tmp_path: Path) -> None:
    shapes = under("cond_stage_model.transformer.text_model.", clip(49408))
    path = write(tmp_path / "a.safetensors", key_list("sd1_unet", "ldm", "model.diffusion_model.") | shapes)
    identity = identify(path)
    assert (identity.kind, identity.family, identity.spec) == ("base", "sd1", None)
    assert "wordpiece" in identity.reason


def attention_lora(form: str, width: int = 768, rank: int = 4) -> dict[str, tuple[int, ...]]:
    module = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    names = {
        "attn_procs": module.replace(".to_k", ".processor.to_k_lora") + ".{}.weight",
        "diffusers": f"unet.{module}.lora.{{}}.weight",
        "kohya": f"lora_unet_{module.replace('.', '_')}.lora_{{}}.weight",
    }
    if form == "peft":
        a, b = f"unet.{module}.lora_A.weight", f"base_model.model.{module}.lora_B.default.weight"
        return {a: (rank, width), b: (320, rank)}
    return {names[form].format("down"): (rank, width), names[form].format("up"): (320, rank)}


@pytest.mark.parametrize("form", ["attn_procs", "diffusers", "kohya", "peft"])
@pytest.mark.parametrize(
    ("width", "family"), [(768, "sd1"), (1024, "sd2"), (2048, "sdxl"), (256, "mini"), (1500, "")]
)
def test_loras(tmp_path: Path, form: str, width: int, family: str) -> None:
    identity = identify(write(tmp_path / "a.safetensors", attention_lora(form, width)))
    assert (identity.kind, identity.layout, identity.family, identity.width) == ("lora", form, family, width)


ALONE: dict[str, tuple[Shapes, str, str, str]] = {
    "controlnet folder": (key_list("sd1_controlnet", "diffusers"), "controlnet", "diffusers", "sd1"),
    "controlnet ldm": (key_list("sd1_controlnet", "ldm", "control_model."), "controlnet", "ldm", "sd1"),
    "controlnet bare": (key_list("sd1_controlnet", "ldm"), "controlnet", "ldm", "sd1"),
    "unet": (key_list("sd2_unet", "diffusers"), "unet", "diffusers", "sd2"),
    "vae": (key_list("vae", "diffusers"), "vae", "diffusers", ""),
    "vae ldm": (key_list("vae", "ldm"), "vae", "ldm", ""),
    "t2i adapter": (
        {"body.0.in_conv.weight": (640, 320, 1, 1), "conv_in.weight": (320, 192, 3, 3)},
        "t2i_adapter",
        "ldm",
        "",
    ),
    "t2i adapter folder": (
        {"adapter.body.0.resnets.0.block1.weight": (320, 320, 3, 3)},
        "t2i_adapter",
        "diffusers",
        "",
    ),
    "embedding": ({"emb_params": (8, 768)}, "embedding", "webui", "sd1"),
    "embedding of diffusers": ({"<cat-toy>": (1024,)}, "embedding", "webui", "sd2"),
    "lycoris": ({"lora_unet_mid_block_attentions_0_proj_in.hada_w1_a": (4, 8)}, "lora", "lycoris", ""),
    "encoder": (under("text_model.", clip(21128, 32)), "encoder", "transformers", "sd1"),
    "encoder without level": (clip(21128, 32), "encoder", "transformers", "sd1"),
}


@pytest.mark.parametrize("name", ALONE)
def test_other_files(tmp_path: Path, name: str) -> None:
    shapes, kind, layout, family = ALONE[name]
    identity = identify(write(tmp_path / "a.safetensors", shapes))
    assert (identity.kind, identity.layout, identity.family, identity.reason) == (kind, layout, family, "")


STRANGERS: dict[str, tuple[Shapes, str]] = {
    "flux": ({"model.diffusion_model.double_blocks.0.img_attn.qkv.weight": (3, 3)}, "Flux"),
    "flux lora": ({"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": (3, 3)}, "Flux"),
    "sd3": ({"model.diffusion_model.joint_blocks.0.x.weight": (3, 3)}, "Stable Diffusion 3"),
    "kolors": (key_list("sd1_unet", "diffusers") | {"encoder_hid_proj.weight": (2048, 4096)}, "Kolors"),
    "image classifier": ({"layer1.0.conv1.weight": (64, 64, 3, 3)}, "layer1.0.conv1.weight"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_strangers_are_refused_by_name(tmp_path: Path, name: str) -> None:
    shapes, word = STRANGERS[name]
    identity = identify(write(tmp_path / "a.safetensors", shapes))
    assert identity.kind == "" and word in identity.reason


def test_broken_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "page.ckpt").write_bytes(b"<!DOCTYPE html>" + b" " * 40)
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\x27\0\0\0\0\0\0{")
    for path in (*tmp_path.iterdir(), tmp_path / "gone.pt", tmp_path):
        identity = identify(path)
        assert identity.kind == "" and "。" in identity.reason and " / " in identity.reason


def model_folder(path: Path) -> Path:
    write(path / "unet" / "diffusion_pytorch_model.safetensors", key_list("sd1_unet", "diffusers"))
    write(path / "vae" / "diffusion_pytorch_model.safetensors", key_list("vae", "diffusers"))
    write(path / "text_encoder" / "model.safetensors", under("text_model.", clip(21128, 32)))
    config = {"architectures": ["CLIPTextModel"], "num_attention_heads": 12}
    (path / "text_encoder" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return path


def test_diffusers_folders(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model")
    identity = identify(folder)
    assert (identity.kind, identity.family, identity.layout, identity.reason) == (
        "base",
        "sd1",
        "diffusers",
        "",
    )
    assert identity.spec and identity.spec.context_length == 32
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    assert "vae" in identify(folder).reason


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


def test_nothing_here_needs_torch(tmp_path: Path) -> None:
    path = model_folder(tmp_path / "model")
    code = (
        "import sys; from pathlib import Path; from sd_chinese.registry.identify import identify;"
        "from sd_chinese.registry.catalog import Catalog; Catalog.load();"
        "assert identify(Path(sys.argv[1])).spec; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0
