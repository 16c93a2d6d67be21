"""Forge in a few lines: what the adapter touches, behaving as the host's own files do, on plain objects.

Every behaviour names the file of Forge f2.0.1v1.10.1 (lllyasviel/stable-diffusion-webui-forge) that it copies.
"""

from __future__ import annotations

import contextlib
import copy
import sys
import threading
from collections import defaultdict
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

WIDTH = 32


class Options(SimpleNamespace):
    """modules/options.py `Options`: values in `data`, lines of the settings page in `data_labels`."""

    def add_option(self, key: str, info: Any) -> None:
        self.data_labels[key] = info


class CheckpointInfo:
    """modules/sd_models.py: a file, which its constructor reads."""

    def __init__(self, filename: str) -> None:
        Path(filename).read_bytes()[:1]
        self.filename = filename
        self.name = self.title = Path(filename).name
        self.name_for_extra = Path(filename).stem

    def register(self) -> None:
        sys.modules["modules.sd_models"].checkpoints_list[self.title] = self  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return self.filename


class Patcher:
    """backend/patcher/base.py `ModelPatcher`: patches belong to a clone, weights to the model."""

    def __init__(self, model: nn.Module, load_device: Any, offload_device: Any) -> None:
        self.model, self.load_device, self.offload_device = model, load_device, offload_device
        self.lora_patches: dict[Any, Any] = {}

    def clone(self) -> Patcher:
        new = Patcher(self.model, self.load_device, self.offload_device)
        new.lora_patches = dict(self.lora_patches)
        return new

    def add_patches(self, *, filename: str, patches: Any, strength_patch: float, online_mode: bool) -> None:
        self.lora_patches[filename, strength_patch, online_mode] = patches


class Clip:
    """backend/patcher/clip.py `CLIP`."""

    def __init__(self, module: nn.Module) -> None:
        self.cond_stage_model = module

    def clone(self) -> Clip:
        return copy.copy(self)


class StableDiffusion:
    """backend/diffusion_engine/sd15.py: its own engine reads prompts, and its CLIP is loaded for every prompt."""

    def __init__(self, clip: nn.Module, context: int) -> None:
        self.model_config = SimpleNamespace(unet_config={"context_dim": context})
        self.forge_objects = SimpleNamespace(clip=Clip(clip), unet="unet")
        self.forge_objects_after_applying_lora = copy.copy(self.forge_objects)
        self.text_processing_engine = SimpleNamespace(process_texts=lambda texts: ([], 0))
        self.current_lora_hash = "[]"

    def get_learned_conditioning(self, texts: Any) -> Any:
        return "english"


