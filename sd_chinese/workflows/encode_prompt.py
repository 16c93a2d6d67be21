"""A prompt box's text becomes the conditionings of a job: tags out, `AND` apart, schedules in stages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sd_chinese.hosts.base import PromptPart, Stage
from sd_chinese.schedule import parse_schedule, split_and

if TYPE_CHECKING:
    import torch

    from sd_chinese.text.conditioner import Conditioner

LORA_TAG = re.compile(r"<lora:(?P<name>[^:<>]+)(?::(?P<strength>[+-]?\d*\.?\d+))?[^<>]*>")


def split_lora_tags(prompt: str) -> tuple[str, tuple[tuple[str, float], ...]]:
    """Take `<lora:名字:0.8>` out of a prompt: the text without them, and their names and strengths."""
    tags = tuple((m["name"].strip(), float(m["strength"] or 1.0)) for m in LORA_TAG.finditer(prompt))
    return LORA_TAG.sub("", prompt).strip() if tags else prompt, tags


def encode_prompts(
    positive: str, negative: str, conditioner: Conditioner, steps: int
) -> tuple[tuple[PromptPart, ...], tuple[Stage, ...]]:
    """Encode both boxes; all conditionings come out with the same number of rows, so that they share a batch."""
    parts = [
        PromptPart(weight, _stages(text, conditioner, steps, negative=False))
        for text, weight in split_and(positive)
    ]
    against = _stages(negative, conditioner, steps, negative=True)
    lists = [*(part.stages for part in parts), against]
    rows = max(stage.crossattn.shape[1] for stages in lists for stage in stages)
    empty = conditioner([""]).crossattn
    *padded, padded_against = [_with_rows(stages, rows, empty) for stages in lists]
    return tuple(
        replace(part, stages=stages) for part, stages in zip(parts, padded, strict=True)
    ), padded_against


def _stages(prompt: str, conditioner: Conditioner, steps: int, negative: bool) -> tuple[Stage, ...]:
    return tuple(
        Stage(end, conditioner([text], negative=negative).crossattn)
        for end, text in parse_schedule(prompt, steps)
    )


def _with_rows(stages: tuple[Stage, ...], rows: int, empty: torch.Tensor) -> tuple[Stage, ...]:
    return tuple(Stage(stage.end, pad_rows(stage.crossattn, rows, empty)) for stage in stages)


def pad_rows(crossattn: torch.Tensor, rows: int, empty: torch.Tensor) -> torch.Tensor:
    """Lengthen (1, n, width) to (1, rows, width) with contexts of the empty prompt, as A1111's `pad_cond_uncond` does.

    Args:
        empty: conditioning of the empty prompt, shape (1, context_length, width).
    """
    import torch

    missing = rows - crossattn.shape[1]
    if missing <= 0:
        return crossattn
    repeats = -(-missing // empty.shape[1])
    return torch.cat([crossattn, empty.repeat(1, repeats, 1)[:, :missing]], dim=1)
