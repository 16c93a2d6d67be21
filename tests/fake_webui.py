"""A WebUI in a few lines: what the adapters touch, behaving as the host's own files do, on plain objects.

Every behaviour names the file of AUTOMATIC1111 1.10.1 that it copies.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml
from torch import nn

DEFAULT_CONFIG = {
    "model": {
        "target": "ldm.models.diffusion.ddpm.LatentDiffusion",
        "params": {
            "scale_factor": 0.18215,
            "unet_config": {"target": "UNetModel", "params": {"model_channels": 320, "context_dim": 768}},
            "first_stage_config": {
                "target": "AutoencoderKL",
                "params": {"ddconfig": {"attn_resolutions": []}},
            },
            "cond_stage_config": {"target": "FrozenCLIPEmbedder"},
        },
    }
}


class Checkpoint(SimpleNamespace):
    """modules/sd_models.py `CheckpointInfo`."""

    filename: str


class FakeWebui:
    """The modules of the host, put into `sys.modules` by `install` and taken out at the end of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "v1-inference.yaml"
        self.config.write_text(yaml.safe_dump(DEFAULT_CONFIG), encoding="utf-8")
        self.unloaded: list[Any] = []
        self.selected: Checkpoint | None = None

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        contents = {
            "modules": {},
            "modules.paths": {"data_path": str(self.folder)},
            "modules.shared": {
                "opts": SimpleNamespace(emphasis="Original", CLIP_stop_at_last_layers=1),
                "cmd_opts": SimpleNamespace(no_half=True, lowvram=False, medvram=False),
            },
            "modules.sd_hijack": {"model_hijack": SimpleNamespace(extra_generation_params={})},
            "modules.scripts": {"Script": object, "AlwaysVisible": object()},
            # modules/script_callbacks.py: a list per kind; load_scripts empties it
            "modules.script_callbacks": {"on_script_unloaded": self.unloaded.append},
            "modules.sd_models_config": {"find_checkpoint_config": lambda state_dict, info: str(self.config)},
            "modules.sd_models": {
                "model_data": SimpleNamespace(sd_model=None),
                "select_checkpoint": lambda: self.selected,
                "model_target_device": lambda model: "cpu",
                "get_checkpoint_state_dict": self.read_state_dict,
                "load_model_weights": self.load_model_weights,
                "reload_model_weights": self.reload_model_weights,
            },
        }
        for name, content in contents.items():
            module = ModuleType(name)
            vars(module).update(content)
            monkeypatch.setitem(sys.modules, name, module)
            if "." in name:
                setattr(sys.modules["modules"], name.split(".")[1], module)

    def module(self, name: str) -> Any:
        return sys.modules[f"modules.{name}"]

    def read_state_dict(self, info: Checkpoint, timer: object = None) -> dict[str, Any]:
        """modules/sd_models.py `get_state_dict_from_checkpoint`: three names get another level."""
        from safetensors.torch import load_file

        renamed = {}
        for key, value in load_file(info.filename).items():
            for level in ("embeddings.", "encoder.", "final_layer_norm."):
                old = f"cond_stage_model.transformer.{level}"
                key = key.replace(old, f"cond_stage_model.transformer.text_model.{level}")
            renamed[key] = value
        return renamed

    def load_model_weights(self, model: Any, info: Checkpoint, state_dict: Any, timer: object) -> None:
        """modules/sd_models.py: what has no place in the model is passed over in silence."""
        model.load_state_dict(state_dict, strict=False)
        model.sd_model_checkpoint = info.filename

    def reload_model_weights(
        self, sd_model: Any = None, info: Any = None, forced_reload: bool = False
    ) -> Any:
        """modules/sd_models.py: equal paths of configurations reuse the model object."""
        models, info = self.module("sd_models"), info or self.selected
        state_dict = models.get_checkpoint_state_dict(info, None)
        config = self.module("sd_models_config").find_checkpoint_config(state_dict, info)
        current = sd_model or models.model_data.sd_model
        if current is None or current.used_config != config:
            current = self.build(config)
        models.load_model_weights(current, info, state_dict, None)
        models.model_data.sd_model = current
        return current

    def build(self, config: str) -> nn.Module:
        """modules/sd_models.py `instantiate_from_config`, for the text encoder alone."""
        from importlib import import_module

        model = nn.Module()
        model.used_config = config  # type: ignore[assignment]
        stage = yaml.safe_load(Path(config).read_text(encoding="utf-8"))["model"]["params"][
            "cond_stage_config"
        ]
        if stage["target"] == "FrozenCLIPEmbedder":
            model.cond_stage_model = nn.Identity()
        else:
            module, name = stage["target"].rsplit(".", 1)
            model.cond_stage_model = getattr(import_module(module), name)(**stage["params"])
        return model

    def reload_ui(self, start: Any) -> None:
        """webui.py and modules/scripts.py `load_scripts`: unload, forget all callbacks, run the scripts again."""
        for callback in reversed(list(self.unloaded)):
            callback()
        self.unloaded.clear()
        start()


@pytest.fixture
def fake_webui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeWebui:
    host = FakeWebui(tmp_path)
    host.install(monkeypatch)
    return host
