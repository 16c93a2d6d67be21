"""Our tabs as gradio sees them: each is one empty place, filled by the script from `/sdzh/v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_chinese.ui.gradio_compat import blocks, known
from sd_chinese.ui.shell import TABS, Shell, page_html
from sd_chinese.ui.translations import BROWSERS, words_of

if TYPE_CHECKING:
    import gradio


def host_tabs(shell: Shell) -> list[tuple[gradio.Blocks, str, str]]:
    """The tabs for a WebUI's `on_ui_tabs`: (page, title, id)."""
    found = []
    for tab, title in TABS.items():
        with blocks() as page:
            fill_tab(tab, shell)
        found.append((page, words_of(title)[BROWSERS.get(shell.language, 0)], tab))
    return found


def fill_tab(tab: str, shell: Shell) -> None:
    """Put a tab's place into the page that is being built."""
    import gradio as gr

    gr.HTML(page_html(tab, shell), **known(gr.HTML, apply_default_css=False, padding=False))
