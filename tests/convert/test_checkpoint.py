"""Base models both ways, judged by outputs: diffusers' single-file loader, and our encoders before and after."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

pytest.importorskip("diffusers")

from diffusers import AutoencoderKL, UNet2DConditionModel

from sd_chinese.convert.checkpoint import convert_base_to_ldm, convert_ldm, convert_ldm_to_folder
from sd_chinese.convert.parts import read_base
from sd_chinese.errors import SdzhError
from sd_chinese.spec import EncoderSpec, read_spec
from sd_chinese.text.load import load_conditioner_from
from sd_chinese.weights_io import read_header

FAMILY = "Taiyi v0.1, svjack"
TEXT = "月夜，一叶小舟，远山"
Folder = Callable[[str, str], Path]
OLD_VAE_NAMES = {"to_q.": "query.", "to_k.": "key.", "to_v.": "value.", "to_out.0.": "proj_attn."}


def unet_output(unet: Any) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(1, 4, 16, 16, generator=generator)
    context = torch.randn(1, 5, unet.config.cross_attention_dim, generator=generator)
    with torch.no_grad():
        return unet(latents, 500, context).sample


def vae_outputs(vae: Any) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        encoded = vae.encode(torch.randn(1, 3, 32, 32, generator=generator)).latent_dist.mean
        return torch.cat([encoded.flatten(), vae.decode(encoded).sample.flatten()])


def same_pictures(path: Path, folder: Path, tolerance: float = 1e-5) -> None:
    """The converted file, loaded by diffusers, against the modules of the folder."""
    unet = UNet2DConditionModel.from_single_file(
        str(path), config=str(folder), subfolder="unet", local_files_only=True
    )
    vae = AutoencoderKL.from_single_file(
        str(path), config=str(folder), subfolder="vae", local_files_only=True
    )
    pairs = [
        (unet_output(unet.float()), unet_output(UNet2DConditionModel.from_pretrained(folder / "unet"))),
        (vae_outputs(vae.float()), vae_outputs(AutoencoderKL.from_pretrained(folder / "vae"))),
    ]
    for ours, reference in pairs:
        assert (ours - reference).abs().max() <= tolerance * reference.abs().max()


@pytest.mark.parametrize("structure", ["sd1", "sd2", "mini"])
def test_diffusers_draws_the_same_from_the_file(model_folder: Folder, tmp_path: Path, structure: str) -> None:
    folder = model_folder(structure, FAMILY)
    path = convert_base_to_ldm(folder, tmp_path / "a.safetensors", dtype="float32")
    same_pictures(path, folder)
    assert {info.dtype for info in read_header(path).tensors.values()} == {"float32"}


def test_half_precision_is_the_default(model_folder: Folder, tmp_path: Path) -> None:
    folder = model_folder("sd1", FAMILY)
    path = convert_base_to_ldm(folder, tmp_path / "a.safetensors")
    assert {info.dtype for info in read_header(path).tensors.values()} == {"float16"}
    same_pictures(path, folder, tolerance=0.02)


@pytest.mark.parametrize("structure", ["sd1", "sd2", "mini"])
def test_there_and_back(model_folder: Folder, tmp_path: Path, structure: str) -> None:
    folder = model_folder(structure, FAMILY)
    path = convert_base_to_ldm(folder, tmp_path / "a.safetensors", dtype="float32", card_id="mini")
    back = convert_ldm(path, tmp_path / "back", dtype="float32")
    for module, name in ((UNet2DConditionModel, "unet"), (AutoencoderKL, "vae")):
        ours, reference = module.from_pretrained(back / name), module.from_pretrained(folder / name)
        assert ours.config.items() >= {k: v for k, v in reference.config.items() if k[0] != "_"}.items()
        tensors = reference.state_dict()
        assert all(torch.equal(tensor, tensors.pop(key)) for key, tensor in ours.state_dict().items())
        assert not tensors
    again = convert_base_to_ldm(back, tmp_path / "b.safetensors", dtype="float32", card_id="mini")
    assert again.read_bytes() == path.read_bytes()


def test_files_of_others_need_no_metadata(model_folder: Folder, tmp_path: Path) -> None:
    """A bare LDM pickle: configurations from shapes, the encoder's spec from its shapes."""
    folder = model_folder("sd1", FAMILY)
    path = convert_base_to_ldm(folder, tmp_path / "a.safetensors", dtype="float32")
    tensors = safetensors.torch.load_file(path)
    # As Taiyi's own file: BERT right under `transformer.`, and the traces of training.
    tensors = {
        key.replace(".transformer.text_model.", ".transformer."): value for key, value in tensors.items()
    }
    tensors |= {
        "betas": torch.ones(3),
        "model_ema.decay": torch.ones(()),
        "first_stage_model.loss.x": torch.ones(1),
    }
    torch.save({"state_dict": tensors, "global_step": 3}, tmp_path / "foreign.ckpt")
    again = convert_ldm(tmp_path / "foreign.ckpt", tmp_path / "b.safetensors", dtype="float32")
    same_pictures(again, folder)
    ours, theirs = safetensors.torch.load_file(path), safetensors.torch.load_file(again)
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_old_names_of_the_autoencoder(model_folder: Folder, tmp_path: Path) -> None:
    source = model_folder("sd1", FAMILY)
    folder = shutil.copytree(source, tmp_path / "old")
    (weights,) = (folder / "vae").glob("*.safetensors")
    tensors = safetensors.torch.load_file(weights)
    for new, old in OLD_VAE_NAMES.items():
        tensors = {key.replace(f"attentions.0.{new}", f"attentions.0.{old}"): v for key, v in tensors.items()}
    weights.unlink()
    torch.save(tensors, folder / "vae" / "diffusion_pytorch_model.bin")
    assert any(".proj_attn." in key for key in tensors)
    path = convert_base_to_ldm(folder, tmp_path / "a.safetensors", dtype="float32")
    same_pictures(path, source)
    assert read_base(folder).vae_tensors().keys() == read_base(source).vae_tensors().keys()


