"""Small models that Forge takes for Stable Diffusion 1.5: 320 channels and 768 wide, with few blocks.

The autoencoder and the English CLIP are built by the host from configurations of its own and must have their full size
(backend/loader.py). Weights are random, and rounded to half precision before anybody reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from tests.hosts.checkpoints import Models, lively, write_encoder
from tests.text import families
from tests.text.families import FAMILIES, randomize

UNET: dict[str, Any] = {
    "block_out_channels": (320, 320),
    "down_block_types": ("CrossAttnDownBlock2D",) * 2,
    "up_block_types": ("CrossAttnUpBlock2D",) * 2,
    "attention_head_dim": 8,
    "layers_per_block": 1,
    "cross_attention_dim": 768,
    "sample_size": 8,
}
VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
# As wide as the UNet wants it, two layers deep.
SIZES = {"hidden_size": 768, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 12}
PAI, TAIYI = "PAI-Diffusion, 32 rows", "Taiyi v0.1, svjack"
ALT = "AltDiffusion, -m9"


def prepare_forge(webui: Path, data: Path) -> Models:
    """English: CLIP in full. Chinese: PAI-Diffusion's structure. Encoder: Taiyi's."""
    bases = data / "models" / "Stable-diffusion"
    bases.mkdir(parents=True)
    folder = write_folder(data / "folders" / "pai", PAI)
    convert(folder, bases / "派 pai.safetensors")
    write_english(bases / "english.safetensors", folder)
    write_encoder(data / "models" / "SDZH-Encoder" / "太乙 768")
    return Models(
        "english",
        "派 pai",
        "太乙 768",
        lambda prompt: reference_rows(folder, PAI, prompt),
        # Taiyi's own advice (`spec.rules`): no full-width marks in the positive box.
        lambda prompt: bert_rows(data / "models" / "SDZH-Encoder" / "太乙 768", prompt.replace("，", ",")),
        folder,
    )


def prepare_reforge(webui: Path, data: Path) -> Models:
    """Forge's, without live previews: the host would fetch their decoder from the network."""
    models = prepare_forge(webui, data)
    (data / "config.json").write_text('{"live_previews_enable": false}', encoding="utf-8")
    return models


def bert_rows(folder: Path, prompt: str) -> Tensor:
    from tests.hosts.checkpoints import _bert_rows

    return _bert_rows(folder, prompt)


def convert(folder: Path, out: Path) -> Path:
    from sd_chinese.convert import convert_base_to_ldm

    return convert_base_to_ldm(folder, out)


def write_folder(folder: Path, family: str) -> Path:
    """A diffusers folder as the family's publisher would give it."""
    from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel

    FAMILIES[family].write(folder, build_tower(family).half())
    torch.manual_seed(0)
    lively(UNet2DConditionModel(**UNET)).half().save_pretrained(folder / "unet")
    lively(AutoencoderKL(**VAE)).half().save_pretrained(folder / "vae")
    PNDMScheduler(prediction_type="epsilon").save_pretrained(folder / "scheduler")
    return folder


def write_english(out: Path, networks: Path) -> Path:
    """An SD1 checkpoint with the UNet and autoencoder of a folder, and CLIP ViT-L/14 in full."""
    from safetensors.torch import load_file, save_file
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(1)
    clip = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12))
    named = {key.removeprefix("text_model."): value for key, value in clip.state_dict().items()}
    # The host's "Original" emphasis divides by the mean of the rows, which a random layer norm leaves near 0.
    named["final_layer_norm.bias"] -= 0.1
    whole = load_file(convert(networks, out.with_suffix(".part.safetensors")))
    out.with_suffix(".part.safetensors").unlink()
    tensors = {key: value for key, value in whole.items() if key.startswith(("model.", "first_stage_model."))}
    for key, value in named.items():
        if value.is_floating_point():
            tensors[f"cond_stage_model.transformer.text_model.{key}"] = value.half().contiguous()
    save_file(tensors, out)
    return out


def build_tower(family: str) -> nn.Module:
    """The publisher's module, with weights that half precision holds."""
    with patch.dict(families.SIZES, SIZES):
        if family == ALT:
            return randomize(families.alt_tower(project_dim=768, pre=False)).half().float()
        return randomize(FAMILIES[family].build()).half().float()


def reference_rows(folder: Path, family: str, prompt: str) -> Tensor:
    """What the publisher's pipeline feeds its UNet. Shape: (rows, width)."""
    judge = FAMILIES[family]
    tokenizer = judge.load_tokenizer(folder / "tokenizer")
    return judge.reference(build_tower(family), tokenizer, [prompt])[0]
