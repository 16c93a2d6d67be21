"""Our page of the host's settings, a line for each option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

LANGUAGES = ("auto", "zh", "en")


@dataclass(frozen=True)
class SettingRow:
    """An option: its key, its default, the keys of its texts, and what may be chosen (None: a box or a check mark)."""

    key: str
    default: Any
    label: str
    comment: str
    choices: Callable[[], Sequence[str]] | None = None


#: Read by the script in the browser.
COMPLETION, LANGUAGE = "sdzh_completion", "sdzh_language"
PASTE_ORIGINAL = "sdzh_paste_original"
SOURCES, PROXY = "sdzh_sources", "sdzh_proxy"

SETTINGS = (
    SettingRow(PASTE_ORIGINAL, True, "setting_paste_original", "setting_paste_original_info"),
    SettingRow(COMPLETION, True, "setting_completion", "setting_completion_info"),
    SettingRow(LANGUAGE, "auto", "setting_language", "setting_language_info", lambda: LANGUAGES),
    SettingRow(SOURCES, "", "setting_sources", "setting_sources_info"),
    SettingRow(PROXY, "", "setting_proxy", "setting_proxy_info"),
)
