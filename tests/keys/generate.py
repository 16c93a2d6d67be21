"""Write the key lists of this folder: LDM name -> (diffusers name, shape), no weights.

The modules are built on the meta device by diffusers and transformers. The LDM names are those that diffusers' own
single-file conversion maps back onto the module, key by key; a list is only written when it maps all of them.
Run: python tests/keys/generate.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_controlnet_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
)

from sd_chinese.convert.network import Network
from sd_chinese.convert.unet import CONTROLNET, UNET
from sd_chinese.convert.vae import VAE

HERE = Path(__file__).parent
SD1 = {"cross_attention_dim": 768}
SD2 = {"cross_attention_dim": 1024, "attention_head_dim": [5, 10, 20, 20], "use_linear_projection": True}
KL = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
LISTS: dict[str, tuple[Network, Any, dict[str, Any], Callable[..., Any]]] = {
    "sd1_unet": (UNET, UNet2DConditionModel, SD1, convert_ldm_unet_checkpoint),
    "sd2_unet": (UNET, UNet2DConditionModel, SD2, convert_ldm_unet_checkpoint),
    "sd1_controlnet": (CONTROLNET, ControlNetModel, SD1, convert_controlnet_checkpoint),
    "vae": (VAE, AutoencoderKL, KL, convert_ldm_vae_checkpoint),
}


def key_list(network: Network, module_class: Any, settings: dict[str, Any], judge: Callable[..., Any]) -> Any:
    with torch.device("meta"):
        module = module_class(**settings)
    shapes = {name: list(tensor.shape) for name, tensor in module.state_dict().items()}
    keymap = network.of_diffusers(shapes)
    pairs = {keymap.a_to_b(name): (name, shape) for name, shape in shapes.items()}
    # The judge moves these marks from the names we chose to the names it chooses.
    marks = {network.prefix + ldm: torch.full((1,), index) for index, ldm in enumerate(pairs)}
    judged = {name: int(mark.flatten()[0]) for name, mark in judge(marks, dict(module.config)).items()}
    assert judged == {name: index for index, (name, _) in enumerate(pairs.values())}
    return pairs


if __name__ == "__main__":
    for name, arguments in LISTS.items():
        lines = [f"{json.dumps(ldm)}: {json.dumps(pair)}" for ldm, pair in key_list(*arguments).items()]
        (HERE / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(name, len(lines))
