"""Every colour that words are written in can be read on what lies behind it: 4.5 : 1 (WCAG 2, level AA)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sd_chinese.ui.paper_theme import COLOURS, NIGHT, SHAPES

CSS = (Path(__file__).parents[2] / "style.css").read_text(encoding="utf-8")
WORDS = ("ink", "cinnabar", "celadon", "indigo", "gold", "quiet")
#: What a page may lie on: the standalone page's sheet, and the grounds of the hosts' own themes (gradio 3 and 4).
GROUNDS = {".sdzh": ("#fdfbf6", "#ffffff", "#f9fafb"), ".dark .sdzh": ("#1a1917", "#0b0f19", "#1f2937")}
#: Our own sheets, and what is written on them.
SHEETS = {"paper": ("ink", "quiet"), "fresh": ("ink",)}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def accents(selector: str) -> dict[str, str]:
    block = re.search(rf"^{re.escape(selector)} {{(.*?)}}", CSS, re.DOTALL | re.MULTILINE)
    assert block
    return dict(re.findall(r"--sdzh-(\w+): (#\w{6});", block[1]))


def test_the_judge_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("selector", GROUNDS)
def test_accents_can_be_read(selector: str) -> None:
    colours = accents(selector)
    pairs = [(word, ground) for word in WORDS for ground in GROUNDS[selector]]
    pairs += [(word, colours[sheet]) for sheet, words in SHEETS.items() for word in words]
    on_primary = "#ffffff" if selector == ".sdzh" else "#14201b"
    found = {pair: contrast(colours[pair[0]], pair[1]) for pair in pairs}
    found["primary", on_primary] = contrast(colours["celadon"], on_primary)
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("night", [False, True])
def test_the_standalone_page_can_be_read(night: bool) -> None:
    colours = {name: pair[night] for name, pair in COLOURS.items()}
    sheet, box = colours["body_background_fill"], colours["input_background_fill"]
    words = [name for name in COLOURS if "text_color" in name and "button" not in name]
    pairs = {name: (colours[name], sheet) for name in words}
    pairs |= {"typed": (colours["body_text_color"], box), "hint": (colours["input_placeholder_color"], box)}
    for kind in ("primary", "secondary"):
        ground = colours[f"button_{kind}_background_fill"]
        pairs[kind] = (colours[f"button_{kind}_text_color"], sheet if ground == "transparent" else ground)
    pairs["primary under the pointer"] = (
        colours["button_primary_text_color_hover"],
        colours["button_primary_background_fill_hover"],
    )
    pairs["chosen tab"] = (NIGHT["color_accent"] if night else SHAPES["color_accent"], sheet)
    assert {name: pair for name, pair in pairs.items() if contrast(*pair) < 4.5} == {}
