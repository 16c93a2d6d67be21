"""A text encoder as a resident of the host's memory: made of its operations, moved and unloaded by its rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sd_chinese.spec import EncoderSpec
from sd_chinese.text.encoders import encoder_class

if TYPE_CHECKING:
    import torch
    from torch import nn


def settle(encoder: nn.Module, spec: EncoderSpec) -> nn.Module:
    """Rebuild an encoder from the host's layers, which compute where and as precisely as their input asks.

    The host keeps weights in `text_encoder_dtype` and embeddings in float32, so that it computes in float32
    (backend/text_processing/classic_engine.py, `encode_with_transformers`). Linear layers share ``encoder``'s memory.
    """
    import torch
    from backend import memory_management
    from backend.operations import using_forge_operations
    from transformers import modeling_utils

    place = {"device": memory_management.cpu, "dtype": memory_management.text_encoder_dtype()}
    with torch.inference_mode(False), torch.no_grad():
        with modeling_utils.no_init_weights(), using_forge_operations(**place, manual_cast_enabled=True):
            settled: nn.Module = encoder_class(spec.architecture)(spec)
        settled.load_state_dict(encoder.state_dict())
        compute_on(settled, memory_management.text_encoder_device)
        settled.requires_grad_(False).eval()
    return settled


def compute_on(encoder: nn.Module, place: Callable[[], torch.device]) -> None:
    """Compute in float32 and on a device, whatever the precision of the host's layers and wherever it has put them.

    Layers follow their input, which comes from the embeddings; buffers are nobody's but ours.
    """
    import torch

    for module in encoder.modules():
        if isinstance(module, torch.nn.Embedding):
            module.to(torch.float32)

    def move(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        device = place()
        for part in module.modules():
            for name, buffer in part.named_buffers(recurse=False):
                setattr(part, name, buffer.to(device))
        return tuple(item.to(device) if hasattr(item, "device") else item for item in inputs)

    encoder.register_forward_pre_hook(move)


def move_in(encoder: nn.Module) -> Any:
    """The host's `ModelPatcher` over an encoder. Source: backend/patcher/clip.py."""
    from backend import memory_management
    from backend.patcher.base import ModelPatcher

    return ModelPatcher(
        encoder,
        load_device=memory_management.text_encoder_device(),
        offload_device=memory_management.text_encoder_offload_device(),
    )


def move_out(patcher: Any) -> None:
    """Take an encoder off the host's list of loaded models, which would keep it alive."""
    from backend import memory_management

    memory_management.unload_model_clones(patcher)
