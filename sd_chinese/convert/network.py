"""A network on disk, in either layout: its configuration and its tensors under diffusers names, read on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.convert.keymap import KeyMap
from sd_chinese.errors import SdzhError
from sd_chinese.weights_io import Header, TensorSource, Weights

if TYPE_CHECKING:
    import torch

Config = dict[str, Any]
Shapes = Mapping[str, tuple[int, ...]]

# Configurations travel in a converted file's metadata: the number of attention heads leaves no trace in the shapes.
# Values must not start with "{": the hosts parse those.
CONFIGS_KEY = "sdzh.configs"
_VERSION = "v1 "


@dataclass(frozen=True)
class Network:
    """What conversion knows of one kind of network.

    Attributes:
        name: its folder in a diffusers model.
        prefix: of its keys in an LDM file.
        of_diffusers, of_ldm: the key rules for a network with these keys.
        config: diffusers' configuration from shapes under diffusers names.
    """

    name: str
    prefix: str
    of_diffusers: Callable[[Collection[str]], KeyMap]
    of_ldm: Callable[[Collection[str]], KeyMap]
    config: Callable[[Shapes], Config]


@dataclass(frozen=True)
class Part:
    """One network of an open file. Old spellings of diffusers names have become today's."""

    network: Network
    config: Config
    sources: tuple[TensorSource, ...]

    def load(self) -> dict[str, torch.Tensor]:
        return {source.name: source.load() for source in self.sources}

    def to_ldm(self) -> list[TensorSource]:
        """The tensors under LDM names, prefix included."""
        keymap = self.network.of_diffusers([source.name for source in self.sources])
        return [renamed(source, self.network.prefix + source.name) for source in keymap.forward(self.sources)]


def folder_part(weights: Weights, network: Network, folder: Path) -> Part:
    """The network whose diffusers folder (or file) is open.

    Raises:
        SdzhError: ``convert_unknown_key``: it is another kind of network; ``config_unreadable``.
    """
    keymap = network.of_diffusers(weights.keys())
    sources = tuple(
        keymap.reverse(keymap.forward(source_of(weights, key, key) for key in weights.header.tensors))
    )
    config = read_config(folder / "config.json") or _config_of(network, sources, weights.header.path)
    return Part(network, config, sources)


def ldm_part(weights: Weights, network: Network) -> Part:
    """The network inside an open LDM file.

    Raises:
        SdzhError: ``part_missing``, ``part_incomplete``, ``convert_unknown_key``.
    """
    prefix = network.prefix
    keys = [key.removeprefix(prefix) for key in weights.header.tensors if key.startswith(prefix)]
    if not keys:
        raise SdzhError("part_missing", path=weights.header.path, part=network.name)
    keymap = network.of_ldm(keys)
    sources = tuple(keymap.reverse(source_of(weights, prefix + key, key) for key in keys))
    stored = read_configs(weights.header).get(network.name)
    return Part(network, stored or _config_of(network, sources, weights.header.path), sources)


def write_configs(parts: Mapping[str, Config]) -> str:
    """Configurations as one metadata value."""
    kept = {
        name: {k: v for k, v in config.items() if not k.startswith("_")} for name, config in parts.items()
    }
    return _VERSION + json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def read_configs(header: Header) -> dict[str, Config]:
    """What `write_configs` wrote; empty for a file that others made."""
    text = header.metadata.get(CONFIGS_KEY, "")
    return _parse(text.removeprefix(_VERSION), header.path) if text.startswith(_VERSION) else {}


def read_config(path: Path) -> Config:
    """A configuration file of a diffusers folder; empty when there is none.

    Raises:
        SdzhError: ``config_unreadable``.
    """
    return _parse(path.read_text(encoding="utf-8", errors="replace"), path) if path.is_file() else {}


def renamed(source: TensorSource, name: str) -> TensorSource:
    return TensorSource(name, source.shape, source.dtype, source.load)


def _parse(text: str, path: Path) -> Config:
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        raise SdzhError("config_unreadable", path=path) from None


def source_of(weights: Weights, key: str, name: str) -> TensorSource:
    """The tensor ``key`` of an open file, to be written as ``name``."""
    info = weights.header.tensors[key]
    return TensorSource(name, info.shape, info.dtype, lambda: weights.tensor(key))


def _config_of(network: Network, sources: Collection[TensorSource], path: Path) -> Config:
    try:
        return network.config({source.name: source.shape for source in sources})
    except (KeyError, IndexError) as error:
        raise SdzhError("part_incomplete", path=path, part=network.name, name=error.args[0]) from error
