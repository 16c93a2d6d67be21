"""The slim accordion in txt2img and img2img: expand on Generate, how, in which style, by which encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sd_chinese import strings
from sd_chinese.workflows.expand_generation import (
    AUTOMATIC,
    LANGUAGE,
    PROMPT,
    STYLE,
    VIEW,
    VIEWS,
    Wish,
    wish_of,
)

#: As shown -> as meant.
LANGUAGES = {"自动 auto": AUTOMATIC, "中文": "zh", "English": "en"}
#: What a request carries from an axis of the X/Y/Z plot.
FROM_AXES = "sdzh_wish"

Fields = list[tuple[Any, Any]]


@dataclass
class ScriptPanel:
    """The controls and what they mean.

    Attributes:
        styles: names of styles to offer.
        encoders: values of the encoder's option to offer.
        expand: changes a request's prompts as a wish says.
        choose_encoder: lets a text encoder read one request.
        defaults: what the settings say of a wish that says nothing.
    """

    styles: Callable[[], Sequence[str]]
    encoders: Callable[[], Sequence[str]]
    expand: Callable[[Any, Wish], None]
    choose_encoder: Callable[[Any, str], None]
    defaults: Callable[[], Wish] = Wish

    def build(self, tab: str) -> tuple[list[Any], Fields]:
        """The controls, and how a pasted picture sets them: a key of its parameters, or a function of them."""
        import gradio as gr

        both, default = strings.both, self.defaults()
        shown = {meant: label for label, meant in LANGUAGES.items()}
        with gr.Accordion(both("script_title"), open=False, elem_id=f"sdzh_script_{tab}"):
            with gr.Row():
                on = gr.Checkbox(False, label=both("script_expand"), elem_id=f"sdzh_expand_{tab}")
                view = gr.Dropdown(list(VIEWS), value=default.view, label=both("script_view"))
                language = gr.Dropdown(
                    list(LANGUAGES), value=shown[default.language], label=both("script_language")
                )
            with gr.Row():
                style = gr.Dropdown(["", *self._styles], value=default.style, label=both("label_style"))
                encoder = gr.Dropdown(["", *self._encoders], value="", label=both("script_encoder"))
        for control in (view, language, style):
            control.do_not_save_to_config = True  # their defaults are the settings', not of ui-config.json
        fields: Fields = [
            (on, lambda parameters: PROMPT in parameters),
            (view, VIEW),
            (language, lambda parameters: shown.get(parameters.get(LANGUAGE, ""))),
            (style, lambda parameters: parameters.get(STYLE, "") if PROMPT in parameters else None),
        ]
        return [on, view, style, language, encoder], fields

    def before_process(self, p: Any, *values: Any) -> None:
        encoder = (values[0].get("encoder") if values and isinstance(values[0], dict) else values[4:5]) or ""
        name = encoder if isinstance(encoder, str) else encoder[0]
        if name:
            self.choose_encoder(p, name)

    def process(self, p: Any, *values: Any) -> None:
        said = [LANGUAGES.get(value, value) if isinstance(value, str) else value for value in values]
        wish = replace(wish_of(said[:4], self.defaults()), **getattr(p, FROM_AXES, {}))
        if wish.on:
            self.expand(p, wish)

    @cached_property
    def _styles(self) -> Sequence[str]:
        return self.styles()

    @cached_property
    def _encoders(self) -> Sequence[str]:
        return self.encoders()
