"""Expand the prompts of a request on their way to the encoder; the user's own go into the picture's parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.workflows.expand_prompt import read_options

if TYPE_CHECKING:
    from sd_chinese.expand.expander import Expander, Expansion

#: What a picture remembers; the rest of its parameters is the host's.
PROMPT, NEGATIVE, VIEW, STYLE, LANGUAGE, AVOID = (
    "SDZH prompt", "SDZH negative", "SDZH reading", "SDZH style", "SDZH language", "SDZH avoid",
)  # fmt: skip
#: Of a hires pass that has prompts of its own: where the host keeps them -> the user's.
HIRES = {"Hires prompt": "SDZH hires prompt", "Hires negative prompt": "SDZH hires negative"}
#: Styles that the host found in the text: the user's own holds their words already.
_STYLES = "Styles array"
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
        avoid: the negative prompt gets what a literal reading would draw.
    """

    on: bool = False
    view: str = VIEWS[0]
    style: str = ""
    language: str = AUTOMATIC
    avoid: bool = True


Texts = tuple[Sequence[str], Sequence[str]]
"""Prompts and negative prompts, in equal number: one of each for every picture."""


@dataclass(frozen=True)
class Expanded:
    """The prompts to encode.

    Attributes:
        passes: of the first pass and, where there is one, of the hires pass.
        parameters: what each picture's parameters say of them.
    """

    passes: list[Texts]
    parameters: list[dict[str, Any]]


def expand_generation(
    passes: Sequence[Texts], wish: Wish, expander: Expander, reads: Callable[[], str]
) -> Expanded:
    """Expand every prompt of a request; the same wish gives the same prompts again.

    Args:
        passes: as typed, of the first pass and, where there is one, of the hires pass.
        reads: the language of the model that paints, asked where the wish leaves it open.

    Raises:
        SdzhError: the wish names a style, a reading or a language that does not exist.
    """
    if wish.language not in LANGUAGES:
        raise SdzhError("expand_option", name="language", value=wish.language, known=" ".join(LANGUAGES))
    language = reads() if wish.language == AUTOMATIC else wish.language
    options = read_options(view=wish.view, style=wish.style or None)
    typed = dict.fromkeys(text for prompts, _ in passes for text in prompts)
    found: dict[str, Expansion] = {text: expander.expand(text, options) for text in typed}

    def said(name: str, text: str) -> str:
        return str(getattr(found[text], f"{name}_{language}"))

    def expand(texts: Texts) -> Texts:
        pairs = zip(*texts, strict=True)
        return [said("prompt", text) for text in texts[0]], [
            with_words(negative, said("negative", prompt)) if wish.avoid else negative
            for prompt, negative in pairs
        ]

    common = {VIEW: wish.view, LANGUAGE: language, AVOID: str(wish.avoid)}
    common |= {STYLE: wish.style} if wish.style else {}
    return Expanded([expand(each) for each in passes], [{**own, **common} for own in _own_texts(passes)])


def _own_texts(passes: Sequence[Texts]) -> Iterator[dict[str, str]]:
    """The user's texts of each picture; of a hires pass only what is not the first pass's."""
    first, *hires = (list(zip(*texts, strict=True)) for texts in passes)
    for number, (prompt, negative) in enumerate(first):
        own = {NEGATIVE: negative}
        for pictures in hires:
            pairs = zip(HIRES.values(), pictures[number], (prompt, negative), strict=True)
            own |= {key: text for key, text, before in pairs if text != before}
        yield {PROMPT: prompt, **{key: text for key, text in own.items() if text}}


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
    if not original:
        for name in (PROMPT, NEGATIVE, VIEW, STYLE, LANGUAGE, AVOID, *HIRES.values()):
            parameters.pop(name, None)
        return
    for place, own in {"Prompt": PROMPT, "Negative prompt": NEGATIVE, **HIRES}.items():
        if place in parameters or own in parameters:
            parameters[place] = parameters.get(own, "")
    if _STYLES in parameters:
        parameters[_STYLES] = []


def wish_of(values: Sequence[Any], default: Wish = Wish()) -> Wish:
    """From the script's controls in their order, or one mapping (``alwayson_scripts``); ``default`` fills the rest."""
    if len(values) and isinstance(values[0], dict):
        named = {name: value for name, value in values[0].items() if name in Wish.__dataclass_fields__}
        return replace(default, **{**named, "on": bool(named.get("on", True))})
    given = dict(zip(("on", "view", "style", "language"), values, strict=False))
    return replace(default, **{name: value for name, value in given.items() if value is not None})
