"""How the host comes to load a Chinese checkpoint: three of its functions, wrapped.

=========================================  ====================================================================
sd_models.load_model                       refuses a damaged checkpoint before the host puts its model away
forge_loader.load_model_for_a1111          gives the model that the host has built an encoder that reads prompts
forge_loader.load_checkpoint_guess_config  gives a hollow CLIP to a checkpoint that has none
=========================================  ====================================================================

Everything that is not Chinese passes through unchanged, and nothing here is on the path of a prompt or a picture.

Source: modules/sd_models.py and modules_forge/forge_loader.py of Panchovix/stable-diffusion-webui-reForge, main.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sd_chinese.errors import SdzhError
from sd_chinese.hosts.forge import recognition as forge_recognition
from sd_chinese.hosts.patches import Patches

ENCODER = "cond_stage_model."


class Recognition(forge_recognition.Recognition):
    """The hooks; their arguments are Forge's."""

    _name = ""

    def install(self, patches: Patches) -> None:
        from modules import sd_models
        from modules_forge import forge_loader

        patches.wrap(sd_models, "load_model", self.choose)
        patches.wrap(forge_loader, "load_model_for_a1111", self.build)
        patches.wrap(forge_loader, "load_checkpoint_guess_config", self.load_networks)

    def choose(
        self, original: Callable[..., Any], checkpoint_info: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        from modules import sd_models, shared

        current = sd_models.model_data.sd_model
        info = checkpoint_info or sd_models.select_checkpoint()
        previous = getattr(current, "sd_checkpoint_info", None) or forge_recognition.another(info)
        try:
            info = self._resolve(info)
            self._described(Path(info.filename))
            return original(info, *args, **kwargs)
        except SdzhError as error:
            self._say(error)
            if previous is None:
                return None
            shared.opts.data["sd_model_checkpoint"] = previous.title
            return original(previous)  # the one that is loaded, or loads it again

    def build(
        self, original: Callable[..., Any], timer: Any, checkpoint_info: Any, state_dict: dict[str, Any]
    ) -> Any:
        path = Path(checkpoint_info.filename)
        self._loading, self._name = described, _ = self._described(path), path.stem
        if described is not None:
            state_dict = {key: value for key, value in state_dict.items() if not key.startswith(ENCODER)}
        try:
            model = original(timer=timer, checkpoint_info=checkpoint_info, state_dict=state_dict)
        finally:
            self._loading = None
        if described is not None:
            model._separate_te_loaded = True  # the host would look for a CLIP in a file of the same name
        self._when_loaded(model, path, described)
        return model

    def load_networks(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        from sd_chinese.hosts.reforge.hollow_clip import HollowClip

        described = self._loading
        if described is None:
            return original(*args, **kwargs)
        try:
            found = original(*args, **{**kwargs, "output_clip": False})
        except RuntimeError as error:
            width, channels = (described.unet[key] for key in ("cross_attention_dim", "block_out_channels"))
            raise SdzhError("forge_unet", model=self._name, width=width, channels=channels[0]) from error
        found.clip = HollowClip()
        if described.prediction_type == "v_prediction":
            _predict_v(found.unet.model)
        return found


def _predict_v(model: Any) -> None:
    from ldm_patched.modules.model_base import ModelType, model_sampling

    model.model_sampling = model_sampling(model.model_config, ModelType.V_PREDICTION)
