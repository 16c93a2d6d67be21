"""Trained parts written in the folder formats that PAI-Diffusion is published in, fp16 safetensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.mini.vocabulary import save_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

WEIGHTS = Path(__file__).parent / "weights"
"""Where the shipped weights lie: ``base``, ``lora-ink``, ``controlnet-canny``, ``probe``."""

MODEL_INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.15.0",
    "feature_extractor": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DPMSolverMultistepScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "BertTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}

SCHEDULER: dict[str, Any] = {
    "_class_name": "DPMSolverMultistepScheduler",
    "_diffusers_version": "0.15.0",
    "algorithm_type": "dpmsolver++",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "solver_order": 2,
    "solver_type": "midpoint",
    "steps_offset": 1,
    "trained_betas": None,
}


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Writes fp16 safetensors; a broken-off write leaves the old file."""
    import torch
    from safetensors.torch import save

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    half = {
        key: (value.half() if value.is_floating_point() else value).contiguous().to(torch.device("cpu"))
        for key, value in tensors.items()
    }
    part.write_bytes(save(half, metadata={"format": "pt"}))
    part.replace(path)


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a configuration."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8", newline="\n")
    part.replace(path)


def save_module(folder: Path, class_name: str, config: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    """Writes one diffusers model folder: ``config.json`` and its weights."""
    save_json(folder / "config.json", {"_class_name": class_name, "_diffusers_version": "0.15.0", **config})
    save_tensors(folder / "diffusion_pytorch_model.safetensors", tensors)


def save_text_encoder(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
    """Writes a CLIPTextModel with the published key names, ``text_model.…`` (transformers 5 drops that level)."""
    named = {
        key if key.startswith("text_model.") else f"text_model.{key}": value
        for key, value in tensors.items()
        if not key.endswith("position_ids")
    }
    rows = named["text_model.embeddings.token_embedding.weight"].shape[0]
    head = {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "vocab_size": rows}
    save_json(folder / "config.json", {**head, "attention_dropout": 0.0, **config})
    save_tensors(folder / "model.safetensors", named)


def save_pipeline(folder: Path, vocabulary: Sequence[str]) -> None:
    """Writes what a pipeline folder holds beside its models: index, scheduler, tokenizer."""
    save_json(folder / "model_index.json", MODEL_INDEX)
    save_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    save_tokenizer(folder / "tokenizer", vocabulary)
