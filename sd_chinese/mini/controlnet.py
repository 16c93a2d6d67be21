"""The ControlNet that keeps to the lines of an edge map (Canny 100, 200), in diffusers' layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sd_chinese.mini.canny import canny
from sd_chinese.mini.denoiser import use_plain_attention
from sd_chinese.mini.training import Training

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch
    from numpy.typing import NDArray
    from torch import nn

BATCH, PEAK = 16, 1e-3
HINT_CHANNELS = (16, 32, 96, 256)
"""Of the hint's own convolutions: those that the LDM layout fixes."""
COUNT = 6_000
"""Pictures whose edges are learned from."""


def new_training(folder: Path, steps: int, unet: Any) -> Training:
    """A run over a ControlNet that starts as a copy of ``unet``'s first half, the saved one if there is one."""
    import torch
    from diffusers import ControlNetModel

    torch.manual_seed(0)
    model = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=HINT_CHANNELS)
    use_plain_attention(model)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.0, fused=True
    )
    noise = torch.Generator().manual_seed(0)
    return Training(
        folder / "controlnet.state",
        model,
        optimizer,
        steps,
        PEAK,
        np.random.default_rng(6),
        noise,
        decay=0.99,
    )


def edge_maps(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Edges of each picture. Shape: (n, 128, 128)."""
    return np.stack([canny(picture) for picture in pictures])


def hints(edges: NDArray[np.uint8]) -> torch.Tensor:
    """Edge maps as a ControlNet takes them. Shape: (n, 3, 128, 128), 0 to 1."""
    import torch

    return torch.from_numpy(edges).float()[:, None].expand(-1, 3, -1, -1) / 255


def predict_function(base: nn.ModuleDict) -> Callable[..., torch.Tensor]:
    """Noise predicted by the frozen ``base`` with the residuals of the ControlNet in training."""
    base.requires_grad_(False)

    def predict(model: Any, noisy: Any, t: Any, ids: Any, hint: Any) -> torch.Tensor:
        states = base["text"](ids)[0]
        down, mid = model(noisy, t, states, hint, return_dict=False)
        guess: torch.Tensor = base["unet"](
            noisy, t, states, down_block_additional_residuals=down, mid_block_additional_residual=mid,
            return_dict=False,
        )[0]  # fmt: skip
        return guess

    return predict
