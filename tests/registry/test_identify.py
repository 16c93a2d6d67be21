"""What files are, by headers made from real key lists; nothing but shapes is read, so the files hold no weights."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sd_chinese.registry.catalog import Catalog
from sd_chinese.registry.identify import identify
from tests.registry.layouts import (
    MODELS,
    Shapes,
    drop_file,
    drop_folder,
    key_list,
    part_shapes,
    size,
    write,
    write_vocabulary,
)


@pytest.fixture(autouse=True)
def leave_no_holes(tmp_path: Path) -> Iterator[None]:
    """Where a file system has no holes, these files are as large as they say."""
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


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


def test_nothing_here_needs_torch(tmp_path: Path) -> None:
    path = model_folder(tmp_path / "model")
    code = (
        "import sys; from pathlib import Path; from sd_chinese.registry.identify import identify;"
        "from sd_chinese.registry.catalog import Catalog; Catalog.load();"
        "assert identify(Path(sys.argv[1])).spec; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0


def bases() -> list[str]:
    return [name for name, model in MODELS.items() if "unet" in model]


@pytest.mark.parametrize("name", MODELS)
def test_every_card_s_folder_is_what_its_card_says(tmp_path: Path, name: str) -> None:
    """A folder downloaded by hand, under a name that says nothing, is known by keys and shapes."""
    card = Catalog.load().get(name)
    identity = identify(drop_folder(name, tmp_path / "下载 的模型"))
    assert (identity.kind, identity.family, identity.reason) == (card.kind, card.family, "")
    if card.kind == "base":
        assert identity.layout == "diffusers" and identity.spec and identity.make
        assert identity.make.id == MODELS[name]["make"]
        # What the card overrides exists in the encoder's spec, and says what the files say.
        assert identity.spec.with_overrides(card.encoder) == identity.spec


@pytest.mark.parametrize("name", bases())
def test_every_base_as_a_single_file(tmp_path: Path, name: str) -> None:
    card = Catalog.load().get(name)
    identity = identify(drop_file(name, tmp_path / "model.safetensors"))
    assert (identity.kind, identity.family, identity.layout, identity.reason) == (
        "base",
        card.family,
        "ldm",
        "",
    )
    assert identity.make and identity.make.id == MODELS[name]["make"]


def test_a_lora_as_pai_publishes_it(tmp_path: Path) -> None:
    """A pickle; of rank 1 here, so that it is small."""
    torch = pytest.importorskip("torch")
    name = "pai-diffusion-artist-large-zh-lora-poem"
    shapes = part_shapes(MODELS[name]["lora"])
    tensors = {
        key: torch.zeros([1 if side == 128 else side for side in shape]) for key, shape in shapes.items()
    }
    path = tmp_path / name / "pytorch_lora_weights.bin"
    path.parent.mkdir()
    torch.save(tensors, path)
    for place in (path, path.parent):
        identity = identify(place)
        assert (identity.kind, identity.family, identity.layout) == ("lora", "sd1", "attn_procs")


def test_every_card_has_its_keys() -> None:
    cards = [
        card for card in Catalog.load().all() if not card.bundled and card.kind not in ("encoder", "corpus")
    ]
    assert {card.id for card in cards} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_sizes_are_the_published_ones(name: str) -> None:
    """The outside judge of derived keys: the publisher's file has as many bytes, to the digits that were published."""
    model, total = MODELS[name], 0
    for part in ("unet", "vae", "text_encoder", "lora", "controlnet"):
        if part not in model:
            continue
        measured = size(part_shapes(model[part]), model.get("dtype", "float32"))
        total += measured
        if published := model[part].get("megabytes"):
            assert measured / 1e6 == pytest.approx(published, rel=0.004), part
        assert model[part]["evidence"].startswith(("derived", "published"))
    card = Catalog.load().get(name)
    assert card.size_bytes == pytest.approx(total, rel=0.01)


@pytest.mark.parametrize("name", [card.id for card in Catalog.load().all("encoder")])
def test_every_encoder_alone(tmp_path: Path, name: str) -> None:
    """An encoder's card fetches two folders of its base's repository."""
    card = Catalog.load().get(name)
    model = MODELS[card.compatible[0]]
    folder = tmp_path / "one"
    write(
        folder / "text_encoder" / "model.safetensors",
        part_shapes(model["text_encoder"]),
        dtype=model["dtype"],
    )
    (folder / "text_encoder" / "config.json").write_text(json.dumps(model["config"]), encoding="utf-8")
    write_vocabulary(folder / "tokenizer", model["vocabulary"])
    identity = identify(folder / "text_encoder" / "model.safetensors")
    assert (identity.kind, identity.family, identity.reason) == ("encoder", card.family, "")
    assert identity.make and identity.make.id == model["make"]
    assert card.size_bytes == pytest.approx(
        size(part_shapes(model["text_encoder"]), model["dtype"]), rel=0.01
    )


def test_taiyi_xl_is_named_and_refused(tmp_path: Path) -> None:
    shapes = {
        "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
        "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
        "conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight": (57475, 768),
    }
    identity = identify(write(tmp_path / "a.safetensors", shapes))
    assert (identity.kind, identity.family) == ("base", "sdxl") and "Taiyi-XL" in identity.reason
    english = {**shapes, list(shapes)[2]: (49408, 768)}
    assert identify(write(tmp_path / "b.safetensors", english)).reason == ""


def test_a_file_says_which_card_it_is_of(tmp_path: Path) -> None:
    """The key that an install writes; a file's name says nothing."""
    from sd_chinese.convert.parts import CARD_KEY

    path = write(tmp_path / "renamed.safetensors", key_list("sd1_controlnet", "ldm"), {CARD_KEY: "some-card"})
    assert identify(path).card == "some-card"
    assert identify(write(tmp_path / "b.safetensors", key_list("sd1_controlnet", "ldm"))).card == ""
