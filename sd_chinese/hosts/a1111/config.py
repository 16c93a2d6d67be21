"""The configuration (LDM yaml) that makes the host build a Chinese checkpoint's networks and our text encoder."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from sd_chinese.hosts.base import Description

EMBEDDER = "sd_chinese.hosts.a1111.embedder.ChineseEmbedder"

Config = Mapping[str, Any]


def ldm_config(base: Config, described: Description, vocabulary_key: str) -> dict[str, Any]:
    """The host's own configuration for these weights (``base``), with what the file says about itself.

    Source: configs/v1-inference.yaml and configs/v2-inference-v.yaml of AUTOMATIC1111 1.10.1.
    """
    config: dict[str, Any] = copy.deepcopy(dict(base))
    params = config["model"]["params"]
    params["unet_config"]["params"].update(unet_params(described.unet))
    params["first_stage_config"]["params"].update(
        vae_params(described.vae, params["first_stage_config"]["params"])
    )
    params["scale_factor"] = described.vae.get("scaling_factor", params["scale_factor"])
    if described.prediction_type == "v_prediction":
        params["parameterization"] = "v"
    else:
        params.pop("parameterization", None)
    params["cond_stage_config"] = {
        "target": EMBEDDER,
        "params": {"spec": described.spec.to_json(), "vocabulary": vocabulary_key},
    }
    return config


def unet_params(unet: Config) -> dict[str, Any]:
    """diffusers' UNet2DConditionModel as parameters of LDM's UNetModel (``ldm/.../openaimodel.py``)."""
    channels = unet["block_out_channels"]
    attending = [2**level for level, kind in enumerate(unet["down_block_types"]) if "CrossAttn" in kind]
    return {
        "in_channels": unet.get("in_channels", 4),
        "out_channels": unet.get("out_channels", 4),
        "model_channels": channels[0],
        "channel_mult": [width // channels[0] for width in channels],
        "num_res_blocks": unet.get("layers_per_block", 2),
        "attention_resolutions": attending,
        "use_linear_in_transformer": unet.get("use_linear_projection", False),
        "context_dim": unet["cross_attention_dim"],
        "legacy": False,
        **_heads(unet["attention_head_dim"], channels),
    }


def _heads(heads: Any, channels: list[int]) -> dict[str, int]:
    """diffusers' ``attention_head_dim`` is a number of heads: one for all levels, or one for each."""
    if isinstance(heads, int):
        return {"num_heads": heads, "num_head_channels": -1}
    return {"num_heads": -1, "num_head_channels": channels[0] // heads[0]}


def vae_params(vae: Config, base: Config) -> dict[str, Any]:
    """diffusers' AutoencoderKL as parameters of LDM's."""
    channels = vae["block_out_channels"]
    latent = vae.get("latent_channels", 4)
    sizes = {
        "ch": channels[0],
        "ch_mult": [width // channels[0] for width in channels],
        "num_res_blocks": vae.get("layers_per_block", 2),
        "z_channels": latent,
    }
    return {"embed_dim": latent, "ddconfig": {**base["ddconfig"], **sizes}}
