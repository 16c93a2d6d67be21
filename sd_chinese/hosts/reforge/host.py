"""reForge as an `Adapter`: Forge's rules, with the encoder in A1111's place."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from sd_chinese.errors import SdzhError
from sd_chinese.hosts.base import Services
from sd_chinese.hosts.forge.host import ForgeHost, own_path
from sd_chinese.hosts.reforge.recognition import Recognition


class ReforgeHost(ForgeHost):
    """reForge: `stable-diffusion-webui-reForge`."""

    name = "reForge"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._recognition = Recognition(services.describe, self.folders.resolve, self.say, self._loaded)

    @property
    def _seat(self) -> ModuleType:
        from sd_chinese.hosts.reforge import seat

        return seat

    def _build_engine(self, model: Any, encoder: Path) -> Any:
        from sd_chinese.hosts.reforge.embedder import PatchedEmbedder, host_layers, text_dtype
        from sd_chinese.spec import read_spec

        names = {"model": own_path(model).stem, "encoder": encoder.stem}
        families = {"is_sdxl": "SDXL", "is_sd3": "SD3"}
        if family := next((name for mark, name in families.items() if getattr(model, mark, False)), None):
            raise SdzhError("text_encoder_family", family=family, **names)
        context = model.forge_objects.unet.model.model_config.unet_config["context_dim"]
        width = read_spec(encoder).context_width
        if width != context:
            raise SdzhError("text_encoder_unfit", width=width, context=context, **names)
        with host_layers():
            conditioner = self.services.load_encoder(encoder, "cpu", text_dtype())
        return PatchedEmbedder(encoder, conditioner)
