"""Forge as an `Adapter`: what is set up in it, and what happens at a request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.hosts.base import AUTOMATIC, NONE, Description, Services
from sd_chinese.hosts.forge import loras
from sd_chinese.hosts.forge.hollow_clip import refuse_saving
from sd_chinese.hosts.forge.recognition import Recognition
from sd_chinese.hosts.patches import Patches
from sd_chinese.hosts.webui_adapter import WebuiAdapter, forget_conditioning

_OWN = "sdzh_own"
"""Attribute of the host's model: what is known of its checkpoint. It goes with the model."""


@dataclass(frozen=True)
class Own:
    """A loaded checkpoint's file, and whether its own text encoder is one of ours."""

    path: Path
    is_chinese: bool


def own_path(model: Any) -> Path:
    """The file from which the host built a model."""
    own: Own = getattr(model, _OWN)
    return own.path


class ForgeHost(WebuiAdapter):
    """Forge: `stable-diffusion-webui-forge`."""

    name = "Forge"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._recognition: Any = Recognition(services.describe, self.folders.resolve, self.say, self._loaded)
        self._lora_patches = Patches()

    def start(self) -> None:
        super().start()
        self._recognition.install(self.patches)

    def stop(self) -> None:
        super().stop()
        self._lora_patches.undo()

    @property
    def _seat(self) -> ModuleType:
        """The module that puts an encoder of ours into a model: `attach`, `attached`, `detach`."""
        from sd_chinese.hosts.forge import engine

        return engine

    def serve(self, model: Any, wanted: str) -> None:
        own: Own | None = getattr(model, _OWN, None)
        if own is None:  # none is loaded yet, or it was before the extension came
            return
        natural = own.path if own.is_chinese else None
        if wanted in (AUTOMATIC, NONE):
            self._read_with(model, natural)
            return
        try:
            self._read_with(model, self.encoder_named(wanted))
        except SdzhError:
            self._read_with(model, natural)
            raise

    def is_ours(self, model: Any) -> bool:
        return self._seat.attached(model) is not None

    def networks_activated(self, p: Any) -> None:
        from modules import shared

        if found := self._seat.attached(shared.sd_model):
            riding = loras.riders(shared.sd_model.forge_objects_after_applying_lora.clip)
            for lora in found.wear(riding):
                p.comment(strings.both("lora_text_skipped", name=Path(lora.filename).stem))

    def _loaded(self, model: Any, path: Path, described: Description | None) -> None:
        """The host has built a model, for a request or in the midst of one (hires, refiner)."""
        self._lora_patches.undo()
        setattr(model, _OWN, Own(path, described is not None))
        if described is not None:
            refuse_saving(model, path)
            self.serve(model, AUTOMATIC)
        self.serve_loaded(model)

    def _read_with(self, model: Any, encoder: Path | None) -> None:
        found = self._seat.attached(model)
        if (found.source if found else None) != encoder:
            self._seat.detach(model)
            if encoder is not None:
                self._seat.attach(model, self._build_engine(model, encoder))
            forget_conditioning()
        if encoder is None:
            self._lora_patches.undo()
        else:
            loras.install(self._lora_patches)

    def _build_engine(self, model: Any, encoder: Path) -> Any:
        from backend import memory_management

        from sd_chinese.hosts.forge import engine
        from sd_chinese.spec import read_spec

        names = {"model": own_path(model).stem, "encoder": encoder.stem}
        if not hasattr(model, engine.ENGINE):  # Stable Diffusion XL has two, the newer ones others
            raise SdzhError("text_encoder_family", family=type(model).__name__, **names)
        context = model.model_config.unet_config["context_dim"]
        width = read_spec(encoder).context_width
        if width != context:
            raise SdzhError("text_encoder_unfit", width=width, context=context, **names)
        place = memory_management.text_encoder_offload_device(), memory_management.text_encoder_dtype()
        return engine.ChineseEngine(encoder, self.services.load_encoder(encoder, *place))
