"""Everything that differs between the gradio versions of the hosts (3.41, 4.40) and of the standalone page (newest)."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.project import PROJECT

if TYPE_CHECKING:
    import gradio
    from fastapi import FastAPI

SCRIPT = PROJECT / "javascript" / "sd_chinese.js"
STYLE = PROJECT / "style.css"


def known(component: Any, **wanted: Any) -> dict[str, Any]:
    """The keywords that this gradio's ``component`` knows."""
    parameters = signature(component.__init__).parameters
    return {name: value for name, value in wanted.items() if name in parameters}


def copy_button(component: Any) -> dict[str, Any]:
    """The keyword for a copy button: ``buttons`` since gradio 6, ``show_copy_button`` before."""
    return known(component, buttons=["copy"]) or known(component, show_copy_button=True)


def mount(app: FastAPI, page: gradio.Blocks, **wanted: Any) -> FastAPI:
    """Put ``page`` at ``/`` with our script and style, which a WebUI loads by itself.

    gradio 6 takes them here, gradio 4 when the page is built, gradio 3 nowhere but in the template.
    """
    import gradio as gr

    head = page_head()
    parameters = signature(gr.mount_gradio_app).parameters
    if "head" in parameters:
        wanted["head"] = head
    elif hasattr(page, "head"):
        page.head = head + (page.head or "")
    else:
        put_into_template(head)
    mounted: FastAPI = gr.mount_gradio_app(app, page, path="/", **wanted)
    return mounted


def page_head(scripts: Sequence[Path] = (SCRIPT,), styles: Sequence[Path] = (STYLE,)) -> str:
    """Our files written out: nothing is loaded from anywhere."""
    parts = [f"<style>{path.read_text(encoding='utf-8')}</style>" for path in styles]
    parts += [
        f"<script>{path.read_text(encoding='utf-8').replace('</', chr(60) + chr(92) + '/')}</script>"
        for path in scripts
    ]
    return "\n".join(parts)


def put_into_template(head: str) -> None:
    """What must be there before gradio's own script; as the WebUI does (modules/ui_gradio_extensions.py)."""
    import gradio as gr

    original = gr.routes.templates.TemplateResponse

    def respond(*args: Any, **kwargs: Any) -> Any:
        response = original(*args, **kwargs)
        response.body = response.body.replace(b"</head>", f"{head}</head>".encode())
        response.init_headers()
        return response

    gr.routes.templates.TemplateResponse = respond