class FakeForge:
    """The modules of the host, put into `sys.modules` by `install` and taken out at the end of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.context = WIDTH
        self.resident: list[Patcher] = []
        self.merged: dict[str, torch.Tensor] = {}
        self.comments: list[str] = []
        self.callbacks: dict[str, list[Any]] = defaultdict(list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        caches = {name: [None, None, None] for name in ("cached_c", "cached_uc")}
        hires = {**caches, "cached_hr_c": [None, None, None], "cached_hr_uc": [None, None, None]}
        opts = Options(
            emphasis="Original", localization="zh_CN", data={}, data_labels={}, sd_model_checkpoint=""
        )
        contents: dict[str, dict[str, Any]] = {
            "modules": {},
            "modules.paths": {"data_path": str(self.folder), "models_path": str(self.folder)},
            "modules.shared": {"opts": opts, "cmd_opts": SimpleNamespace(ckpt_dir=None), "OptionInfo": Row},
            "modules.scripts": {"Script": object, "AlwaysVisible": object()},
            "modules.images": {
                "get_font": lambda fontsize: fontsize,
                "draw_grid_annotations": lambda *texts: None,
            },
            "modules.script_callbacks": {"add_callback": add_callback, "callback_map": self.callbacks},
            "modules.call_queue": {"queue_lock": threading.Lock()},
            "modules.processing": {
                "StableDiffusionProcessing": SimpleNamespace(**caches),
                "StableDiffusionProcessingTxt2Img": SimpleNamespace(**hires),
                "forge_model_reload": self.forge_model_reload,
            },
            "modules.sd_models": {
                "model_path": str(self.folder / "Stable-diffusion"),
                "checkpoints_list": {},
                "checkpoint_aliases": {},
                "CheckpointInfo": CheckpointInfo,
                "list_models": lambda: None,
                "forge_model_reload": self.forge_model_reload,
                "forge_loader": self.forge_loader,
                "model_data": SimpleNamespace(sd_model=None, forge_hash="", forge_loading_parameters={}),
            },
            "gradio": {"Dropdown": object},
            "backend": {},
            "backend.args": {"dynamic_args": {}},
            "backend.loader": {"load_huggingface_component": self.load_huggingface_component},
            "backend.memory_management": {
                "cpu": torch.device("cpu"),
                "text_encoder_dtype": lambda: torch.float16,
                "text_encoder_device": lambda: torch.device("cpu"),
                "text_encoder_offload_device": lambda: torch.device("cpu"),
                "load_model_gpu": self.load_model_gpu,
                "unload_model_clones": self.unload_model_clones,
            },
            "backend.operations": {"using_forge_operations": using_forge_operations},
            "backend.nn": {},
            "backend.nn.clip": {"IntegratedCLIP": IntegratedCLIP},
            "backend.patcher": {},
            "backend.patcher.base": {"ModelPatcher": Patcher},
            "backend.patcher.lora": {"load_lora": load_lora},
            "backend.text_processing": {},
            "backend.text_processing.classic_engine": {"last_extra_generation_params": {}},
            "backend.text_processing.textual_inversion": {"EmbeddingDatabase": EmbeddingDatabase},
            "networks": {"load_lora_for_models": load_lora_for_models},
        }
        # The host pins transformers 4.46, where this is; version 5 took it away.
        monkeypatch.setattr(
            "transformers.modeling_utils.no_init_weights", contextlib.nullcontext, raising=False
        )
        for name, content in contents.items():
            module = ModuleType(name)
            vars(module).update(content)
            monkeypatch.setitem(sys.modules, name, module)
            parent, _, leaf = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], leaf, module)

    def module(self, name: str) -> Any:
        return sys.modules[name]

    @property
    def data(self) -> Any:
        return self.module("modules.sd_models").model_data

    def choose(self, path: Path) -> Any:
        """modules_forge/main_entry.py `refresh_model_loading_parameters`, modules/processing.py `process_images`."""
        self.data.forge_loading_parameters = {"checkpoint_info": CheckpointInfo(str(path))}
        self.module("modules.shared").sd_model = model = self.module(
            "modules.processing"
        ).forge_model_reload()[0]
        return model

    def process(self, adapter: Any, **options: Any) -> SimpleNamespace:
        """modules/processing.py `process_images_inner`, as far as the script is called."""
        self.module("modules.shared").opts.data.update(options)
        p = SimpleNamespace(comment=self.comments.append, extra_generation_params={})
        adapter.process(p)
        adapter.networks_activated(p)
        return p

    def forge_model_reload(self) -> tuple[Any, bool]:
        """modules/sd_models.py: the old model is gone before the new one is read; a failure leaves none."""
        data = self.data
        current = str(data.forge_loading_parameters)
        if data.forge_hash == current:
            return data.sd_model, False
        data.sd_model = None
        self.resident.clear()
        info = data.forge_loading_parameters["checkpoint_info"]
        model = self.module("modules.sd_models").forge_loader(info.filename, additional_state_dicts=[])
        model.sd_checkpoint_info = info
        data.sd_model, data.forge_hash = model, current
        return model, True

    def forge_loader(self, filename: str, additional_state_dicts: Any = None) -> Any:
        """backend/loader.py: the family is told by the UNet, whatever the text encoder is."""
        if self.context is None:
            raise ValueError("Failed to recognize model type!")
        guess = SimpleNamespace(model_type=ModelType("EPS"))
        clip = self.module("backend.loader").load_huggingface_component(
            guess, "text_encoder", "transformers", "CLIPTextModel", str(self.folder / "repo"), {}
        )
        self.prediction = guess.model_type.name
        return StableDiffusion(clip, self.context)

    def load_huggingface_component(self, *arguments: Any) -> Any:
        """backend/loader.py: CLIP in the shape that its own configuration says."""
        return "the host's clip"

    def load_model_gpu(self, patcher: Patcher) -> None:
        """backend/memory_management.py `load_models_gpu`, backend/patcher/lora.py `LoraLoader.refresh`.

        A patcher that is loaded already is left as it is; another one of the same model takes its place.
        """
        if patcher in self.resident:
            return
        self.unload_model_clones(patcher)
        self.resident.append(patcher)
        weights = dict(patcher.model.named_parameters())
        for name, weight in self.merged.items():
            weights[name].data = weight
        self.merged = {}
        for (_, strength, _), patches in patcher.lora_patches.items():
            for name, (up, down) in patches.items():
                self.merged.setdefault(name, weights[name].data)
                weights[name].data = weights[name].data + (strength * up @ down).to(weights[name])

    def unload_model_clones(self, patcher: Patcher) -> None:
        """backend/memory_management.py."""
        self.resident[:] = [other for other in self.resident if other.model is not patcher.model]


def add_callback(callbacks: list[Any], fun: Any, *, category: str, filename: str) -> None:
    """modules/script_callbacks.py, told which file listens."""
    assert Path(filename).exists()
    callbacks.append(fun)


class ModelType:
    """huggingface_guess/model_list.py, an enumeration."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __class_getitem__(cls, name: str) -> ModelType:
        return cls(name)


