"""The UNet and its Chinese text encoder, trained together from nothing on cached latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sd_chinese.mini import data, vocabulary
from sd_chinese.mini.training import Training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

WIDTH = 256
UNET: dict[str, Any] = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": [64, 128, 192],
    "layers_per_block": 1,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "attention_head_dim": 4,
    "cross_attention_dim": WIDTH,
    "norm_num_groups": 32,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "use_linear_projection": False,
}
TEXT: dict[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": 4 * WIDTH,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": vocabulary.POSITIONS,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "projection_dim": WIDTH,
    "pad_token_id": vocabulary.PAD,
    "bos_token_id": vocabulary.CLS,
    "eos_token_id": vocabulary.SEP,
}
BATCH, PEAK = 32, 8e-4
CAPTIONS = 4
"""Wordings of each picture."""
SPEECHLESS, STRANGE, STUCK = 0.1, 0.3, 0.5
"""Shares of captions that are empty, that carry words without a meaning here, and of these words that are stuck
to what follows them: a prompt of whole sentences is mostly such words."""


def noise_levels() -> torch.Tensor:
    """The cumulative alphas of Stable Diffusion's schedule. Shape: (1000,)."""
    import torch

    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0).float()


def new_training(
    folder: Path,
    steps: int,
    words: Sequence[str],
    unet: dict[str, Any] | None = None,
    text: dict[str, Any] | None = None,
) -> Training:
    """A fresh run, or the one that was saved in ``folder``. The model has parts ``unet`` and ``text``."""
    import torch
    from diffusers import UNet2DConditionModel
    from torch import nn
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    net = UNet2DConditionModel(**(unet or UNET))
    use_plain_attention(net)
    encoder = CLIPTextModel(CLIPTextConfig(vocab_size=len(words), **(text or TEXT)))
    model = nn.ModuleDict({"unet": net, "text": encoder})
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    noise = torch.Generator().manual_seed(0)
    return Training(
        folder / "base.state", model, optimizer, steps, PEAK, np.random.default_rng(2), noise, decay=0.999
    )


def use_plain_attention(net: Any) -> None:
    """Trains ``net`` with the plain formula: on a CPU the fused attention's backward pass takes far longer."""
    from diffusers.models.attention_processor import AttnProcessor

    net.set_attn_processor(AttnProcessor())


def caption_ids(folder: Path, words: Sequence[str], count: int = data.COUNT) -> NDArray[np.uint16]:
    """Ids of the wordings of each training picture, cached in ``folder``. Shape: (count, 4, 32)."""
    path = folder / f"captions-{count}.npy"
    if not path.exists():
        strange = vocabulary.strange_characters(words)
        lines = [line for number in range(count) for line in _wordings(number, strange)]
        ids = vocabulary.encode(lines, words).astype(np.uint16).reshape(count, CAPTIONS, -1)
        np.save(path, ids)
    cached: NDArray[np.uint16] = np.load(path)
    return cached


def _wordings(number: int, strange: Sequence[str]) -> list[str]:
    from sd_chinese.mini.scenes.captions import describe

    scene, rng = data.scene_at(number), np.random.default_rng((21, number))
    return [_with_strange_words(describe(scene, rng), rng, strange) for _ in range(CAPTIONS)]


def _with_strange_words(line: str, rng: np.random.Generator, characters: Sequence[str]) -> str:
    from sd_chinese.mini.scenes.captions import LONGEST

    while rng.random() < STRANGE:
        strange = "".join(rng.choice(characters, size=int(rng.integers(1, 6))))
        clauses = line.split("，")
        place = int(rng.integers(len(clauses) + 1))
        if place < len(clauses) and rng.random() < STUCK:
            clauses[place] = strange + clauses[place]
        else:
            clauses.insert(place, strange)
        longer = "，".join(clauses)
        if len(longer) > LONGEST + 2:
            break
        line = longer
    return line


def cached_latents(folder: Path, vae: Any, pictures: NDArray[np.uint8]) -> torch.Tensor:
    """Scaled latents of all pictures, unit std. Shape: (pictures, 4, 16, 16), float32."""
    import torch

    path = folder / f"latents-{len(pictures)}.npy"
    if not path.exists():
        np.save(path, encode_pictures(vae, pictures).half().numpy())
    return torch.from_numpy(np.load(path)).float()


def encode_pictures(vae: Any, pictures: NDArray[np.uint8]) -> torch.Tensor:
    """Scaled latent means of ``pictures``. Shape: (pictures, 4, 16, 16)."""
    import torch

    parts = []
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(pictures), 32):
            x = torch.from_numpy(np.ascontiguousarray(pictures[start : start + 32])).permute(0, 3, 1, 2)
            moments = vae.quant_conv(vae.encoder(x.float() / 127.5 - 1))
            parts.append(moments[:, :4].float() * vae.config.scaling_factor)
    return torch.cat(parts)


def loss_function(
    training: Training,
    latents: torch.Tensor,
    ids: NDArray[np.uint16],
    predict: Callable[..., torch.Tensor] | None = None,
    batch: int = BATCH,
    condition: Callable[[NDArray[np.int64]], torch.Tensor] | None = None,
) -> Callable[[], torch.Tensor]:
    """The loss of one step: predicted noise, weighted by min-SNR with gamma 5 (arXiv 2303.09556)."""
    import torch

    levels = noise_levels()
    empty = np.array([vocabulary.CLS, vocabulary.SEP] + [vocabulary.PAD] * (ids.shape[2] - 2))

    def loss() -> torch.Tensor:
        rng = training.rng
        numbers = rng.integers(len(latents), size=batch)
        rows = ids[numbers, rng.integers(ids.shape[1], size=batch)].astype(np.int64)
        rows[rng.random(batch) < SPEECHLESS] = empty
        x = latents[torch.from_numpy(numbers)]
        eps = torch.randn(x.shape, generator=training.noise)
        t = torch.randint(0, 1000, (batch,), generator=training.noise)
        level = levels[t][:, None, None, None]
        noisy = level.sqrt() * x + (1 - level).sqrt() * eps
        extra = () if condition is None else (condition(numbers),)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            guess = (predict or predict_noise)(training.model, noisy, t, torch.from_numpy(rows), *extra)
        snr = levels[t] / (1 - levels[t])
        error = ((guess.float() - eps) ** 2).mean((1, 2, 3))
        return (error * snr.clamp(max=5) / snr).mean()

    return loss


def predict_noise(model: Any, noisy: torch.Tensor, t: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Text encoder and UNet, exactly as the published pipelines run them: no attention mask."""
    states = model["text"](ids)[0]
    guess: torch.Tensor = model["unet"](noisy, t, encoder_hidden_states=states, return_dict=False)[0]
    return guess
