"""Encoders by architecture, and how their weights are filled in.

The modules named in `LOADERS` import torch and transformers; they are imported when an encoder is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.spec import EncoderSpec, bare_name

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

LOADERS = {
    "bert": "sd_chinese.text.encoders.bert:BertEncoder",
    "clip": "sd_chinese.text.encoders.clip:ClipEncoder",
    "xlmr": "sd_chinese.text.encoders.xlmr:XlmrEncoder",
}
# What must not be left over in a file: a tower with more layers than the spec says would run, and be wrong.
_TOWER = ("embeddings.", "encoder.", "final_layer_norm.")


def encoder_class(architecture: str) -> Any:
    """Import the module class of an architecture.

    Raises:
        SdzhError: there is no such architecture.
    """
    if architecture not in LOADERS:
        raise SdzhError("architecture_unknown", name=architecture, choices=", ".join(LOADERS))
    module, name = LOADERS[architecture].split(":")
    return getattr(import_module(module), name)


def build_encoder(
    spec: EncoderSpec,
    keys: Mapping[str, str],
    load: Callable[[str], Tensor],
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
) -> nn.Module:
    """Build an encoder and fill every one of its tensors from a file.

    Args:
        keys: tensors by their names without levels, as `sd_chinese.spec.encoder_keys` gives them.
        load: reads the tensor of a key.
        dtype: float32 where None.

    Raises:
        SdzhError: a tensor is missing, has another shape, or was left over.
    """
    import torch

    # Weights made in inference mode could not tell later that they were changed.
    with torch.inference_mode(False), torch.no_grad():
        with torch.device("meta"):
            encoder: nn.Module = encoder_class(spec.architecture)(spec)
        encoder.to(dtype or torch.float32)
        encoder.to_empty(device=device)
        _fill_buffers(encoder)
        _fill_parameters(encoder, keys, load)
        encoder.requires_grad_(False).eval()
    return encoder


def _fill_parameters(encoder: nn.Module, keys: Mapping[str, str], load: Callable[[str], Tensor]) -> None:
    parameters = {bare_name(name): parameter for name, parameter in encoder.named_parameters()}
    if missing := sorted(parameters.keys() - keys.keys()):
        raise SdzhError("encoder_unfilled", count=len(missing), names=", ".join(missing[:3]))
    tower = {name for name in keys if name.startswith(_TOWER) and not name.endswith("_ids")}
    if spare := sorted(tower - parameters.keys()):
        raise SdzhError("encoder_left_over", count=len(spare), names=", ".join(spare[:3]))
    for name, parameter in parameters.items():
        tensor = load(keys[name])
        if tensor.shape != parameter.shape:
            found, expected = list(tensor.shape), list(parameter.shape)
            raise SdzhError("encoder_shape", name=keys[name], found=found, expected=expected)
        parameter.copy_(tensor)


def _fill_buffers(encoder: nn.Module) -> None:
    """Position ids count up, token type ids are 0. Some versions of transformers keep them in files, some do not."""
    import torch

    for name, buffer in encoder.named_buffers():
        if name.endswith("position_ids"):
            buffer.copy_(torch.arange(buffer.shape[-1]).expand_as(buffer))
        else:
            assert name.endswith("token_type_ids"), name
            buffer.zero_()
