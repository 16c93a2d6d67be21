"""The standalone host: folders named as the WebUI names them, and a painter."""

from __future__ import annotations

import os
from pathlib import Path

from sd_chinese.hosts.standalone.painter import DiffusersPainter
from sd_chinese.project import INSTALLED, PROJECT

# The WebUI's own folder names, so that a models folder can be shared with one.
FOLDERS = {"base": "Stable-diffusion", "lora": "Lora", "controlnet": "ControlNet", "encoder": "SDZH-Encoder"}


class StandaloneHost:
    """Draws by itself; implements :class:`sd_chinese.hosts.base.Host` and its `Painter`.

    Args:
        models: the models folder; by default that of the variable ``SDZH_MODELS``, else `models` in the checkout,
            or in the working folder once pip installed the package.
    """

    name = "standalone"
    language = "zh"

    def __init__(self, models: Path | None = None, device: str | None = None) -> None:
        own = Path("models") if INSTALLED else PROJECT / "models"
        self.models = models or Path(os.environ.get("SDZH_MODELS") or own)
        self.painter = DiffusersPainter(device)

    def folder(self, kind: str) -> Path:
        return self.models / FOLDERS[kind]
