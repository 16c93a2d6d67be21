"""The words that go into the browser, and their translations for hosts that have a localization."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sd_chinese import strings
from sd_chinese.ui.settings import SETTINGS
from sd_chinese.ui.shell import TABS, Shell, page_html, page_texts
from sd_chinese.ui.translations import BROWSERS, translations, words_of

ROOT = Path(__file__).parents[2]
SCRIPT = (ROOT / "javascript/sd_chinese.js").read_text(encoding="utf-8")
#: Characters of these texts that only simplified writing has.
SIMPLIFIED = re.compile("[图词选读种发码设择绘统为与这还没说转换载开关记录语诗库标画样数宽张]")
#: Labels that the standalone page asks for.
STANDALONE = re.findall(
    r"\"((?:label|button|tab|placeholder)_\w+|page_title)\"",
    (ROOT / "sd_chinese/ui/standalone_page.py").read_text(encoding="utf-8"),
)


def labels() -> list[str]:
    rows = [("/".join(strings.text(row.label)), "/".join(strings.text(row.comment))) for row in SETTINGS]
    script = [strings.both(key) for key in strings.TEXTS if key.startswith("script_") or key == "label_style"]
    return [*script, *(text for row in rows for text in row)]


@pytest.mark.parametrize("language", ["zh_CN", "zh_TW"])
def test_every_bilingual_label_has_one_language(language: str) -> None:
    table = json.loads((ROOT / f"localizations/{language}.json").read_text(encoding="utf-8"))
    assert [label for label in labels() if label not in table] == []


def test_every_text_has_its_traditional_form() -> None:
    table = json.loads((ROOT / "localizations/zh_TW.json").read_text(encoding="utf-8"))
    labels = [words_of(key) for key in (*STANDALONE, *TABS.values())]
    shown = [traditional for _, _, traditional in (*page_texts().values(), *labels)]
    assert len(shown) > 100
    assert [text for text in (*shown, *table.values()) if SIMPLIFIED.search(text)] == []


def test_a_template_keeps_its_fields() -> None:
    fields = {key: [set(re.findall(r"{\w+}", text)) for text in texts] for key, texts in page_texts().items()}
    assert [key for key, (simplified, *others) in fields.items() if others != [simplified] * 2] == []


def test_the_standalone_page_has_its_labels_in_every_language() -> None:
    gradio = pytest.importorskip("gradio")
    if not hasattr(gradio, "I18n"):
        pytest.skip("the standalone page runs under the newest gradio")
    found = translations().translations
    assert set(found) == set(BROWSERS)
    assert [found[name]["label_sampler"] for name in ("zh-CN", "zh-TW", "en")] == [
        "采样器",
        "取樣器",
        "Sampler",
    ]
    assert set(STANDALONE) <= set(found["en"])


def test_the_script_says_only_what_the_page_brings() -> None:
    """Keys that the script builds (`kind_${…}`) begin with what some text begins with."""
    texts = page_texts()
    said = re.findall(r"(?:\bt|button)\(\s*\"(\w+)\"", SCRIPT)
    built = re.findall(r"\bt\(`(\w+_)\$", SCRIPT)
    assert len(said) > 30 and len(built) > 5
    assert [key for key in said if key not in texts] == []
    assert [start for start in built if not any(key.startswith(start) for key in texts)] == []


def test_the_script_is_small_and_writes_no_markup() -> None:
    assert len(SCRIPT.encode("utf-8")) < 40_000
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|https?://", SCRIPT)


def test_a_key_cannot_leave_its_attribute() -> None:
    page = page_html("sdzh_prompt", Shell('"><script>alert(1)</script>'))
    assert "<script>" not in page
    assert page.count('"') == 6
