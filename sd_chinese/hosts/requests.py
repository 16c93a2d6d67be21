"""A WebUI's request (`StableDiffusionProcessing`): where its prompts lie between the boxes and the encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sd_chinese.hosts.base import TEXT_ENCODER


class Rewritten(Protocol):
    """Prompts and negative prompts for every picture, and what the picture's parameters say of them."""

    @property
    def prompts(self) -> list[str]: ...

    @property
    def negatives(self) -> list[str]: ...

    @property
    def parameters(self) -> Mapping[str, Any]: ...


Rewrite = Callable[[Sequence[str], Sequence[str]], Rewritten]


def rewrite_prompts(p: Any, rewrite: Rewrite) -> None:
    """Change what the host encodes; its boxes stay as they are. For a script's `process`, also of a hires pass."""
    found = rewrite(p.all_prompts, p.all_negative_prompts)
    hires = getattr(p, "all_hr_prompts", None)
    if hires:
        second = rewrite(hires, p.all_hr_negative_prompts)
        p.all_hr_prompts, p.all_hr_negative_prompts = second.prompts, second.negatives
    p.all_prompts, p.all_negative_prompts = found.prompts, found.negatives
    p.extra_generation_params.update(found.parameters)


def choose_encoder(p: Any, name: str) -> None:
    """Let a text encoder read this request only. For a script's `before_process`, and for an axis."""
    p.override_settings[TEXT_ENCODER] = name
