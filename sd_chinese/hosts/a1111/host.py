"""AUTOMATIC1111's WebUI as a `Host`, and what is set up in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sd_chinese.hosts.a1111 import slot
from sd_chinese.hosts.a1111.recognition import Recognition
from sd_chinese.hosts.base import Services
from sd_chinese.hosts.patches import Patches

# Kind -> the flag that names its folder, and the folder below the host's models otherwise.
FOLDERS = {
    "base": ("ckpt_dir", "Stable-diffusion"),
    "lora": ("lora_dir", "Lora"),
    "controlnet": ("controlnet_dir", "ControlNet"),
    "encoder": ("sdzh_encoder_dir", "SDZH-Encoder"),
}


class A1111Host:
    """Chinese checkpoints in the host's own list, loaded and run by the host; a `hosts.base.Adapter`."""

    name = "AUTOMATIC1111"

    def __init__(self, services: Services) -> None:
        from modules import paths

        self._recognition = Recognition(services.describe, Path(paths.data_path) / "cache" / "sdzh")
        self._patches = Patches()

    def start(self) -> None:
        self._recognition.install(self._patches)

    def stop(self) -> None:
        """Leave the host as it was; a Chinese checkpoint that is loaded goes on working."""
        self._patches.undo()
        slot.empty()

    def folder(self, kind: str) -> Path:
        from modules import paths, shared

        flag, name = FOLDERS[kind]
        return Path(getattr(shared.cmd_opts, flag, None) or Path(paths.models_path) / name)

    @property
    def language(self) -> str:
        from modules import shared

        return "en" if str(shared.opts.localization).startswith("en") else "zh"

    def process(self, p: Any) -> None: ...

    def networks_activated(self, p: Any) -> None: ...
