"""Forge as a `hosts.base.Adapter`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.hosts.base import AUTOMATIC, NONE, TEXT_ENCODER, Description, Services
from sd_chinese.hosts.callbacks import tell
from sd_chinese.hosts.forge import loras
from sd_chinese.hosts.forge.engine import ENGINE, ChineseEngine, attach, attached, detach
from sd_chinese.hosts.forge.recognition import Recognition
from sd_chinese.hosts.patches import Patches
from sd_chinese.spec import read_spec

# Kind -> the flag that names its folder, and the folder below the host's models otherwise.
FOLDERS = {
    "base": ("ckpt_dir", "Stable-diffusion"),
    "lora": ("lora_dir", "Lora"),
    "controlnet": ("controlnet_dir", "ControlNet"),
    "encoder": ("sdzh_encoder_dir", "SDZH-Encoder"),
}
_OWN = "sdzh_own"
"""Attribute of the host's model: what is known of its checkpoint. It goes with the model."""


@dataclass(frozen=True)
class Own:
    """A loaded checkpoint's file; ``described`` is None for one that the host reads by itself."""

    path: Path
    described: Description | None


class ForgeHost:
    """Chinese checkpoints in the host's own list, and an encoder of choice for any checkpoint of its width."""

    name = "Forge"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._recognition = Recognition(services.describe, self.loaded)
        self._patches = Patches()
        self._lora_patches = Patches()

    def start(self) -> None:
        self._recognition.install(self._patches)

    def stop(self) -> None:
        """Leave the host as it was; a Chinese checkpoint that is loaded goes on working."""
        self._patches.undo()

    def loaded(self, model: Any, path: Path, described: Description | None) -> None:
        """The host has built a model, for a request or in the midst of one (hires, refiner)."""
        setattr(model, _OWN, Own(path, described))
        if described is not None:
            self._read_with(model, path)
        else:
            self._lora_patches.undo()
        try:
            self._settle(model)
        except SdzhError as error:
            tell(error)

    def process(self, p: Any) -> None:
        from modules import shared

        self._settle(shared.sd_model)

    def networks_activated(self, p: Any) -> None:
        from modules import shared

        engine = attached(shared.sd_model)
        if engine is None:
            return
        riding = loras.riders(shared.sd_model.forge_objects_after_applying_lora.clip)
        for lora in engine.wear(riding):
            p.comment(strings.both("lora_text_skipped", name=Path(lora.filename).stem))

    def folder(self, kind: str) -> Path:
        from modules import paths, shared

        flag, name = FOLDERS[kind]
        return Path(getattr(shared.cmd_opts, flag, None) or Path(paths.models_path) / name)

    @property
    def language(self) -> str:
        from modules import shared

        return "en" if str(shared.opts.localization).startswith("en") else "zh"

    def _settle(self, model: Any) -> None:
        """Let the wanted encoder read this model's prompts.

        Raises:
            SdzhError: it is not there or does not fit; the checkpoint's own reads then.
        """
        own: Own | None = getattr(model, _OWN, None)
        if own is None:  # loaded before the extension was started
            return
        natural = own.path if own.described else None
        try:
            self._read_with(model, self._chosen() or natural)
        except SdzhError:
            self._read_with(model, natural)
            raise

    def _chosen(self) -> Path | None:
        from modules import shared

        name = shared.opts.data.get(TEXT_ENCODER, AUTOMATIC)
        if name in (AUTOMATIC, NONE, "", None):
            return None
        encoders = self._services.encoders(self)
        if name not in encoders:
            raise SdzhError("text_encoder_gone", name=name, choices=", ".join(encoders) or "-")
        return encoders[name]

    def _read_with(self, model: Any, encoder: Path | None) -> None:
        engine = attached(model)
        if (engine.source if engine else None) == encoder:
            return
        if encoder is None:
            detach(model)
            self._lora_patches.undo()
        else:
            attach(model, self._build_engine(model, encoder))
            loras.install(self._lora_patches)
        forget_conditioning()

    def _build_engine(self, model: Any, encoder: Path) -> ChineseEngine:
        from backend import memory_management

        names = {"model": model_name(model), "encoder": encoder.stem}
        if not hasattr(model, ENGINE):  # Stable Diffusion XL has two, the newer ones others
            raise SdzhError("text_encoder_family", family=type(model).__name__, **names)
        context = model.model_config.unet_config["context_dim"]
        width = read_spec(encoder).context_width
        if width != context:
            raise SdzhError("text_encoder_unfit", width=width, context=context, **names)
        place = memory_management.text_encoder_offload_device(), memory_management.text_encoder_dtype()
        return ChineseEngine(encoder, self._services.load_encoder(encoder, *place))


def model_name(model: Any) -> str:
    own: Own = getattr(model, _OWN)
    return own.path.stem


def forget_conditioning() -> None:
    """Empty the host's caches of conditioning, which know of no encoder. Requests share the lists themselves."""
    from modules import processing

    for kind in (processing.StableDiffusionProcessing, processing.StableDiffusionProcessingTxt2Img):
        for name in ("cached_c", "cached_uc", "cached_hr_c", "cached_hr_uc"):
            cache = getattr(kind, name, None)
            if cache is not None:
                cache[:] = [None] * len(cache)
