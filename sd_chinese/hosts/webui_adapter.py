"""What all WebUIs have in common, on the way to an `Adapter`: A1111's package `modules` is in every one of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.hosts import callbacks
from sd_chinese.hosts.base import AUTOMATIC, NONE, TEXT_ENCODER, Option, Services
from sd_chinese.hosts.folders import Folders
from sd_chinese.hosts.patches import Patches

# Kind -> the flag that names its folder, and the folder below the host's models otherwise.
FOLDERS = {
    "base": ("ckpt_dir", "Stable-diffusion"),
    "lora": ("lora_dir", "Lora"),
    "controlnet": ("controlnet_dir", "ControlNet"),
    "encoder": ("sdzh_encoder_dir", "SDZH-Encoder"),
}
INFOTEXT = "SDZH Text encoder"


class WebuiAdapter(ABC):
    """Chinese checkpoints in the host's own list, Chinese encoders for its other checkpoints."""

    name: str

    def __init__(self, services: Services) -> None:
        self.services = services
        self.patches = Patches()
        self.folders = Folders(services.folders, services.convert)
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

    @abstractmethod
    def serve(self, model: Any, wanted: str) -> None:
        """Let ``wanted``, a value of the option, read a model's prompts.

        Raises:
            SdzhError: it cannot; the checkpoint's own encoder reads them.
        """

    @abstractmethod
    def is_ours(self, model: Any) -> bool:
        """Whether an encoder of ours reads a model's prompts."""

    @abstractmethod
    def networks_activated(self, p: Any) -> None:
        """See `Adapter`."""

    def start(self) -> None:
        from modules import sd_models

        callbacks.add_options(self._options)
        self.patches.wrap(sd_models, "list_models", self.folders.list_models)
        self.folders.add_entries()  # the host made its list before it read our script
        callbacks.before_token_counter(self._count_with_chosen)

    def stop(self) -> None:
        self.patches.undo()
        self.folders.remove_entries()
        callbacks.remove_options(self._options)

    def folder(self, kind: str) -> Path:
        from modules import paths, shared

        flag, name = FOLDERS[kind]
        return Path(getattr(shared.cmd_opts, flag, None) or Path(paths.models_path) / name)

    @property
    def language(self) -> str:
        from modules import shared

        return "en" if str(shared.opts.localization).startswith("en") else "zh"

    def encoders(self) -> Mapping[str, Path]:
        return self.services.encoders(self)

    def encoder_named(self, name: str) -> Path:
        """The file or folder of a value of the option.

        Raises:
            SdzhError: it is not there any more.
        """
        encoders = self.encoders()
        path = encoders.get(name)
        if path is None or not path.exists():
            raise SdzhError("text_encoder_gone", name=name, choices=", ".join(encoders) or NONE)
        return path

    def process(self, p: Any) -> None:
        from modules import shared

        for line in self._unsaid:
            p.comment(line)
        self._unsaid.clear()
        model, wanted = shared.sd_model, chosen()
        try:
            self.serve(model, wanted)
        except SdzhError as error:
            p.comment(callbacks.tell(error))
            wanted = AUTOMATIC
        if self.is_ours(model):
            p.extra_generation_params[INFOTEXT] = wanted

    def serve_loaded(self, model: Any) -> None:
        """After every load; also in the middle of a request, for its hires or refiner checkpoint."""
        try:
            self.serve(model, chosen())
        except SdzhError as error:
            self.say(error)

    def say(self, error: SdzhError) -> None:
        """On the console now, under the next picture of a request that is not there yet."""
        self._unsaid.append(callbacks.tell(error))

    def _count_with_chosen(self) -> None:
        """The counter counts with the encoder that is in place: put in the one that was chosen since, if nobody is
        using the model. Source: modules/call_queue.py."""
        from modules import call_queue, sd_models

        model = sd_models.model_data.sd_model
        if model is None or not call_queue.queue_lock.acquire(False):
            return
        try:
            self.serve(model, chosen())
        except SdzhError as error:
            callbacks.tell(error)
        finally:
            call_queue.queue_lock.release()


def chosen() -> str:
    """The option's value: what the settings say, or the request that is being served."""
    from modules import shared

    return str(shared.opts.data.get(TEXT_ENCODER) or AUTOMATIC)


def forget_conditioning() -> None:
    """The host keys its conditioning by prompt, steps and options, not by encoder: empty all four of its caches.

    Source: modules/processing.py `cached_params`; requests under way hold the same lists.
    """
    from modules import processing

    first, hires = processing.StableDiffusionProcessing, processing.StableDiffusionProcessingTxt2Img
    for cache in (first.cached_c, first.cached_uc, hires.cached_hr_c, hires.cached_hr_uc):
        cache[:] = [None] * len(cache)
