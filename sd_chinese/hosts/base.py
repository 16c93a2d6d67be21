"""What a host offers, and the job it is given: plain data, no torch, no host imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from sd_chinese.hosts.patches import Patches
    from sd_chinese.spec import EncoderSpec
    from sd_chinese.text.conditioner import Conditioner
    from sd_chinese.vocabulary import Vocabulary

OnStep = Callable[[int, int], None]
"""Called after each step with (steps done, steps in all)."""


class Host(Protocol):
    """Where models live and what is loaded; every workflow that touches a machine receives one."""

    name: str

    @property
    def language(self) -> str:
        """`zh` or `en`: which of two texts the host's page shows first."""

    def folder(self, kind: str) -> Path:
        """The folder in which the host looks for `base`, `lora`, `controlnet` or `encoder` files."""


class Description(Protocol):
    """What is known of a Chinese checkpoint's file: its text encoder, and its networks in diffusers' terms."""

    @property
    def spec(self) -> EncoderSpec: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def unet(self) -> Mapping[str, Any]: ...

    @property
    def vae(self) -> Mapping[str, Any]: ...

    @property
    def prediction_type(self) -> str: ...


@dataclass(frozen=True)
class Services:
    """Our workflows as a WebUI's adapter is given them: hosts import none. Each raises SdzhError.

    Attributes:
        describe: tells what the host must know of a Chinese checkpoint's file; None for every other file.
        encoders: the text encoders in the host's folder and in the project: name -> file or folder.
        load_encoder: reads the encoder of a path, onto a device, in a dtype.
        folders: the diffusers folders below a folder.
        convert: (folder, new file, progress) -> the file that the host can load.
    """

    describe: Callable[[Path], Description | None]
    encoders: Callable[[Host], Mapping[str, Path]]
    load_encoder: Callable[[Path, Any, Any], Conditioner]
    folders: Callable[[Path], Sequence[Path]]
    convert: Callable[[Path, Path, OnStep], Path]


class Adapter(Host, Protocol):
    """A WebUI as `webui` sees it; each host brings one class that is built from `Services`."""

    patches: Patches

    def start(self) -> None:
        """Set up what may stand while the extension is enabled: recognition, options."""

    def stop(self) -> None:
        """Leave the host as it was; a Chinese checkpoint that is loaded goes on working."""

    def process(self, p: Any) -> None:
        """Before the host encodes a request's prompts: its checkpoint is loaded, its options are set."""

    def networks_activated(self, p: Any) -> None:
        """After the host has set up a pass's LoRA, before it encodes the prompts of the pass."""


@dataclass(frozen=True)
class Option:
    """A line on the settings page, and an option that a request may override.

    Attributes:
        infotext: the key under which a picture remembers it, and from which paste restores it.
        choices: what a drop-down offers, asked each time it is shown; None for a check box, number or text.
    """

    key: str
    default: Any
    label: str
    comment: str = ""
    infotext: str | None = None
    choices: Callable[[], Sequence[str]] | None = None


TEXT_ENCODER = "sdzh_text_encoder"
AUTOMATIC = "automatic"
NONE = "none"
"""Values of the option `TEXT_ENCODER` other than the name of an encoder: the checkpoint's own; never one of ours
in place of the checkpoint's."""


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
