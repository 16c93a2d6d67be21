"""Pictures by the hundred: a plain batched DPM-Solver++ (2M) loop with classifier-free guidance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

STEPS, GUIDANCE = 20, 4.5


@dataclass(frozen=True)
class Parts:
    """The models of one pipeline folder."""

    tokenizer: Any
    text_encoder: Any
    unet: Any
    vae: Any
    scheduler: Any


def load_parts(folder: Path) -> Parts:
    """Loads a published folder with diffusers and transformers themselves, in float32."""
    import torch
    from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel
    from transformers import BertTokenizer, CLIPTextModel

    return Parts(
        BertTokenizer.from_pretrained(folder / "tokenizer"),
        CLIPTextModel.from_pretrained(folder / "text_encoder").to(torch.float32).eval(),
        UNet2DConditionModel.from_pretrained(folder / "unet").to(torch.float32).eval(),
        AutoencoderKL.from_pretrained(folder / "vae").to(torch.float32).eval(),
        DPMSolverMultistepScheduler.from_pretrained(folder / "scheduler"),
    )


def generate(
    parts: Parts,
    captions: Sequence[str],
    seed: int = 0,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    batch: int = 50,
    residuals: Any = None,
) -> NDArray[np.uint8]:
    """One picture for each caption. Shape: (captions, 128, 128, 3).

    ``residuals(noisy, t, states)`` gives a ControlNet's down and mid residuals, where there is one.
    """
    import torch

    pictures = []
    noise = torch.randn((len(captions), 4, 16, 16), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(captions), batch):
            piece = slice(start, start + batch)
            x = _denoise(parts, captions[piece], noise[piece], steps, guidance, residuals)
            pictures.append(decode(parts.vae, x))
    return np.concatenate(pictures)


def states_of(parts: Parts, captions: Sequence[str]) -> torch.Tensor:
    """The encoder's last hidden states. Shape: (captions, 32, width)."""
    ids = parts.tokenizer(
        list(captions), padding="max_length", truncation=True, max_length=32, return_tensors="pt"
    ).input_ids
    states: torch.Tensor = parts.text_encoder(ids)[0]
    return states


def decode(vae: Any, latents: torch.Tensor) -> NDArray[np.uint8]:
    """Pictures of scaled latents. Shape: (n, 128, 128, 3)."""
    import torch

    with torch.no_grad():
        decoded = vae.decode(latents / vae.config.scaling_factor).sample.float()
    pixels = ((decoded.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    array: NDArray[np.uint8] = pixels.permute(0, 2, 3, 1).contiguous().numpy()
    return array


def _denoise(
    parts: Parts, captions: Sequence[str], x: torch.Tensor, steps: int, guidance: float, residuals: Any
) -> torch.Tensor:
    import torch

    states = torch.cat([states_of(parts, [""] * len(captions)), states_of(parts, captions)])
    parts.scheduler.set_timesteps(steps)
    for t in parts.scheduler.timesteps:
        both = torch.cat([x, x])
        extra = residuals(both, t, states) if residuals else {}
        guess = parts.unet(both, t, encoder_hidden_states=states, **extra).sample.float()
        plain, told = guess.chunk(2)
        x = parts.scheduler.step(plain + guidance * (told - plain), t, x).prev_sample
    return x
