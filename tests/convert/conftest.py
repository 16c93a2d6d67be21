"""Scale models as diffusers folders: every text encoder family beside a small UNet and autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

# Structures, not sizes: heads and linear or convolutional proj_in as in each generation, blocks and widths at will.
UNETS: dict[str, dict[str, Any]] = {
    "sd1": {"block_out_channels": [32, 64, 64, 64], "attention_head_dim": 8, "cross_attention_dim": 32},
    "sd2": {
        "block_out_channels": [64, 128, 128, 128],
        "attention_head_dim": [1, 2, 2, 2],
        "cross_attention_dim": 32,
        "use_linear_projection": True,
    },
    "mini": {
        "block_out_channels": [32, 64, 96],
        "attention_head_dim": 4,
        "cross_attention_dim": 48,
        "layers_per_block": 1,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D", "CrossAttnUpBlock2D"],
    },
}
VAE_SETTINGS: dict[str, Any] = {
    "block_out_channels": [32, 32, 64],
    "down_block_types": ["DownEncoderBlock2D"] * 3,
    "up_block_types": ["UpDecoderBlock2D"] * 3,
    "layers_per_block": 2,
    "latent_channels": 4,
}


@pytest.fixture(scope="session")
def random_module() -> Callable[..., Any]:
    def build(name: str, **settings: Any) -> Any:
        diffusers = pytest.importorskip("diffusers")
        torch.manual_seed(0)
        module = getattr(diffusers, name)(**settings).eval().requires_grad_(False)
        for parameter in module.parameters():  # zero-initialised layers would hide a missing weight
            parameter.add_(torch.randn_like(parameter) * 0.02)
        return module

    return build


@pytest.fixture(scope="session")
def model_folder(
    tmp_path_factory: pytest.TempPathFactory, random_module: Callable[..., Any]
) -> Callable[[str, str], Path]:
    """(structure, family) -> a diffusers folder, written once."""
    made: dict[tuple[str, str], Path] = {}

    def write(structure: str, family_name: str) -> Path:
        from diffusers import PNDMScheduler

        from tests.text.families import FAMILIES, randomize

        if (structure, family_name) not in made:
            folder = tmp_path_factory.mktemp("base") / "model"
            family = FAMILIES[family_name]
            family.write(folder, randomize(family.build()))
            random_module("UNet2DConditionModel", sample_size=8, **UNETS[structure]).save_pretrained(
                folder / "unet"
            )
            random_module("AutoencoderKL", **VAE_SETTINGS).save_pretrained(folder / "vae")
            prediction = "v_prediction" if structure == "sd2" else "epsilon"
            PNDMScheduler(prediction_type=prediction).save_pretrained(folder / "scheduler")
            made[structure, family_name] = folder
        return made[structure, family_name]

    return write
