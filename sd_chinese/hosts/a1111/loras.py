"""LoRA beside an encoder of ours: the UNet's part as ever, the text part only where it was made for this encoder.

The host finds a LoRA's modules by names that it gives to the modules of its model (extensions-builtin/Lora/networks.py
`assign_network_names_to_compvis_modules`), and changes weights when a module next runs. An encoder of ours gets such
names too; where a LoRA was made for other words, the multiplier of its text part is 0 while the encoder runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.hosts.lora_family import is_made_for

if TYPE_CHECKING:
    from sd_chinese.hosts.a1111.embedder import Embedder
    from sd_chinese.spec import EncoderSpec

_TEXT = "lora_te"


def give_names(model: Any, embedder: Embedder) -> None:
    """Let the host find the encoder's modules: CLIP's under its own names, BERT's under kohya's."""
    mapping = getattr(model, "network_layer_mapping", None)
    if mapping is None or embedder.transformer.encoder is None:
        return
    for name, module in embedder.transformer.encoder.named_modules():
        flat = name.replace(".", "_")
        known = flat if embedder.spec.architecture == "clip" else flat.replace("transformer_", f"{_TEXT}_", 1)
        mapping[known] = module
        module.network_layer_name = known


def forget_loaded() -> None:
    """The host keeps LoRA matched with the encoder of before; it reads them again when they are next named."""
    if networks := sys.modules.get("networks"):
        networks.loaded_networks.clear()
        networks.networks_in_memory.clear()


def foreign_to(spec: EncoderSpec) -> list[Any]:
    """The host's LoRA whose text parts apply at present and were made for another encoder."""
    return [
        network
        for network in _loaded()
        if network.te_multiplier and not is_made_for(Path(network.network_on_disk.filename), spec)
    ]


@contextmanager
def heard_by(spec: EncoderSpec) -> Iterator[None]:
    """While an encoder of ours runs: foreign text parts are silent, and BERT's have the strength of a text part.

    Only then, for the host sets LoRA up by itself for a hires pass, and lets a refiner go on with them: the next
    encoder may be the one that they were made for.
    """
    _follow_text_strength()
    foreign = [(network, network.te_multiplier) for network in foreign_to(spec)]
    try:
        for network, _ in foreign:
            network.te_multiplier = 0.0
        yield
    finally:
        for network, strength in foreign:
            network.te_multiplier = strength


def _follow_text_strength() -> None:
    """The host takes for text what has "transformer" in its name (extensions-builtin/Lora/network.py `multiplier`), and
    kohya's names for BERT have not.
    """
    for network in _loaded():
        for module in network.modules.values():
            if module.sd_key.startswith(_TEXT):
                module.sd_key = f"transformer_{module.sd_key}"


def _loaded() -> Sequence[Any]:
    networks = sys.modules.get("networks")  # the host's LoRA extension may be switched off
    return networks.loaded_networks if networks else ()
