"""The decoder's last stage: a critic of patches teaches it the crisp edges that mean errors blur.

The encoder, and so all latents, stay as they are. The critic is PatchGAN's (arXiv 1611.07004) with a hinge loss, as in
the autoencoder of latent diffusion (arXiv 2112.10752); it learns in the same step and is not shipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sd_chinese.mini.autoencoder import pixel_error
from sd_chinese.mini.decoder import decoded_batch
from sd_chinese.mini.training import Training, trainable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch
    from numpy.typing import NDArray
    from torch import nn

BATCH, PEAK = 3, 4e-4
WIDTHS = (32, 64, 128)
WEIGHT = 0.06
"""Of the critic's opinion, beside the errors of the pixels."""
WARM = 200
"""Steps in which the critic's opinion gains its weight, while it learns what drawings look like."""


def new_training(folder: Path, steps: int, vae: Any) -> Training:
    """A run over the decoder of ``vae`` and its critic, the saved one if there is one."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    for part in (vae.encoder, vae.quant_conv):
        part.requires_grad_(False)
    model = nn.ModuleDict({"vae": vae, "critic": new_critic()})
    parameters = trainable(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=PEAK, betas=(0.5, 0.99), weight_decay=0.01, fused=True)
    noise = torch.Generator().manual_seed(0)
    path = folder / "sharpness.state"
    return Training(path, model, optimizer, steps, PEAK, np.random.default_rng(5), noise, decay=0.998)


def new_critic() -> nn.Module:
    """In: (n, 3, 128, 128), -1 to 1. Out: (n, 1, 16, 16), above 0 for patches that look drawn."""
    from torch import nn

    layers: list[nn.Module] = []
    inside = 3
    for width in WIDTHS:
        layers += [nn.Conv2d(inside, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        inside = width
    return nn.Sequential(
        *layers, nn.Conv2d(inside, inside, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(inside, 1, 1)
    )


def loss_function(
    training: Training, pictures: NDArray[np.uint8], latents: torch.Tensor, batch: int = BATCH
) -> Callable[[], torch.Tensor]:
    """The loss of one step: errors of the pixels, the critic's opinion, and the critic's own hinge loss."""
    import torch
    import torch.nn.functional as F  # noqa: N812
    from torch.func import functional_call

    vae: Any = training.model["vae"]  # type: ignore[index]
    critic: Any = training.model["critic"]  # type: ignore[index]

    def loss() -> torch.Tensor:
        x, y = decoded_batch(training, vae, pictures, latents, batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            drawn, decoded = critic(x), critic(y.detach())
            fixed = {name: value.detach() for name, value in critic.named_parameters()}
            opinion = functional_call(critic, fixed, (y,))
        hinge = F.relu(1 - drawn.float()).mean() + F.relu(1 + decoded.float()).mean()
        weight = WEIGHT * min(1.0, training.step / WARM)
        total: torch.Tensor = pixel_error(x, y) - weight * opinion.float().mean() + hinge
        return total

    return loss