@pytest.mark.parametrize(
    "family",
    [
        "PAI-Diffusion, 32 rows",
        "Taiyi v0.1, svjack",
        "Taiyi zh-EN",
        "ModelScope zh-SD",
        "AltDiffusion, -m9",
        "AltDiffusion-m18",
        "SkyPaint",
        "MiaoBi",
    ],
)
def test_the_encoder_survives_moving_and_renaming(model_folder: Folder, tmp_path: Path, family: str) -> None:
    folder = model_folder("sd1", family)
    path = convert_base_to_ldm(folder, tmp_path / "a.safetensors", dtype="float32", card_id="x")
    moved = tmp_path / "elsewhere" / "改名.safetensors"
    moved.parent.mkdir()
    path.rename(moved)
    header = read_header(moved)
    assert header.metadata["sdzh.card"] == "x"
    assert EncoderSpec.from_json(header.metadata["sdzh.spec"]) == read_spec(folder) == read_spec(moved)
    assert not any(value.startswith("{") for value in header.metadata.values())
    assert sum(len(value.encode()) for value in header.metadata.values()) < 300_000
    expected = load_conditioner_from(folder)([TEXT]).crossattn
    assert torch.equal(load_conditioner_from(moved)([TEXT]).crossattn, expected)
    back = convert_ldm_to_folder(moved, tmp_path / "back", dtype="float32")
    assert torch.equal(load_conditioner_from(back)([TEXT]).crossattn, expected)


@pytest.mark.parametrize("family", ["Taiyi v0.1, svjack", "ModelScope zh-SD", "PAI-Diffusion, 32 rows"])
def test_host_renaming_loses_nothing(model_folder: Folder, tmp_path: Path, family: str) -> None:
    """AUTOMATIC1111's and Forge's renaming of keys under `transformer.` leaves ours as they are."""
    path = convert_base_to_ldm(model_folder("sd1", family), tmp_path / "a.safetensors")
    keys = [key for key in read_header(path).tensors if key.startswith("cond_stage_model.")]
    assert keys
    for key in keys:
        assert key.startswith("cond_stage_model.transformer.text_model.")


def test_transformers_reads_the_folder(model_folder: Folder, tmp_path: Path) -> None:
    import transformers

    path = convert_base_to_ldm(
        model_folder("sd1", "PAI-Diffusion, 32 rows"), tmp_path / "a.safetensors", dtype="float32"
    )
    back = convert_ldm_to_folder(path, tmp_path / "back", dtype="float32")
    expected = transformers.CLIPTextModel.from_pretrained(
        model_folder("sd1", "PAI-Diffusion, 32 rows") / "text_encoder"
    )
    ids = torch.tensor([[101, 3299, 1915, 102] + [0] * 28])
    model = transformers.CLIPTextModel.from_pretrained(back / "text_encoder")
    with torch.no_grad():
        assert torch.equal(model(ids)[0], expected(ids)[0])


