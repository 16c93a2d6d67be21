"""What a host offers, and the job it is given: plain data, no torch, no host imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

OnStep = Callable[[int, int], None]
"""Called after each step with (steps done, steps in all)."""


class Host(Protocol):
    """Where models live and what is loaded; every workflow that touches a machine receives one."""

    name: str
    language: str
    """`zh` or `en`: which of two texts the host's page shows first."""

    def folder(self, kind: str) -> Path:
        """The folder in which the host looks for `base`, `lora`, `controlnet` or `encoder` files."""


@dataclass(frozen=True)
class Stage:
    """A conditioning and the step (counted from 0, exclusive) at which it ends.

    ``crossattn`` has shape (1, rows, width).
    """

    end: int
    crossattn: torch.Tensor


@dataclass(frozen=True)
class PromptPart:
    """One side of an `AND`: its weight and its conditioning over time (`[a:b:0.5]`, `[a|b]`)."""

    weight: float
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class ModelParts:
    """UNet and VAE of a base model in diffusers' configuration and key names, tensors read on demand."""

    identity: str
    unet_config: dict[str, object]
    vae_config: dict[str, object]
    unet_tensors: Callable[[], dict[str, torch.Tensor]]
    vae_tensors: Callable[[], dict[str, torch.Tensor]]
    prediction_type: str = "epsilon"


@dataclass(frozen=True)
class LoraUse:
    """A LoRA's weight differences, already multiplied out: UNet key -> (out, in[, kh, kw]) times the strength."""

    name: str
    strength: float
    differences: Callable[[], dict[str, torch.Tensor]]


@dataclass(frozen=True)
class ControlUse:
    """A ControlNet in diffusers' configuration and key names, and the picture that steers it."""

    identity: str
    config: dict[str, object]
    tensors: Callable[[], dict[str, torch.Tensor]]
    image: Image
    strength: float = 1.0


@dataclass(frozen=True)
class PaintJob:
    """Everything a host needs to paint one batch; sizes in pixels, ``cfg`` is the guidance scale."""

    model: ModelParts
    positive: tuple[PromptPart, ...]
    negative: tuple[Stage, ...]
    seeds: Sequence[int]
    width: int
    height: int
    steps: int
    sampler: str
    cfg: float
    loras: tuple[LoraUse, ...] = ()
    control: ControlUse | None = None
    image: Image | None = None
    mask: Image | None = None
    strength: float = 0.75


class Painter(Protocol):
    """A host that can paint by itself."""

    @property
    def samplers(self) -> Sequence[str]:
        """The names that :attr:`PaintJob.sampler` may have, in the menu's order."""

    @property
    def device(self) -> str:
        """The torch device that text encoders should live on."""

    def paint(self, job: PaintJob, on_step: OnStep | None = None) -> list[Image]: ...
