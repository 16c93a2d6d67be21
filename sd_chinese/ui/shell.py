"""What a page brings into the browser: an empty place that the script fills, with its words and its key."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, dataclass

from sd_chinese import strings
from sd_chinese.ui.translations import words_of

#: The tabs in their order: id -> the key of its name. The script fills the element ``{id}_page``.
TABS = {"sdzh_prompt": "tab_prompt", "sdzh_models": "tab_models"}
#: Texts that the pages share with the command line go along with their own.
_SHARED = ("kind_", "how_", "stage_", "commercial_", "tab_")
_OWN = "ui_"


@dataclass(frozen=True)
class Shell:
    """What the script must know of the page that it runs in.

    Attributes:
        token: see `api.access.Access`.
        language: ``zh``, ``zh-TW`` or ``en``; empty leaves it to the browser.
        tabs: where a prompt can be sent to.
    """

    token: str
    language: str = ""
    tabs: tuple[str, ...] = ("txt2img", "img2img")


def page_html(tab: str, page: Shell) -> str:
    """The place of one tab."""
    shell = {**asdict(page), "texts": page_texts()}
    data = html.escape(json.dumps(shell, ensure_ascii=False))
    return f'<div class="sdzh sdzh-page" id="{tab}_page" data-shell="{data}"></div>'


def page_texts() -> dict[str, tuple[str, str, str]]:
    """Every text that the script says, by its key without `ui_`: simplified, English, traditional."""
    said = [key for key in strings.TEXTS if key.startswith((*_SHARED, _OWN))]
    return {key.removeprefix(_OWN): words_of(key) for key in said}
