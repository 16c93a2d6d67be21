"""The decoder alone, trained further on whole pictures while the encoder, and so all latents, stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sd_chinese.mini.autoencoder import slope_error
from sd_chinese.mini.training import Training

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

BATCH, PEAK = 3, 1e-3
LATENT_NOISE = 0.06
"""Std of the noise that makes the decoder lenient to latents that a UNet drew; latents have std 1."""


def new_training(folder: Path, steps: int, vae: Any) -> Training:
    """A run over the decoder of ``vae``, the saved one if there is one."""
    import torch

    for part in (vae.encoder, vae.quant_conv):
        part.requires_grad_(False)
    parameters = [p for p in vae.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=PEAK, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    noise = torch.Generator().manual_seed(0)
    return Training(
        folder / "decoder.state", vae, optimizer, steps, PEAK, np.random.default_rng(4), noise, decay=0.998
    )


def loss_function(
    training: Training, pictures: NDArray[np.uint8], latents: torch.Tensor, batch: int = BATCH
) -> Callable[[], torch.Tensor]:
    """The loss of one step: L1, L2 and gradients between whole pictures and their decoded latents."""
    import torch

    vae: Any = training.model
    scale = vae.config.scaling_factor

    def loss() -> torch.Tensor:
        numbers = np.sort(training.rng.integers(len(pictures), size=batch))
        x = torch.from_numpy(pictures[numbers]).permute(0, 3, 1, 2).float() / 127.5 - 1
        z = latents[torch.from_numpy(numbers)]
        z = z + LATENT_NOISE * torch.randn(z.shape, generator=training.noise)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = vae.decoder(vae.post_quant_conv(z / scale))
        y = y.float()
        total: torch.Tensor = (y - x).abs().mean() + 2 * ((y - x) ** 2).mean() + 0.5 * slope_error(x, y)
        return total

    return loss
