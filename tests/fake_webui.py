"""A WebUI in a few lines: what the adapters touch, behaving as the host's own files do, on plain objects.

Every behaviour names the file of AUTOMATIC1111 1.10.1 that it copies.
"""

from __future__ import annotations

import sys
import threading
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from torch import nn

CONTEXT = 32
CALLBACKS = (
    "app_started", "model_loaded", "ui_tabs", "ui_train_tabs", "ui_settings", "before_image_saved", "image_saved",
    "extra_noise", "cfg_denoiser", "cfg_denoised", "cfg_after_cfg", "before_component", "after_component", "image_grid",
    "infotext_pasted", "script_unloaded", "before_ui", "list_optimizers", "list_unets", "before_token_counter",
)  # fmt: skip
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

    def __init__(self, filename: str) -> None:
        path = Path(filename)
        super().__init__(filename=filename, title=path.name, name=path.name, name_for_extra=path.stem)
        self.ids = [path.name, path.stem]

    def register(self) -> None:
        models = sys.modules["modules.sd_models"]
        models.checkpoints_list[self.title] = self  # type: ignore[attr-defined]
        models.checkpoint_aliases.update(dict.fromkeys(self.ids, self))  # type: ignore[attr-defined]

    __hash__ = object.__hash__


class Options:
    """modules/options.py: values fall back to the labels' defaults."""

    def __init__(self, **data: Any) -> None:
        self.data: dict[str, Any] = data
        self.data_labels: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return self.data[name] if name in self.data else self.data_labels[name].default

    def add_option(self, key: str, info: Any) -> None:
        self.data_labels[key] = info
        self.data.setdefault(key, info.default)


class OptionInfo(SimpleNamespace):
    """modules/options.py."""

    def __init__(self, default: Any, label: str, **more: Any) -> None:
        super().__init__(default=default, label=label, **more)

    def info(self, text: str) -> OptionInfo:
        self.comment_after = text
        return self


class EnglishEncoder(nn.Module):
    """modules/sd_hijack_clip.py, in two lines: rows that depend on the text's length."""

    def forward(self, texts: list[str]) -> torch.Tensor:
        return torch.stack([torch.full((77, CONTEXT), float(len(text))) for text in texts])


