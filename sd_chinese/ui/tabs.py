"""Our tabs as gradio sees them: each is one empty place, filled by the script from `/sdzh/v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_chinese import strings
from sd_chinese.ui.gradio_compat import blocks
from sd_chinese.ui.shell import TABS, page_html

if TYPE_CHECKING:
    import gradio


def host_tabs(page_token: str, language: str = "") -> list[tuple[gradio.Blocks, str, str]]:
    """The tabs for a WebUI's `on_ui_tabs`: (page, title, id)."""
    found = []
    for tab, title in TABS.items():
        with blocks() as page:
            fill_tab(tab, page_token, language)
        found.append((page, strings.text(title)[language == "en"], tab))
    return found


def fill_tab(tab: str, page_token: str, language: str = "") -> None:
    """Put a tab's place into the page that is being built."""
    import gradio as gr

    gr.HTML(page_html(tab, page_token, language))
