"""A WebUI's request (`StableDiffusionProcessing`): where its prompts lie between the boxes and the encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sd_chinese.hosts.base import TEXT_ENCODER

Texts = tuple[Sequence[str], Sequence[str]]
"""Prompts and negative prompts, one of each for every picture."""


class Rewritten(Protocol):
    """Prompts for every pass and picture, and what each picture's parameters say of them."""

    @property
    def passes(self) -> Sequence[Texts]: ...

    @property
    def parameters(self) -> Sequence[Mapping[str, Any]]: ...


Rewrite = Callable[[Sequence[Texts]], Rewritten]

#: Where a request keeps the texts of its first pass and of its hires pass.
PASSES = (("all_prompts", "all_negative_prompts"), ("all_hr_prompts", "all_hr_negative_prompts"))
#: What a host that calls no functions has said of a hires pass before us.
HIRES = ("Hires prompt", "Hires negative prompt")
_PICTURES = "sdzh_pictures"


def rewrite_prompts(p: Any, rewrite: Rewrite) -> None:
    """Change what the host encodes; its boxes stay as they are. For a script's `process`, also of a hires pass."""
    places = [names for names in PASSES if getattr(p, names[0], None)]
    found = rewrite([(getattr(p, prompts), getattr(p, negatives)) for prompts, negatives in places])
    for names, texts in zip(places, found.passes, strict=True):
        for name, lines in zip(names, texts, strict=True):
            setattr(p, name, lines)
    # What the parameters of a grid say.
    p.main_prompt, p.main_negative_prompt = p.all_prompts[0], p.all_negative_prompts[0]
    for texts in found.passes[1:]:
        for name, lines in zip(HIRES, texts, strict=True):
            if isinstance(p.extra_generation_params.get(name), str):
                p.extra_generation_params[name] = lines[0]
    _tell(p, found.parameters)


def tell_picture(p: Any) -> None:
    """For a script's `postprocess_image`, which comes before a picture's parameters are written down."""
    pictures = getattr(p, _PICTURES, None)
    if pictures:
        p.extra_generation_params.update(pictures[p.iteration * p.batch_size + p.batch_index])


def stand_alone(p: Any) -> None:
    """The X/Y/Z plot's cells are shallow copies of one request: what is said of one must not be said of the next."""
    p.extra_generation_params = dict(p.extra_generation_params)


def choose_encoder(p: Any, name: str) -> None:
    """Let a text encoder read this request only. For a script's `before_process`, and for an axis."""
    p.override_settings = {**p.override_settings, TEXT_ENCODER: name}


def _tell(p: Any, parameters: Sequence[Mapping[str, Any]]) -> None:
    """Where pictures differ, the host is given a function to ask; one that asks none is told of each in its turn."""
    names = dict.fromkeys(name for each in parameters for name in each)
    pictures = [{name: each.get(name) for name in names} for each in parameters]
    p.extra_generation_params.update(pictures[0])
    different = [name for name in names if any(each[name] != pictures[0][name] for each in pictures)]
    if different and not _calls_functions():
        setattr(p, _PICTURES, pictures)
        return
    for name in different:
        p.extra_generation_params[name] = _of_picture([each[name] for each in pictures])


def _calls_functions() -> bool:
    """`create_infotext` calls functions among the parameters since A1111 1.10; it tells so nowhere but in its words."""
    from modules import processing

    return "callable" in (processing.create_infotext.__doc__ or "")


def _of_picture(values: Sequence[Any]) -> Callable[..., Any]:
    def own(p: Any, index: int, all_prompts: Sequence[str], use_main_prompt: bool = False, **_: Any) -> Any:
        """``index`` counts within ``all_prompts``, which are those of a batch or of the whole request."""
        if use_main_prompt:
            return values[0]
        before = 0 if len(all_prompts) == len(values) else p.iteration * p.batch_size
        return values[before + index]

    return own
