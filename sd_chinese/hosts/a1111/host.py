"""AUTOMATIC1111's WebUI as an `Adapter`: what is set up in it, and what happens at a request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.hosts import callbacks
from sd_chinese.hosts.a1111 import loras, slot
from sd_chinese.hosts.a1111.folders import Folders
from sd_chinese.hosts.a1111.recognition import Recognition
from sd_chinese.hosts.a1111.substitute import Substitute, empty_conditioning
from sd_chinese.hosts.base import AUTOMATIC, NONE, TEXT_ENCODER, Option, Services
from sd_chinese.hosts.patches import Patches

# Kind -> the flag that names its folder, and the folder below the host's models otherwise.
FOLDERS = {
    "base": ("ckpt_dir", "Stable-diffusion"),
    "lora": ("lora_dir", "Lora"),
    "controlnet": ("controlnet_dir", "ControlNet"),
    "encoder": ("sdzh_encoder_dir", "SDZH-Encoder"),
}
INFOTEXT = "SDZH Text encoder"


class A1111Host:
    """Chinese checkpoints in the host's own list, Chinese encoders for its other checkpoints."""

    name = "AUTOMATIC1111"

    def __init__(self, services: Services) -> None:
        from modules import paths

        self._services = services
        self._patches = Patches()
        self._folders = Folders(services.folders, services.convert)
        self._substitute = Substitute(self.encoders, services.load_encoder)
        self._recognition = Recognition(
            services.describe,
            self._folders.resolve,
            self._substitute.take_out,
            self._model_changed,
            Path(paths.data_path) / "cache" / "sdzh",
        )
        self._options = (
            Option(
                TEXT_ENCODER,
                AUTOMATIC,
                "/".join(strings.text("option_text_encoder")),
                " / ".join(strings.text("option_text_encoder_info")),
                INFOTEXT,
                lambda: [AUTOMATIC, NONE, *self.encoders()],
            ),
        )
        self._unsaid: list[str] = []

    def start(self) -> None:
        from modules import sd_models

        callbacks.add_options(self._options)
        self._recognition.install(self._patches)
        self._patches.wrap(sd_models, "list_models", self._folders.list_models)
        self._folders.add_entries()  # the host made its list before it read our script
        callbacks.when_model_loaded(self._name_for_loras)
        callbacks.before_token_counter(self._count_with_chosen)

    def stop(self) -> None:
        self._substitute.take_out()
        self._patches.undo()
        self._folders.remove_entries()
        callbacks.remove_options(self._options)
        slot.empty()

    def folder(self, kind: str) -> Path:
        from modules import paths, shared

        flag, name = FOLDERS[kind]
        return Path(getattr(shared.cmd_opts, flag, None) or Path(paths.models_path) / name)

    @property
    def language(self) -> str:
        from modules import shared

        return "en" if str(shared.opts.localization).startswith("en") else "zh"

    def encoders(self) -> Mapping[str, Path]:
        return self._services.encoders(self)

    def process(self, p: Any) -> None:
        from modules import shared

        for line in self._unsaid:
            p.comment(line)
        self._unsaid.clear()
        model, wanted = shared.sd_model, _chosen()
        try:
            self._substitute.serve(model, wanted)
        except SdzhError as error:
            p.comment(callbacks.tell(error))
            wanted = AUTOMATIC
        if _is_ours(model):
            p.extra_generation_params[INFOTEXT] = wanted

    def networks_activated(self, p: Any) -> None:
        from modules import shared

        if _is_ours(shared.sd_model):
            loras.silence_foreign(p, shared.sd_model.cond_stage_model.spec)

    def _model_changed(self, model: Any) -> None:
        """After every load; also in the middle of a request, for its hires or refiner checkpoint."""
        try:
            self._substitute.serve(model, _chosen())
        except SdzhError as error:
            self._unsaid.append(callbacks.tell(error))
        if _is_ours(model) and hasattr(model, "cond_stage_model_empty_prompt"):
            # The host computes it for a new model only, not where it loads other weights into one.
            model.cond_stage_model_empty_prompt = empty_conditioning(model)

    def _name_for_loras(self, model: Any) -> None:
        if _is_ours(model):
            loras.give_names(model, model.cond_stage_model)

    def _count_with_chosen(self) -> None:
        """The counter counts with the encoder that is in place: put in the one that was chosen since, if nobody is
        using the model. Source: modules/call_queue.py."""
        from modules import call_queue, sd_models

        model = sd_models.model_data.sd_model
        if model is None or not call_queue.queue_lock.acquire(False):
            return
        try:
            self._substitute.serve(model, _chosen())
        except SdzhError as error:
            callbacks.tell(error)
        finally:
            call_queue.queue_lock.release()


def _chosen() -> str:
    from modules import shared

    return str(shared.opts.data.get(TEXT_ENCODER) or AUTOMATIC)


def _is_ours(model: Any) -> bool:
    return hasattr(getattr(model, "cond_stage_model", None), "spec")
