"""Our page of the host's settings, a line for each option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sd_chinese.workflows.expand_generation import AVOID, VIEWS, Wish
from sd_chinese.workflows.expand_generation import LANGUAGES as READERS
from sd_chinese.workflows.list_styles import style_names

LANGUAGES = ("auto", "zh", "zh-TW", "en")


@dataclass(frozen=True)
class SettingRow:
    """An option: its key, its default, the keys of its texts, and what may be chosen (None: a box or a check mark).

    ``infotext``: the key under which a picture remembers it, so that paste brings it back.
    """

    key: str
    default: Any
    label: str
    comment: str
    choices: Callable[[], Sequence[str]] | None = None
    infotext: str | None = None


#: Read by the script in the browser.
COMPLETION, LANGUAGE = "sdzh_completion", "sdzh_language"
PASTE_ORIGINAL = "sdzh_paste_original"
SOURCES, PROXY = "sdzh_sources", "sdzh_proxy"

#: How a prompt is expanded where nothing else is said: a field of `Wish` -> its option.
EXPANSION = {
    "view": SettingRow("sdzh_view", VIEWS[0], "setting_view", "setting_view_info", lambda: VIEWS),
    "style": SettingRow(
        "sdzh_style", "", "setting_style", "setting_style_info", lambda: ("", *style_names())
    ),
    "language": SettingRow("sdzh_into", READERS[0], "setting_into", "setting_into_info", lambda: READERS),
    "avoid": SettingRow("sdzh_avoid", True, "setting_avoid", "setting_avoid_info", infotext=AVOID),
}

SETTINGS = (
    *EXPANSION.values(),
    SettingRow(PASTE_ORIGINAL, True, "setting_paste_original", "setting_paste_original_info"),
    SettingRow(COMPLETION, True, "setting_completion", "setting_completion_info"),
    SettingRow(LANGUAGE, "auto", "setting_language", "setting_language_info", lambda: LANGUAGES),
    SettingRow(SOURCES, "", "setting_sources", "setting_sources_info"),
    SettingRow(PROXY, "", "setting_proxy", "setting_proxy_info"),
)


def default_wish(option: Callable[[str, Any], Any]) -> Wish:
    """What the settings say of an expansion; what is none of a menu's choices is passed over.

    Args:
        option: (key, default) -> the option's value.
    """
    said = {name: (row, option(row.key, row.default)) for name, row in EXPANSION.items()}
    return Wish(
        **{
            name: row.default if row.choices and value not in row.choices() else value
            for name, (row, value) in said.items()
        }
    )
