"""AUTOMATIC1111's WebUI as an `Adapter`: what is set up in it, and what happens at a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.hosts import callbacks
from sd_chinese.hosts.a1111 import loras, slot
from sd_chinese.hosts.a1111.recognition import Recognition
from sd_chinese.hosts.a1111.substitute import Substitute, empty_conditioning
from sd_chinese.hosts.base import Services
from sd_chinese.hosts.webui_adapter import WebuiAdapter


class A1111Host(WebuiAdapter):
    """AUTOMATIC1111's WebUI."""

    name = "AUTOMATIC1111"

    def __init__(self, services: Services) -> None:
        from modules import paths

        super().__init__(services)
        self._substitute = Substitute(self.encoder_named, services.load_encoder)
        self._recognition = Recognition(
            services.describe,
            self.folders.resolve,
            self._substitute.take_out,
            self._model_changed,
            Path(paths.data_path) / "cache" / "sdzh",
        )

    def start(self) -> None:
        super().start()
        self._recognition.install(self.patches)
        callbacks.when_model_loaded(self._name_for_loras)

    def stop(self) -> None:
        self._substitute.take_out()
        super().stop()
        slot.empty()

    def serve(self, model: Any, wanted: str) -> None:
        self._substitute.serve(model, wanted)

    def is_ours(self, model: Any) -> bool:
        return hasattr(getattr(model, "cond_stage_model", None), "spec")

    def networks_activated(self, p: Any) -> None:
        from modules import shared

        if self.is_ours(shared.sd_model):
            for network in loras.foreign_to(shared.sd_model.cond_stage_model.spec):
                p.comment(strings.both("lora_text_skipped", name=network.name))

    def _model_changed(self, model: Any) -> None:
        self.serve_loaded(model)
        if self.is_ours(model) and not hasattr(model, "cond_stage_model_empty_prompt"):
            # The host computes it for a new model only, not where it loads other weights into one.
            model.cond_stage_model_empty_prompt = empty_conditioning(model)

    def _name_for_loras(self, model: Any) -> None:
        if self.is_ours(model):
            loras.give_names(model, model.cond_stage_model)
