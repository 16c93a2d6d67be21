"""LoRA spellings, judged by what the UNet draws: diffusers with peft reads the source and the converted file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from sd_chinese.convert.lora import convert_lora, dotted, read_differences
from sd_chinese.errors import SdzhError
from tests.convert.conftest import UNETS

KEYS = Path(__file__).parents[1] / "keys"
PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")

# (module, role) -> key, as diffusers and peft wrote them over the years.
SPELLINGS: dict[str, Callable[[str, str], str]] = {
    "attention processors": lambda module, role: (
        re.sub(r"\.(to_\w+?)(\.0)?$", r".processor.\1_lora", module) + f".{role}.weight"
    ),
    "attention processors under unet": lambda module, role: (
        "unet." + re.sub(r"\.(to_\w+?)(\.0)?$", r".processor.\1_lora", module) + f".{role}.weight"
    ),
    "diffusers": lambda module, role: f"unet.{module}.lora.{role}.weight",
    "peft": lambda module, role: f"unet.{module}.lora_{'A' if role == 'down' else 'B'}.weight",
    "peft adapter": lambda module, role: (
        f"base_model.model.{module}.lora_{'A' if role == 'down' else 'B'}.default.weight"
    ),
    "kohya": lambda module, role: f"lora_unet_{module.replace('.', '_')}.lora_{role}.weight",
}


@pytest.fixture
def unet(random_module: Callable[..., Any]) -> Any:
    return random_module("UNet2DConditionModel", sample_size=8, **UNETS["sd1"])


def attention_modules(unet: Any) -> Iterator[tuple[str, torch.Tensor]]:
    for name, module in unet.named_modules():
        if re.search(r"\.attn[12]\.(to_q|to_k|to_v|to_out\.0)$", name):
            yield name, module.weight


def random_lora(unet: Any, rank: int) -> dict[tuple[str, str], torch.Tensor]:
    """A LoRA of the reach and form of PAI's: all attention projections, no alpha. (module, role) -> matrix."""
    generator = torch.Generator().manual_seed(2)
    matrices = {}
    for name, weight in attention_modules(unet):
        matrices[name, "down"] = torch.randn(rank, weight.shape[1], generator=generator) * 0.3
        matrices[name, "up"] = torch.randn(weight.shape[0], rank, generator=generator) * 0.3
    return matrices


def write(matrices: dict[tuple[str, str], torch.Tensor], spelling: str, path: Path) -> Path:
    tensors = {SPELLINGS[spelling](module, role): value for (module, role), value in matrices.items()}
    assert len(tensors) == len(matrices)
    torch.save(tensors, path) if path.suffix == ".bin" else save_file(tensors, path)
    return path


def output(unet: Any) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        return unet(
            torch.randn(1, 4, 16, 16, generator=generator), 500, torch.randn(1, 5, 32, generator=generator)
        ).sample


@pytest.mark.parametrize("rank", [1, 5, 64])
@pytest.mark.parametrize("spelling", ["attention processors", "peft", "diffusers"])
def test_diffusers_draws_the_same_with_both_files(
    unet: Any, tmp_path: Path, spelling: str, rank: int
) -> None:
    pytest.importorskip("peft")
    from diffusers.loaders import StableDiffusionLoraLoaderMixin

    source = write(random_lora(unet, rank), spelling, tmp_path / "pytorch_lora_weights.bin")
    out = convert_lora(source, tmp_path / "a.safetensors", dtype="float32")
    plain = output(unet)

    unet.load_lora_adapter(torch.load(source), prefix="unet" if spelling != "attention processors" else None)
    expected = output(unet)
    unet.unload_lora()
    assert torch.equal(output(unet), plain)
    state, alphas = StableDiffusionLoraLoaderMixin.lora_state_dict(str(out), unet_config=unet.config)
    unet.load_lora_adapter(state, network_alphas=alphas, prefix="unet")
    assert torch.allclose(output(unet), expected, atol=1e-5)
    assert (expected - plain).abs().max() > 0.01


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_gives_one_file(unet: Any, tmp_path: Path, spelling: str) -> None:
    matrices = random_lora(unet, 4)
    reference = load_file(
        convert_lora(write(matrices, "kohya", tmp_path / "k.safetensors"), tmp_path / "r.safetensors")
    )
    folder = tmp_path / "folder"  # PAI publishes folders
    folder.mkdir()
    write(matrices, spelling, folder / "pytorch_lora_weights.bin")
    tensors = load_file(convert_lora(folder, tmp_path / "a.safetensors"))
    assert tensors.keys() == reference.keys() == {SPELLINGS["kohya"](*key) for key in matrices}
    assert all(torch.equal(tensors[key], reference[key]) for key in tensors)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}


