"""LoRA in a model with an encoder of ours: the UNet's part as ever, the text part only if it was made for it.

The host matches a LoRA's text part with its CLIP, and drops a LoRA of more than twelve unmatched keys as a whole
(extensions-builtin/sd_forge_lora/networks.py). Here it is given the UNet's part alone; the text part rides on the
`CLIP` object that the host keeps with the request's LoRA, so that both come and go together.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.hosts.lora_family import TEXT_PREFIXES, is_made_for
from sd_chinese.hosts.patches import Patches

if TYPE_CHECKING:
    from torch import Tensor, nn

    from sd_chinese.spec import EncoderSpec

_RIDERS = "sdzh_text_loras"


@dataclass(frozen=True, eq=False)
class TextLora:
    """The text part of a LoRA, as the host reads it, with its strength."""

    filename: str
    strength: float
    online: bool
    tensors: Mapping[str, Tensor]

    @property
    def identity(self) -> tuple[str, float, bool]:
        """What tells one use of a LoRA from another; tensors are the file's."""
        return self.filename, self.strength, self.online


def install(patches: Patches) -> None:
    """Divide every LoRA that the host loads; the host's LoRA extension may be switched off."""
    if networks := sys.modules.get("networks"):
        patches.wrap(networks, "load_lora_for_models", _load_divided)


def _load_divided(
    original: Any,
    unet: Any,
    clip: Any,
    lora: Mapping[str, Tensor],
    unet_strength: float,
    text_strength: float,
    filename: str = "default",
    **more: bool,
) -> tuple[Any, Any]:
    """``more`` is Forge's ``online_mode``; reForge has none."""
    text = {key: tensor for key, tensor in lora.items() if key.startswith(TEXT_PREFIXES)}
    rest = {key: tensor for key, tensor in lora.items() if key not in text}
    unet, _ = original(unet, None, rest, unet_strength, text_strength, filename=filename, **more)
    if not text or clip is None:
        return unet, clip
    carrier = clip.clone()
    part = TextLora(filename, text_strength, more.get("online_mode", False), text)
    setattr(carrier, _RIDERS, (*riders(clip), part))
    return unet, carrier


def riders(clip: Any) -> Sequence[TextLora]:
    """The text parts of the LoRA that the host has applied."""
    found: Sequence[TextLora] = getattr(clip, _RIDERS, ())
    return found


def fits(lora: TextLora, spec: EncoderSpec, encoder: nn.Module) -> bool:
    """Whether a LoRA's text part was made for this encoder, and each of its keys has a place in it."""
    from backend.patcher.lora import load_lora

    _, unmatched = load_lora(dict(lora.tensors), kohya_names(encoder))
    return not unmatched and is_made_for(Path(lora.filename), spec)


def kohya_names(encoder: nn.Module) -> dict[str, str]:
    """A module's name in a LoRA (kohya's, diffusers') -> its weight's name in the encoder."""
    names: dict[str, str] = {}
    for weight, _ in encoder.named_parameters():
        if weight.endswith(".weight"):
            module = weight.removeprefix("transformer.").removesuffix(".weight")
            names[f"lora_te_{module.replace('.', '_')}"] = weight
            names[f"lora_te1_{module.replace('.', '_')}"] = weight
            names[f"text_encoder.{module}"] = weight
    return names


def add_to(patcher: Any, lora: TextLora) -> None:
    """Hand a text part to the encoder's `ModelPatcher`; the host merges it when it loads the encoder."""
    from backend.patcher.lora import load_lora

    found, _ = load_lora(dict(lora.tensors), kohya_names(patcher.model))
    patcher.add_patches(
        filename=lora.filename, patches=found, strength_patch=lora.strength, online_mode=lora.online
    )
