"""The one table of texts that users read: key -> (Chinese, English).

Errors, the command line and the pages all look their words up here, so that a sentence is written once
and both languages stand side by side. ``{name}`` fields are filled by ``str.format``.
"""

from __future__ import annotations

from sd_chinese.strings import encoders, library, pages, reading, standalone, webui

TEXTS: dict[str, tuple[str, str]] = {
    key: pair
    for part in (encoders, reading, standalone, library, webui, pages)
    for key, pair in part.TEXTS.items()
}


def text(key: str, /, **values: object) -> tuple[str, str]:
    """Return the (Chinese, English) pair of ``key`` with its fields filled.

    Raises:
        KeyError: the key is not in the table (a programming error, caught by the tests).
    """
    zh, en = TEXTS[key]
    return zh.format(**values), en.format(**values)


def both(key: str, /, **values: object) -> str:
    """Chinese first, English second, joined for a single line of output."""
    zh, en = text(key, **values)
    return f"{zh} / {en}"