class Row(SimpleNamespace):
    """modules/options.py `OptionInfo`."""

    def __init__(self, default: Any, label: str, **more: Any) -> None:
        super().__init__(default=default, label=label, **more)

    def info(self, text: str) -> Row:
        return self


class IntegratedCLIP(nn.Module):
    """backend/nn/clip.py."""

    def __init__(self, kind: Any, config: Any, add_text_projection: bool) -> None:
        super().__init__()
        self.transformer = kind(config)


class EmbeddingDatabase:
    """backend/text_processing/textual_inversion.py."""

    def __init__(self, tokenizer: Any, width: int) -> None:
        self.width, self.word_embeddings = width, dict[str, Any]()
        assert len(tokenizer(["山水"], truncation=False, add_special_tokens=False)["input_ids"][0]) == 2


@contextlib.contextmanager
def using_forge_operations(device: Any, dtype: Any, manual_cast_enabled: bool) -> Any:
    """backend/operations.py: layers that keep one precision and compute in their input's."""

    class Linear(nn.Linear):
        def forward(self, x: Any) -> Any:
            return nn.functional.linear(x, self.weight.to(x), None if self.bias is None else self.bias.to(x))

    class LayerNorm(nn.LayerNorm):
        def forward(self, x: Any) -> Any:
            shape = self.normalized_shape
            return nn.functional.layer_norm(x, shape, self.weight.to(x), self.bias.to(x), self.eps)

    with pytest.MonkeyPatch.context() as patch:
        for layer in (Linear, LayerNorm):
            patch.setattr(nn, layer.__name__, layer)
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def load_lora(lora: dict[str, Any], names: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """packages_3rdparty/webui_lora_collection/lora.py: (weight -> matrices, what has no place)."""
    found, rest = {}, dict(lora)
    for name, weight in names.items():
        if f"{name}.lora_up.weight" in lora:
            found[weight] = (rest.pop(f"{name}.lora_up.weight"), rest.pop(f"{name}.lora_down.weight"))
    return found, rest


def load_lora_for_models(
    unet: Any, clip: Any, lora: dict[str, Any], unet_strength: float, clip_strength: float, **more: Any
) -> tuple[Any, Any]:
    """extensions-builtin/sd_forge_lora/networks.py: more than twelve keys without a place drop a LoRA as a whole."""
    foreign = [key for key in lora if not key.startswith("lora_unet")]
    if len(foreign) > 12:
        return unet, clip
    return [*unet, *lora], clip