class FakeWebui:
    """The modules of the host, put into `sys.modules` by `install` and taken out at the end of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "v1-inference.yaml"
        self.config.write_text(yaml.safe_dump(DEFAULT_CONFIG), encoding="utf-8")
        self.bases = folder / "models" / "Stable-diffusion"
        self.bases.mkdir(parents=True)
        self.callbacks: dict[str, list[Any]] = {kind: [] for kind in CALLBACKS}
        self.selected: Checkpoint | None = None
        self.embeddings: dict[str, Any] = {}
        self.embedding_loads = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, content in {"": {}, **self._modules()}.items():
            module = ModuleType(f"modules.{name}".rstrip("."))
            vars(module).update(content)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            if name:
                setattr(sys.modules["modules"], name, module)

    def _modules(self) -> dict[str, dict[str, Any]]:
        caches = ("cached_c", "cached_uc", "cached_hr_c", "cached_hr_uc")
        return {
            "paths": {"data_path": str(self.folder), "models_path": str(self.folder / "models")},
            "shared": {
                "opts": Options(
                    emphasis="Original",
                    CLIP_stop_at_last_layers=1,
                    textual_inversion_add_hashes_to_infotext=True,
                    localization="None",
                    sd_model_checkpoint=None,
                ),
                "cmd_opts": SimpleNamespace(no_half=True, lowvram=False, medvram=False, ckpt_dir=None),
                "OptionInfo": OptionInfo,
                "state": SimpleNamespace(textinfo=None),
                "sd_model": None,
            },
            "sd_hijack": {"model_hijack": SimpleNamespace(extra_generation_params={}, clip=None)},
            "processing": {
                # modules/processing.py: class attributes that every request shares
                "StableDiffusionProcessing": type("P", (), {c: [None, None] for c in caches[:2]}),
                "StableDiffusionProcessingTxt2Img": type("T", (), {c: [None, None] for c in caches[2:]}),
            },
            "devices": {"autocast": nullcontext, "dtype": torch.float32, "device": "cpu"},
            "lowvram": {"module_in_gpu": None, "cpu": "cpu"},
            "call_queue": {"queue_lock": threading.Lock()},
            "scripts": {"Script": object, "AlwaysVisible": object(), "scripts_data": []},
            # modules/images.py: legends of grids, in a font that has no Chinese
            "images": {"get_font": lambda fontsize: fontsize, "draw_grid_annotations": lambda *texts: None},
            # modules/script_callbacks.py of 1.8: a list per kind; load_scripts empties them all
            "script_callbacks": {
                "add_callback": lambda callbacks, fun: callbacks.append(fun),
                **{f"on_{kind}": self.callbacks[kind].append for kind in CALLBACKS},
            },
            "sd_models_config": {"find_checkpoint_config": lambda state_dict, info: str(self.config)},
            "sd_models": {
                "model_path": str(self.bases),
                "CheckpointInfo": Checkpoint,
                "checkpoints_list": {},
                "checkpoint_aliases": {},
                "list_models": self.list_models,
                "SkipWritingToConfig": SimpleNamespace(skip=False),
                "model_data": SimpleNamespace(
                    sd_model=None, lock=threading.Lock(), was_loaded_at_least_once=True
                ),
                "select_checkpoint": lambda: self.selected,
                "model_target_device": lambda model: "cpu",
                "get_checkpoint_state_dict": self.read_state_dict,
                "load_model": self.load_model,
                "load_model_weights": self.load_model_weights,
                "reload_model_weights": self.reload_model_weights,
            },
        }

    def module(self, name: str) -> Any:
        return sys.modules[f"modules.{name}"]

    def list_models(self) -> None:
        """modules/sd_models.py: every weight file below the folder, those of diffusers folders too."""
        models = self.module("sd_models")
        models.checkpoints_list.clear()
        models.checkpoint_aliases.clear()
        for file in sorted(self.bases.rglob("*.safetensors")):
            Checkpoint(str(file)).register()

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
        model.sd_checkpoint_info = info

    def load_model(self, info: Any = None, already_loaded_state_dict: Any = None) -> Any:
        """modules/sd_models.py: lets go of the model first; the empty prompt last."""
        models = self.module("sd_models")
        models.model_data.sd_model = None
        info = info or models.select_checkpoint()
        state_dict = already_loaded_state_dict or models.get_checkpoint_state_dict(info, None)
        model: Any = self.build(self.module("sd_models_config").find_checkpoint_config(state_dict, info))
        models.load_model_weights(model, info, state_dict, None)
        self._serve(model)
        model.cond_stage_model_empty_prompt = model.cond_stage_model([""])
        return model

    def reload_model_weights(
        self, sd_model: Any = None, info: Any = None, forced_reload: bool = False
    ) -> Any:
        """modules/sd_models.py: equal paths of configurations reuse the model object."""
        models, info = self.module("sd_models"), info or self.selected
        current = sd_model or models.model_data.sd_model
        if current is not None and current.sd_model_checkpoint == info.filename and not forced_reload:
            return current
        state_dict = models.get_checkpoint_state_dict(info, None)
        config = self.module("sd_models_config").find_checkpoint_config(state_dict, info)
        if current is None or current.used_config != config:
            models.load_model(info, already_loaded_state_dict=state_dict)
            return models.model_data.sd_model
        models.load_model_weights(current, info, state_dict, None)
        self._serve(current)
        return current

    def _serve(self, model: Any) -> None:
        """modules/sd_hijack.py `hijack`, modules/shared_items.py."""
        hijack = self.module("sd_hijack").model_hijack
        hijack.clip = model.cond_stage_model
        hijack.embedding_db = SimpleNamespace(
            word_embeddings=self.embeddings, load_textual_inversion_embeddings=self._load_embeddings
        )
        self.module("sd_models").model_data.sd_model = self.module("shared").sd_model = model

    def _load_embeddings(self, force_reload: bool = False) -> None:
        self.embedding_loads += force_reload

    def build(self, config: str) -> nn.Module:
        """modules/sd_models.py `instantiate_from_config`: the text encoder, and a UNet's one matrix."""
        model = nn.Module()
        model.used_config = config  # type: ignore[assignment]
        text = Path(config).read_text(encoding="utf-8")
        stage = yaml.safe_load(text)["model"]["params"]["cond_stage_config"]
        if stage["target"] == "FrozenCLIPEmbedder":
            model.cond_stage_model = EnglishEncoder()
        else:
            module, name = stage["target"].rsplit(".", 1)
            model.cond_stage_model = getattr(import_module(module), name)(**stage["params"])
        model.model = nn.Module()
        model.model.diffusion_model = nn.Module()
        model.model.diffusion_model.attn2 = nn.Module()
        model.model.diffusion_model.attn2.to_k = nn.Linear(CONTEXT, 8, bias=False)
        return model

    def reload_ui(self, start: Any) -> None:
        """webui.py and modules/scripts.py `load_scripts`: unload, forget all callbacks, run the scripts again."""
        for callback in reversed(list(self.callbacks["script_unloaded"])):
            callback()
        for works in self.callbacks.values():
            works.clear()
        start()


class Request:
    """modules/processing.py `StableDiffusionProcessing`: what a script's hooks get."""

    def __init__(self) -> None:
        self.extra_generation_params: dict[str, Any] = {}
        self.comments: list[str] = []

    def comment(self, text: str) -> None:
        self.comments.append(text)


@pytest.fixture
def fake_webui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeWebui:
    host = FakeWebui(tmp_path)
    host.install(monkeypatch)
    return host
