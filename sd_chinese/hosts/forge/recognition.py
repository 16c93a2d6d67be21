"""How the host comes to load a Chinese checkpoint: three of its functions, wrapped.

=====================================  ========================================================================
sd_models.forge_model_reload           refuses a damaged checkpoint before the host puts its model away
sd_models.forge_loader                 gives the model that the host has built an engine that reads prompts
loader.load_huggingface_component      builds a hollow CLIP where the checkpoint has none
=====================================  ========================================================================

`modules.processing` holds a reference of its own to the first. Everything that is not Chinese passes through unchanged,
and nothing here is on the path of a prompt or a picture.

Source: modules/sd_models.py, modules/processing.py and backend/loader.py of Forge f2.0.1v1.10.1.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.hosts.base import Description
from sd_chinese.hosts.forge.hollow_clip import build_hollow_clip
from sd_chinese.hosts.patches import Patches

TEXT_ENCODER = "text_encoder"


def another(refused: Any) -> Any:
    """The checkpoint to load where the first one is refused: the list's first, as for a name that the host misses."""
    from modules import sd_models

    others = (info for info in sd_models.checkpoints_list.values() if info.filename != refused.filename)
    return next(others, None)


class Recognition:
    """The hooks.

    Args:
        describe: tells of a file what the host must know; None: not Chinese.
        resolve: a checkpoint of the host's list -> the one to load.
        say: tells the user what was refused.
        when_loaded: called with every model that the host has built, its file, and the file's description or None.
    """

    def __init__(
        self,
        describe: Callable[[Path], Description | None],
        resolve: Callable[[Any], Any],
        say: Callable[[SdzhError], None],
        when_loaded: Callable[[Any, Path, Description | None], None],
    ) -> None:
        self._describe = describe
        self._resolve = resolve
        self._say = say
        self._when_loaded = when_loaded
        self._loading: Description | None = None

    def install(self, patches: Patches) -> None:
        from backend import loader
        from modules import processing, sd_models

        patches.wrap(sd_models, "forge_model_reload", self.reload)
        patches.wrap(processing, "forge_model_reload", self.reload)
        patches.wrap(sd_models, "forge_loader", self.load)
        patches.wrap(loader, "load_huggingface_component", self.load_component)

    def reload(self, original: Callable[[], Any]) -> Any:
        from modules import sd_models

        data = sd_models.model_data
        info = data.forge_loading_parameters.get("checkpoint_info")
        if info is None or data.forge_hash == str(data.forge_loading_parameters):
            return original()
        previous = getattr(data.sd_model, "sd_checkpoint_info", None) or another(info)
        try:
            data.forge_loading_parameters["checkpoint_info"] = resolved = self._resolve(info)
            self._described(Path(resolved.filename))
            return original()
        except SdzhError as error:
            if previous is None:
                raise
            self._say(error)
            return self._go_back(original, previous)

    def _go_back(self, original: Callable[[], Any], previous: Any) -> Any:
        """The checkpoint of before stays, or is loaded again where the host had let go of it."""
        from modules import sd_models, shared

        data = sd_models.model_data
        shared.opts.data["sd_model_checkpoint"] = previous.name
        data.forge_loading_parameters["checkpoint_info"] = previous
        if data.sd_model is None:
            data.forge_hash = ""  # the host would take it for loaded
        return original()

    def load(self, original: Callable[..., Any], filename: str, *args: Any, **kwargs: Any) -> Any:
        path = Path(filename)
        self._loading = self._described(path)
        try:
            model = self._load(original, filename, *args, **kwargs)
            if model is not None:
                self._when_loaded(model, path, self._loading)
        finally:
            self._loading = None
        return model

    def _load(self, original: Callable[..., Any], filename: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(filename, *args, **kwargs)
        except ValueError as error:
            if self._loading is None:
                raise
            width, channels = (
                self._loading.unet[key] for key in ("cross_attention_dim", "block_out_channels")
            )
            raise SdzhError(
                "forge_unet", model=Path(filename).stem, width=width, channels=channels[0]
            ) from error

    def load_component(
        self,
        original: Callable[..., Any],
        guess: Any,
        name: str,
        library: str,
        kind: str,
        folder: str,
        tensors: Any,
    ) -> Any:
        if self._loading is None or name != TEXT_ENCODER:
            return original(guess, name, library, kind, folder, tensors)
        prediction = "V_PREDICTION" if self._loading.prediction_type == "v_prediction" else "EPS"
        guess.model_type = type(guess.model_type)[prediction]
        return build_hollow_clip(Path(folder) / name)

    def _described(self, path: Path) -> Description | None:
        """Raises only what the user can mend; a mistake of ours must not keep the host from its own checkpoints."""
        try:
            return self._describe(path)
        except SdzhError:
            raise
        except Exception as error:
            print(strings.both("recognition_failed", path=path, error=repr(error)), file=sys.stderr)
            return None
