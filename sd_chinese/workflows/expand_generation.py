"""Expand the prompts of a request on their way to the encoder; the user's own go into the picture's parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sd_chinese.workflows.expand_prompt import read_options

if TYPE_CHECKING:
    from sd_chinese.expand.expander import Expander, Expansion

#: What a picture remembers; the rest of its parameters is the host's.
PROMPT, NEGATIVE, VIEW, STYLE, LANGUAGE = (
    "SDZH prompt", "SDZH negative", "SDZH reading", "SDZH style", "SDZH language",
)  # fmt: skip
AUTOMATIC = "auto"
LANGUAGES = (AUTOMATIC, "zh", "en")
VIEWS = ("直绘", "意象", "意境")
_COMMAS = re.compile(r"[,，]\s*")


@dataclass(frozen=True)
class Wish:
    """How the prompts of a request are to be expanded.

    Attributes:
        language: ``zh``, ``en``, or ``auto`` for what the model that paints reads.
        style: a style's name; empty leaves it to the prompt.
    """

    on: bool = False
    view: str = VIEWS[0]
    style: str = ""
    language: str = AUTOMATIC


@dataclass(frozen=True)
class Expanded:
    """The prompts to encode, and what the picture's parameters say of them."""

    prompts: list[str]
    negatives: list[str]
    parameters: dict[str, Any]


def expand_generation(
    prompts: Sequence[str],
    negatives: Sequence[str],
    wish: Wish,
    expander: Expander,
    reads: Callable[[], str],
) -> Expanded:
    """Expand every prompt of a request; the same wish gives the same prompts again.

    Args:
        prompts, negatives: of each picture, in equal number.
        reads: the language of the model that paints, asked where the wish leaves it open.

    Raises:
        SdzhError: the wish names a style or a reading that does not exist.
    """
    language = reads() if wish.language == AUTOMATIC else wish.language
    options = read_options(view=wish.view, style=wish.style or None)
    found: dict[str, Expansion] = {text: expander.expand(text, options) for text in dict.fromkeys(prompts)}

    def said(name: str, text: str) -> str:
        return str(getattr(found[text], f"{name}_{language}"))

    pairs = list(zip(prompts, negatives, strict=True))
    return Expanded(
        [said("prompt", prompt) for prompt in prompts],
        [with_words(negative, said("negative", prompt)) for prompt, negative in pairs],
        {
            PROMPT: prompts[0],
            **({NEGATIVE: negatives[0]} if negatives[0] else {}),
            VIEW: wish.view,
            LANGUAGE: language,
            **({STYLE: wish.style} if wish.style else {}),
        },
    )


def with_words(text: str, more: str) -> str:
    """``text`` and the words of ``more`` that it lacks; as typed where none is missing."""
    there = set(_COMMAS.split(text.strip()))
    missing = [word for word in _COMMAS.split(more) if word and word not in there]
    if not missing:
        return text
    comma = "，" if "，" in more else ", "
    return comma.join([*([text.rstrip(",， ")] if text.strip() else []), *missing])


def restore_parameters(parameters: dict[str, Any], *, original: bool) -> None:
    """Before a picture's parameters are pasted: put the user's own prompts back, or forget that there were any."""
    if PROMPT not in parameters:
        return
    own = {name: parameters.get(name, "") for name in (PROMPT, NEGATIVE)}
    if original:
        parameters["Prompt"], parameters["Negative prompt"] = own[PROMPT], own[NEGATIVE]
        return
    for name in (PROMPT, NEGATIVE, VIEW, STYLE, LANGUAGE):
        parameters.pop(name, None)


def wish_of(values: Sequence[Any]) -> Wish:
    """From the script's controls in their order, or one mapping (``alwayson_scripts``)."""
    if len(values) and isinstance(values[0], dict):
        named = {name: value for name, value in values[0].items() if name in Wish.__dataclass_fields__}
        return Wish(**{**named, "on": bool(named.get("on", True))})
    on, view, style, language = (*values, *(False, VIEWS[0], "", AUTOMATIC)[len(values) :])[:4]
    return Wish(bool(on), view or VIEWS[0], style or "", language or AUTOMATIC)
