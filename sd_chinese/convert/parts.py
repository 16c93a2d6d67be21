"""A base model as UNet, autoencoder and text encoder: folders and LDM files look the same from here on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.convert.network import Config, Network, Part, folder_part, ldm_part, read_config, source_of
from sd_chinese.convert.unet import CONTROLNET, UNET
from sd_chinese.convert.vae import VAE
from sd_chinese.errors import SdzhError
from sd_chinese.spec import EncoderSpec, encoder_keys, encoder_vocabulary, find_encoder, spec_of
from sd_chinese.weights_io import TensorSource, open_weights

if TYPE_CHECKING:
    import torch

# Metadata of a converted checkpoint, beside the spec and the vocabulary.
CARD_KEY = "sdzh.card"
PREDICTION_KEY = "sdzh.prediction_type"

Tensors = Callable[[], "dict[str, torch.Tensor]"]


@dataclass(frozen=True)
class Base:
    """UNet and autoencoder of an open base model, and what the UNet was trained to predict."""

    unet: Part
    vae: Part
    prediction_type: str
    card: str | None = None


@dataclass(frozen=True)
class Encoder:
    """A text encoder: its spec, its tensors without any level above the tower, its vocabulary file's bytes."""

    spec: EncoderSpec
    sources: tuple[TensorSource, ...]
    vocabulary: bytes


@dataclass(frozen=True)
class BaseTensors:
    """What a painter needs of a base model; the tensors are read when they are asked for."""

    unet_config: Config
    vae_config: Config
    unet_tensors: Tensors
    vae_tensors: Tensors
    prediction_type: str


@dataclass(frozen=True)
class ControlTensors:
    """What a painter needs of a ControlNet."""

    config: Config
    tensors: Tensors


@contextmanager
def open_base(path: Path) -> Iterator[Base]:
    """Open a diffusers folder or an LDM file; tensors are read while it is open.

    Raises:
        SdzhError: ``part_missing``, ``convert_unknown_key``, or the file cannot be read.
    """
    with ExitStack() as stack:
        yield _open_folder(path, stack) if path.is_dir() else _open_ldm(path, stack)


@contextmanager
def open_encoder(
    path: Path, *, hint: str | None = None, overrides: Mapping[str, Any] | None = None
) -> Iterator[Encoder]:
    """Open the text encoder of a diffusers folder or an LDM file.

    Args:
        hint: the kind of vocabulary, where the files do not tell (see `sd_chinese.spec.read_spec`).
        overrides: fields of the spec that a card knows better.

    Raises:
        SdzhError: there is none, no rule says how to run it, or no vocabulary fits it.
    """
    files = find_encoder(path)
    spec = spec_of(files, hint).with_overrides(overrides or {})
    with open_weights(files.header.path) as weights:
        sources = tuple(source_of(weights, key, name) for name, key in encoder_keys(weights.header).items())
        yield Encoder(spec, sources, encoder_vocabulary(weights, files, spec).data)


@contextmanager
def open_controlnet(path: Path) -> Iterator[Part]:
    """Open a ControlNet, as a diffusers folder or file or as an LDM file.

    Raises:
        SdzhError: as `open_base`.
    """
    with open_weights(path) as weights:
        if any(key.startswith(CONTROLNET.prefix) for key in weights.header.tensors):
            yield ldm_part(weights, CONTROLNET)
        else:
            yield folder_part(weights, CONTROLNET, path if path.is_dir() else path.parent)


def read_base(path: Path) -> BaseTensors:
    """Configurations now, tensors later.

    Raises:
        SdzhError: as `open_base`.
    """

    def unet() -> dict[str, torch.Tensor]:
        with open_base(path) as base:
            return base.unet.load()

    def vae() -> dict[str, torch.Tensor]:
        with open_base(path) as base:
            return base.vae.load()

    with open_base(path) as base:
        return BaseTensors(base.unet.config, base.vae.config, unet, vae, base.prediction_type)


def read_controlnet(path: Path) -> ControlTensors:
    """Configuration now, tensors later.

    Raises:
        SdzhError: as `open_base`.
    """

    def tensors() -> dict[str, torch.Tensor]:
        with open_controlnet(path) as part:
            return part.load()

    with open_controlnet(path) as part:
        return ControlTensors(part.config, tensors)


def _open_folder(path: Path, stack: ExitStack) -> Base:
    def part(network: Network) -> Part:
        folder = path / network.name
        if not folder.is_dir():
            raise SdzhError("part_missing", path=path, part=network.name)
        return folder_part(stack.enter_context(open_weights(folder)), network, folder)

    scheduler = read_config(path / "scheduler" / "scheduler_config.json")
    return Base(part(UNET), part(VAE), str(scheduler.get("prediction_type", "epsilon")))


def _open_ldm(path: Path, stack: ExitStack) -> Base:
    weights = stack.enter_context(open_weights(path))
    metadata = weights.header.metadata
    return Base(
        ldm_part(weights, UNET),
        ldm_part(weights, VAE),
        # The tensors do not tell; a file that does not say was trained to predict the noise.
        metadata.get(PREDICTION_KEY, "epsilon"),
        metadata.get(CARD_KEY),
    )