def test_differences_are_up_times_down(unet: Any, tmp_path: Path) -> None:
    matrices = random_lora(unet, 4)
    path = write(matrices, "attention processors", tmp_path / "a.safetensors")
    differences = read_differences(path)
    assert differences.keys() == {f"{name}.weight" for name, _ in attention_modules(unet)}
    for name, weight in attention_modules(unet):
        difference = differences[f"{name}.weight"]
        assert difference.shape == weight.shape
        assert torch.allclose(difference, matrices[name, "up"] @ matrices[name, "down"], atol=1e-6)


def test_differences_honour_alpha_and_convolutions(tmp_path: Path) -> None:
    name = "lora_unet_down_blocks_0_resnets_1_conv1"
    down, up = torch.randn(2, 3, 3, 3), torch.randn(4, 2, 1, 1)
    tensors = {
        f"{name}.lora_down.weight": down,
        f"{name}.lora_up.weight": up,
        f"{name}.alpha": torch.tensor(1.0),
    }
    text = {
        f"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_{r}.weight": torch.ones(2, 2)
        for r in ("down", "up")
    }
    save_file({**tensors, **text}, tmp_path / "a.safetensors")
    ((key, difference),) = read_differences(tmp_path / "a.safetensors").items()
    assert key == "down_blocks.0.resnets.1.conv1.weight"
    # Side by side as two convolutions, which is what an adapter does.
    image = torch.randn(1, 3, 8, 8)
    expected = torch.conv2d(torch.conv2d(image, down), up) / 2
    assert torch.allclose(torch.conv2d(image, difference), expected, atol=1e-5)


def real_modules() -> list[str]:
    pairs = json.loads((KEYS / "sd1_unet.json").read_text(encoding="utf-8"))
    return [name.removesuffix(".weight") for name, shape in pairs.values() if len(shape) > 1]


def test_kohya_names_are_reversible_for_every_module() -> None:
    for name in real_modules():
        assert dotted("lora_unet_" + name.replace(".", "_")) == name


def test_automatic1111_finds_every_attention_module() -> None:
    """Its rule (extensions-builtin/Lora/networks.py), in short, leads to a module of the LDM UNet."""
    pairs = json.loads((KEYS / "sd1_unet.json").read_text(encoding="utf-8"))
    known = {key.removesuffix(".weight").replace(".", "_") for key in pairs}

    def ldm_name(kohya: str) -> str:
        if match := re.fullmatch(r"lora_unet_(down|up)_blocks_(\d)_attentions_(\d)_(.+)", kohya):
            side, block, layer, rest = match.groups()
            number = int(block) * 3 + int(layer) + (side == "down")
            return f"{'input' if side == 'down' else 'output'}_blocks_{number}_1_{rest}"
        return kohya.replace("lora_unet_mid_block_attentions_0_", "middle_block_1_")

    modules = [name for name in real_modules() if re.search(r"attn[12]\.to_", name)]
    assert len(modules) == 128
    for name in modules:
        assert ldm_name("lora_unet_" + name.replace(".", "_")) in known


def test_text_encoder_parts_keep_their_place(tmp_path: Path) -> None:
    layer = "text_encoder.text_model.encoder.layers.0.self_attn"
    old = {f"{layer}.to_out_lora.{role}.weight": torch.ones(2, 2) for role in ("down", "up")}
    new = {f"{layer}.q_proj.lora_linear_layer.{role}.weight": torch.ones(2, 2) for role in ("down", "up")}
    save_file({**old, **new}, tmp_path / "a.safetensors")
    names = load_file(convert_lora(tmp_path / "a.safetensors", tmp_path / "b.safetensors"))
    prefix = "lora_te_text_model_encoder_layers_0_self_attn_"
    assert names.keys() == {f"{prefix}{p}_proj.lora_{r}.weight" for p in ("q", "out") for r in ("down", "up")}


def test_bad_input(unet: Any, tmp_path: Path) -> None:
    def failure(tensors: dict[str, torch.Tensor]) -> SdzhError:
        save_file(tensors, tmp_path / "bad.safetensors")
        with pytest.raises(SdzhError) as caught:
            convert_lora(tmp_path / "bad.safetensors", tmp_path / "out.safetensors")
        assert not (tmp_path / "out.safetensors").exists()
        return caught.value

    name = "lora_unet_down_blocks_0_attentions_0_proj_in"
    assert failure({f"{name}.hada_w1_a": torch.ones(2, 2)}).code == "lora_unknown_key"
    assert failure({"blocks.0.attn.qkv.lora_A.weight": torch.ones(2, 2)}).code == "lora_unknown_key"
    assert failure({f"{name}.lora_down.weight": torch.ones(2, 2)}).code == "lora_incomplete"
    ranks = {f"{name}.lora_down.weight": torch.ones(2, 8), f"{name}.lora_up.weight": torch.ones(8, 3)}
    assert failure(ranks).code == "lora_incomplete"