def test_an_incomplete_part_is_named(model_folder: Folder, tmp_path: Path) -> None:
    path = convert_base_to_ldm(model_folder("sd1", FAMILY), tmp_path / "a.safetensors")
    tensors = safetensors.torch.load_file(path)
    for key in ("first_stage_model.decoder.conv_in.weight", "model.diffusion_model.out.2.weight"):
        safetensors.torch.save_file(
            {k: v for k, v in tensors.items() if k != key}, tmp_path / "b.safetensors"
        )
        assert failure(lambda: read_base(tmp_path / "b.safetensors")).code == "part_incomplete"


def test_what_the_files_leave_open_can_be_told(model_folder: Folder, tmp_path: Path) -> None:
    """A CLIP tower of 49408 words without a tokenizer: MiaoBi's or CLIP's."""
    folder = model_folder("sd1", "MiaoBi")
    whole = convert_base_to_ldm(folder, tmp_path / "whole" / "a.safetensors", dtype="float32")
    safetensors.torch.save_file(safetensors.torch.load_file(whole), tmp_path / "bare.safetensors")
    out = tmp_path / "b.safetensors"
    assert failure(lambda: convert_base_to_ldm(tmp_path / "bare.safetensors", out)).code == "spec_ambiguous"
    convert_base_to_ldm(
        tmp_path / "bare.safetensors", out, hint="wordpiece", overrides={"heads": 4}, dtype="float32"
    )
    expected = load_conditioner_from(folder)([TEXT]).crossattn
    assert torch.equal(load_conditioner_from(out)([TEXT]).crossattn, expected)


def test_prediction_type_travels(model_folder: Folder, tmp_path: Path) -> None:
    path = convert_base_to_ldm(model_folder("sd2", FAMILY), tmp_path / "a.safetensors")
    assert read_header(path).metadata["sdzh.prediction_type"] == "v_prediction"
    assert read_base(path).prediction_type == "v_prediction"
    back = convert_ldm_to_folder(path, tmp_path / "back")
    scheduler = json.loads((back / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8"))
    assert scheduler["prediction_type"] == "v_prediction"


def failure(call: Callable[[], object]) -> SdzhError:
    with pytest.raises(SdzhError) as caught:
        call()
    return caught.value


def test_bad_input(model_folder: Folder, tmp_path: Path) -> None:
    source, out = model_folder("sd1", FAMILY), tmp_path / "out" / "a.safetensors"
    folder = shutil.copytree(source, tmp_path / "model")
    assert failure(lambda: convert_base_to_ldm(folder, out, dtype="int4")).code == "dtype_unknown"
    assert "float16" in failure(lambda: convert_base_to_ldm(folder, out, dtype="int4")).en
    assert failure(lambda: convert_ldm_to_folder(folder, folder)).code == "folder_exists"

    (weights,) = (folder / "vae").glob("*.safetensors")
    tensors = safetensors.torch.load_file(weights)
    tensors["encoder.conv_in.bias"][0] = 1e6
    safetensors.torch.save_file(tensors, weights)
    assert failure(lambda: convert_base_to_ldm(folder, out)).code == "convert_overflow"
    assert not out.exists() and not list(out.parent.glob("*"))

    shutil.rmtree(folder / "vae")
    assert failure(lambda: convert_base_to_ldm(folder, out)).values["part"] == "vae"
    (folder / "unet" / "config.json").write_text("{", encoding="utf-8")
    assert failure(lambda: convert_base_to_ldm(folder, out)).code == "config_unreadable"

    stranger = safetensors.torch.save({"model.diffusion_model.joint_blocks.0.weight": torch.ones(2)})
    (tmp_path / "sd3.safetensors").write_bytes(stranger)
    assert failure(lambda: convert_ldm(tmp_path / "sd3.safetensors", out)).code == "convert_unknown_key"
    bare = {f"model.diffusion_model.input_blocks.{n}.1.norm.weight": torch.ones(2) for n in (1, 2)}
    (tmp_path / "bare.safetensors").write_bytes(safetensors.torch.save(bare))
    assert failure(lambda: convert_ldm(tmp_path / "bare.safetensors", out)).code == "convert_unknown_key"
    assert failure(lambda: convert_base_to_ldm(source, tmp_path / "out.ckpt")).code == "write_suffix"
    assert failure(lambda: read_base(tmp_path / "gone.safetensors")).code == "weights_missing"


def test_progress_reaches_its_end(model_folder: Folder, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    path = convert_base_to_ldm(
        model_folder("sd1", FAMILY),
        tmp_path / "a.safetensors",
        progress=lambda done, total: calls.append((done, total)),
    )
    count = len(read_header(path).tensors)
    assert calls == [(n, count) for n in range(1, count + 1)]
