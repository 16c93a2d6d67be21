"""Our words in the scripts that a browser may ask for: simplified, traditional, English."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from sd_chinese import strings
from sd_chinese.project import PROJECT

if TYPE_CHECKING:
    import gradio

TRADITIONAL = PROJECT / "localizations" / "zh_TW.json"
#: A language of gradio's -> where its word stands in `words_of`.
BROWSERS = {"zh-CN": 0, "zh-TW": 2, "en": 1}
#: gradio takes every other Chinese (zh, zh-HK, zh-Hans ...) for English: it is told the nearest before it starts.
NEAREST = """<script>
(({ language: spoken }) => {
  if (/^zh/i.test(spoken) && !/^zh-(cn|tw)$/i.test(spoken))
    Object.defineProperty(navigator, "language", { value: /hk|mo|hant/i.test(spoken) ? "zh-TW" : "zh-CN" });
})(navigator);
</script>"""
#: Keys of the standalone page's own labels begin with one of these.
_LABELS = ("label_", "button_", "tab_", "placeholder_", "page_title")


def words_of(key: str) -> tuple[str, str, str]:
    """A text in simplified Chinese, English and traditional Chinese."""
    chinese, english = strings.TEXTS[key]
    return chinese, english, _traditional().get(chinese, chinese)


def label(key: str) -> gradio.i18n.I18nData:
    """A label of the standalone page, which the browser fills in."""
    return translations()(key)


@lru_cache(maxsize=1)
def translations() -> gradio.I18n:
    """Every label of the standalone page in every language."""
    import gradio as gr

    keys = [key for key in strings.TEXTS if key.startswith(_LABELS)]
    words = {key: words_of(key) for key in keys}
    return gr.I18n(**{name: {key: words[key][at] for key in keys} for name, at in BROWSERS.items()})


@lru_cache(maxsize=1)
def _traditional() -> dict[str, str]:
    """The table that a host with a localization gets, too."""
    found: dict[str, str] = json.loads(TRADITIONAL.read_text(encoding="utf-8"))
    return found
