"""Our tabs as gradio sees them: each is one empty place, filled by the script from `/sdzh/v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_chinese.ui.gradio_compat import known
from sd_chinese.ui.shell import TABS, Shell, page_html
from sd_chinese.ui.translations import BROWSERS, words_of

if TYPE_CHECKING:
    import gradio


def host_tabs(shell: Shell) -> list[tuple[gradio.HTML, str, str]]:
    """The tabs for a WebUI's `on_ui_tabs`: (page, title, id).

    The host renders a page into its own; as a `gradio.Blocks` each would become an app first.
    """
    return [
        (fill_tab(tab, shell, render=False), words_of(title)[BROWSERS.get(shell.language, 0)], tab)
        for tab, title in TABS.items()
    ]


def fill_tab(tab: str, shell: Shell, *, render: bool = True) -> gradio.HTML:
    """Put a tab's place into the page that is being built; with ``render`` off, wait to be put there."""
    import gradio as gr

    looks = known(gr.HTML, apply_default_css=False, padding=False)
    return gr.HTML(page_html(tab, shell), render=render, **looks)
