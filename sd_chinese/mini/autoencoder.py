"""The autoencoder (AutoencoderKL, f = 8, 4 latent channels), trained on crops of the drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sd_chinese.mini.training import Training

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch
    from diffusers import AutoencoderKL
    from numpy.typing import NDArray

CONFIG: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [32, 32, 64, 128],
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 32,
    "sample_size": 128,
    "scaling_factor": 0.18215,
}
CROP, BATCH, PEAK = 96, 4, 1.5e-3
KL_WEIGHT = 1e-6
SCALE = 0.18215


def new_training(folder: Path, steps: int, config: dict[str, Any] | None = None) -> Training:
    """A fresh run, or the one that was saved in ``folder``."""
    import torch
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    model = AutoencoderKL(**(config or CONFIG))
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    noise = torch.Generator().manual_seed(0)
    path = folder / "autoencoder.state"
    return Training(path, model, optimizer, steps, PEAK, np.random.default_rng(1), noise, decay=0.998)


def crops(pictures: NDArray[np.uint8], rng: np.random.Generator, count: int, side: int) -> torch.Tensor:
    """Crops of which most show something: the busiest of four tries. Shape: (count, 3, side, side), -1 to 1."""
    import torch

    chosen = []
    for number in rng.integers(len(pictures), size=count):
        corners = rng.integers(pictures.shape[1] - side + 1, size=(4 if rng.random() < 0.75 else 1, 2))
        pieces = [pictures[number, y : y + side, x : x + side] for y, x in corners]
        busy = [np.abs(np.diff(piece[::2, ::2].astype(np.int16), axis=0)).mean() for piece in pieces]
        piece = pieces[int(np.argmax(busy))]
        chosen.append(piece[:, ::-1] if rng.random() < 0.5 else piece)
    batch = torch.from_numpy(np.stack(chosen)).permute(0, 3, 1, 2)
    return batch.float() / 127.5 - 1


def loss_function(
    training: Training,
    pictures: NDArray[np.uint8],
    batch: int = BATCH,
    side: int = CROP,
) -> Callable[[], torch.Tensor]:
    """The loss of one step: L1, L2, gradients and a trace of KL."""
    import torch

    def loss() -> torch.Tensor:
        x = crops(pictures, training.rng, batch, side)
        noise = torch.randn(batch, 4, side // 8, side // 8, generator=training.noise)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y, mean, logvar = reconstruct(training.model, x, noise)
        y, mean, logvar = y.float(), mean.float(), logvar.float()
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean()
        total: torch.Tensor = pixel_error(x, y) + KL_WEIGHT * kl
        return total

    return loss


def reconstruct(model: AutoencoderKL, x: Any, noise: Any) -> tuple[Any, Any, Any]:
    """Picture, mean and log variance of one pass through the whole autoencoder."""
    moments = model.quant_conv(model.encoder(x))
    mean, logvar = moments.chunk(2, dim=1)
    logvar = logvar.clamp(-20, 10)
    latent = mean + (0.5 * logvar).exp() * noise
    return model.decoder(model.post_quant_conv(latent)), mean, logvar


def pixel_error(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """L1, L2 and gradients between two batches of pictures."""
    error: torch.Tensor = (y - x).abs().mean() + 2 * ((y - x) ** 2).mean() + 0.5 * _slope_error(x, y)
    return error


def _slope_error(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    across = (x.diff(dim=3) - y.diff(dim=3)).abs().mean()
    down = (x.diff(dim=2) - y.diff(dim=2)).abs().mean()
    return across + down


def fold_statistics(model: AutoencoderKL, mean: torch.Tensor, std: torch.Tensor) -> None:
    """Changes ``quant_conv`` and ``post_quant_conv`` so that latents * 0.18215 have mean 0 and unit std.

    The decoded picture stays the same. Shape of ``mean`` and ``std``: (4,), of the raw latents.
    """
    import torch

    with torch.no_grad():
        gain = 1 / (SCALE * std)
        quant, post = model.quant_conv, model.post_quant_conv
        quant.weight[:4] *= gain[:, None, None, None]
        quant.bias[:4] = (quant.bias[:4] - mean) * gain
        quant.bias[4:] += 2 * gain.log()
        post.bias += post.weight[:, :, 0, 0] @ mean
        post.weight /= gain[None, :, None, None]


def normalise(model: AutoencoderKL, pictures: NDArray[np.uint8]) -> None:
    """Folds the statistics of the latents of some ``pictures`` into ``model``."""
    from sd_chinese.mini.denoiser import encode_pictures

    raw = encode_pictures(model, pictures[:1000]) / SCALE
    fold_statistics(model, raw.mean((0, 2, 3)), raw.std((0, 2, 3)))
