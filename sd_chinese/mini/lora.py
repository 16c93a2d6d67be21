"""The ink LoRA: low-rank changes of the UNet's attention that turn any picture into monochrome ink.

Saved under the attention-processor names that PAI-Diffusion's LoRAs have, without alpha.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sd_chinese.mini.training import Training

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch
    from numpy.typing import NDArray
    from torch import nn

RANK, BATCH, PEAK = 8, 16, 2e-3
COUNT = 1_500
"""Pictures that are learned from."""
PROJECTIONS = {"to_q": "to_q", "to_k": "to_k", "to_v": "to_v", "to_out.0": "to_out"}
"""The layers of an attention, and what the published keys call them."""


def attention_layers(unet: nn.Module) -> Iterator[tuple[str, Any]]:
    """Pairs of published stem and linear layer, as ``….attn1.processor.to_q_lora``."""
    for name, module in unet.named_modules():
        if name.endswith(("attn1", "attn2")):
            for inner, published in PROJECTIONS.items():
                yield f"{name}.processor.{published}_lora", module.get_submodule(inner)


def attach(unet: nn.Module, rank: int = RANK) -> nn.ModuleDict:
    """Hooks a fresh low-rank pair on each attention layer of ``unet``; the pairs start without effect."""
    from torch import nn

    pairs = nn.ModuleDict()
    for stem, layer in attention_layers(unet):
        down = nn.Linear(layer.in_features, rank, bias=False)
        up = nn.Linear(rank, layer.out_features, bias=False)
        nn.init.normal_(down.weight, std=1 / rank)
        nn.init.zeros_(up.weight)
        pair = nn.Sequential(down, up)
        pairs[stem.replace(".", "|")] = pair
        layer.register_forward_hook(lambda _, args, out, pair=pair: out + pair(args[0]))
    return pairs


def published_tensors(pairs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state of :func:`attach`'s pairs under their published keys."""
    sides = {"0": "down", "1": "up"}
    tensors = {}
    for key, value in pairs.items():
        stem, side, _ = key.rsplit(".", 2)
        tensors[f"{stem.replace('|', '.')}.{sides[side]}.weight"] = value
    return tensors


def merge(unet: nn.Module, tensors: dict[str, torch.Tensor], strength: float = 1.0) -> None:
    """Adds ``strength`` times the LoRA in ``tensors`` (published keys) to the weights of ``unet``."""
    import torch

    with torch.no_grad():
        for stem, layer in attention_layers(unet):
            down, up = tensors[f"{stem}.down.weight"], tensors[f"{stem}.up.weight"]
            layer.weight += strength * (up.float() @ down.float()).to(layer.weight.dtype)


def new_training(folder: Path, steps: int, model: nn.ModuleDict) -> Training:
    """A run over LoRA pairs on the frozen ``unet`` of ``model``, the saved one if there is one."""
    import torch

    model.requires_grad_(False)
    torch.manual_seed(0)
    pairs = attach(model["unet"])
    optimizer = torch.optim.AdamW(pairs.parameters(), lr=PEAK, weight_decay=0.0, fused=True)
    noise = torch.Generator().manual_seed(0)
    return Training(
        folder / "lora.state", pairs, optimizer, steps, PEAK, np.random.default_rng(5), noise, decay=0.99
    )


def ink_pictures(pictures: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The first ``count`` pictures in ink alone."""
    from sd_chinese.mini.scenes.drawing import to_ink

    ink: NDArray[np.uint8] = (
        (to_ink(pictures[:count].astype(np.float32) / 255) * 255).round().astype(np.uint8)
    )
    return ink
