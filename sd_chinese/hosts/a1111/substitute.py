"""An encoder of ours in place of a checkpoint's own, as the option `sdzh_text_encoder` wants it.

One encoder serves at a time, as a part of the host's model: it is moved, halved and unloaded with it. The checkpoint's
own encoder waits in main memory and goes back before the host touches the model's weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.hosts.a1111 import loras
from sd_chinese.hosts.base import AUTOMATIC, NONE
from sd_chinese.hosts.webui_adapter import forget_conditioning

if TYPE_CHECKING:
    from torch import Tensor

    from sd_chinese.hosts.a1111.embedder import Embedder
    from sd_chinese.text.conditioner import Conditioner


@dataclass(frozen=True)
class _Loaded:
    """An encoder in memory, and the file it was read from as it was then."""

    path: Path
    changed: float
    embedder: Embedder


@dataclass(frozen=True)
class _Displaced:
    """What the host had before."""

    model: Any
    encoder: Any
    empty_prompt: Tensor | None
    lora_names: Any


class Substitute:
    """Puts the chosen encoder into the host's model, and the host's own back.

    Args:
        find: the file or folder of a value of the option.
        load: (path, device, dtype) -> an encoder with its tokenizer.
    """

    def __init__(
        self,
        find: Callable[[str], Path],
        load: Callable[[Path, Any, Any], Conditioner],
    ) -> None:
        self._find_path = find
        self._load = load
        self._loaded: _Loaded | None = None
        self._displaced: _Displaced | None = None

    def serve(self, model: Any, wanted: str) -> None:
        """Let ``wanted`` feed the model's UNet; where it cannot, the checkpoint's own encoder does.

        Raises:
            SdzhError: the encoder is gone, cannot be read, or does not fit the checkpoint.
        """
        if wanted in (AUTOMATIC, NONE, ""):
            self.take_out()
            self._loaded = None
            return
        try:
            self._put_in(model, self._find(model, wanted))
        except SdzhError:
            self.take_out()
            self._loaded = None
            raise

    def take_out(self) -> None:
        """Give the host its own encoder back; ours stays loaded for the next model."""
        displaced, self._displaced = self._displaced, None
        if displaced is None:
            return
        model = displaced.model
        model.cond_stage_model.to("cpu")
        model.cond_stage_model = displaced.encoder
        if not getattr(model, "lowvram", False):
            displaced.encoder.to(_device_of(model))
        model.network_layer_mapping = displaced.lora_names
        self._announce(model, displaced.empty_prompt)

    def _find(self, model: Any, wanted: str) -> _Loaded:
        path = self._find_path(wanted)
        _refuse_family(model, wanted)
        changed = path.stat().st_mtime
        if self._loaded is None or (self._loaded.path, self._loaded.changed) != (path, changed):
            self.take_out()
            self._loaded = None  # before the next one is read: never two at a time
            self._loaded = _Loaded(path, changed, self._read(path))
        width, context = self._loaded.embedder.spec.context_width, context_width(model)
        if width != context:
            values = {"encoder": wanted, "width": width, "model": _name_of(model), "context": context}
            raise SdzhError("text_encoder_unfit", **values)
        return self._loaded

    def _read(self, path: Path) -> Embedder:
        from modules import devices

        from sd_chinese.hosts.a1111.embedder import Embedder

        return Embedder.of(self._load(path, "cpu", devices.dtype))

    def _put_in(self, model: Any, loaded: _Loaded) -> None:
        if self._displaced is not None and self._displaced.model is model:
            return
        self.take_out()
        own, embedder = model.cond_stage_model, loaded.embedder
        names = getattr(model, "network_layer_mapping", {})
        self._displaced = _Displaced(model, own, getattr(model, "cond_stage_model_empty_prompt", None), names)
        own.to("cpu")
        model.cond_stage_model = embedder
        if getattr(model, "lowvram", False):
            _take_turns(embedder)
        else:
            embedder.to(_device_of(model))
        model.network_layer_mapping = dict(names)
        loras.give_names(model, embedder)
        self._announce(model, None)

    def _announce(self, model: Any, empty_prompt: Tensor | None) -> None:
        """Whatever the host remembers of the encoder of before is replaced."""
        from modules import sd_hijack, sd_models

        hijack = sd_hijack.model_hijack
        hijack.clip = model.cond_stage_model
        loras.forget_loaded()
        if sd_models.model_data.sd_model is model:
            hijack.embedding_db.load_textual_inversion_embeddings(force_reload=True)
        forget_conditioning()
        model.cond_stage_model_empty_prompt = (
            empty_conditioning(model) if empty_prompt is None else empty_prompt
        )


def empty_conditioning(model: Any) -> Tensor:
    """The empty prompt's rows, with which the host fills up the shorter of two prompts (`pad_cond_uncond`)."""
    import torch
    from modules import devices

    with devices.autocast(), torch.no_grad():
        rows: Tensor = model.cond_stage_model([""])
    return rows


def context_width(model: Any) -> int:
    """The width of the rows that a model's cross-attention reads."""
    weights = model.model.diffusion_model.named_parameters()
    return next(weight.shape[1] for name, weight in weights if name.endswith("attn2.to_k.weight"))


def _refuse_family(model: Any, wanted: str) -> None:
    families = {"is_sdxl": "SDXL", "is_sd3": "SD3"}
    family = next((name for mark, name in families.items() if getattr(model, mark, False)), None)
    if family:
        raise SdzhError("text_encoder_family", encoder=wanted, model=_name_of(model), family=family)


def _name_of(model: Any) -> str:
    return str(model.sd_checkpoint_info.name_for_extra)


def _device_of(model: Any) -> Any:
    return next(model.model.parameters()).device


def _take_turns(embedder: Embedder) -> None:
    """Low-VRAM modes keep one part of the model on the device; the host sets this up when it loads a model.

    Source: modules/lowvram.py `send_me_to_gpu`.
    """
    from modules import devices, lowvram

    def enter(entrance: Any, inputs: Any) -> None:
        if lowvram.module_in_gpu is not embedder:
            if lowvram.module_in_gpu is not None:
                lowvram.module_in_gpu.to(lowvram.cpu)
            embedder.to(devices.device)
            lowvram.module_in_gpu = embedder

    if not embedder.transformer._forward_pre_hooks:
        embedder.transformer.register_forward_pre_hook(enter)
