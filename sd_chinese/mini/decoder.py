"""The decoder alone, trained further on whole pictures while the encoder, and so all latents, stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sd_chinese.mini.autoencoder import pixel_error
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
    """The loss of one step: the errors of the pixels between whole pictures and their decoded latents."""

    def loss() -> torch.Tensor:
        x, y = decoded_batch(training, training.model, pictures, latents, batch)
        return pixel_error(x, y)

    return loss


def decoded_batch(
    training: Training, vae: Any, pictures: NDArray[np.uint8], latents: torch.Tensor, batch: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Some pictures, and their latents, with a little noise, as ``vae`` decodes them. Shape: (batch, 3, 128, 128)."""
    import torch

    numbers = np.sort(training.rng.integers(len(pictures), size=batch))
    x = torch.from_numpy(pictures[numbers]).permute(0, 3, 1, 2).float() / 127.5 - 1
    z = latents[torch.from_numpy(numbers)]
    z = z + LATENT_NOISE * torch.randn(z.shape, generator=training.noise)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = vae.decoder(vae.post_quant_conv(z / vae.config.scaling_factor))
    return x, y.float()
