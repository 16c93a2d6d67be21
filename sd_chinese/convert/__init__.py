"""Weights -> weights: conversion as data. What a converter is called for is told by `registry.identify`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sd_chinese.convert.checkpoint import convert_base_to_ldm, convert_ldm
from sd_chinese.convert.controlnet import convert_controlnet
from sd_chinese.convert.encoder_folder import convert_encoder
from sd_chinese.convert.lora import convert_lora
from sd_chinese.errors import SdzhError

# (kind, layout) of a model -> what makes the host's file of it.
CONVERTERS: dict[tuple[str, str], Callable[..., Path]] = {
    ("base", "diffusers"): convert_base_to_ldm,
    ("base", "ldm"): convert_ldm,
    ("lora", "attn_procs"): convert_lora,
    ("lora", "diffusers"): convert_lora,
    ("lora", "peft"): convert_lora,
    ("lora", "kohya"): convert_lora,
    ("controlnet", "diffusers"): convert_controlnet,
    ("controlnet", "ldm"): convert_controlnet,
    ("encoder", "transformers"): convert_encoder,
}


def find_converter(kind: str, layout: str) -> Callable[..., Path]:
    """The converter for a kind and layout.

    Raises:
        SdzhError: ``converter_unknown``, with the choices.
    """
    if (kind, layout) not in CONVERTERS:
        choices = ", ".join(f"{k}/{v}" for k, v in CONVERTERS)
        raise SdzhError("converter_unknown", kind=kind, layout=layout, choices=choices)
    return CONVERTERS[kind, layout]
