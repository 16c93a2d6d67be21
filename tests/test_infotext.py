"""Infotext against examples in the form that A1111 1.10.1 writes."""

from __future__ import annotations

import pytest

from sd_chinese.infotext import Infotext, parse_infotext

A1111_TEXT = (
    "月夜，一叶小舟\n远山\n"
    "Negative prompt: 水印，文字\n"
    "Steps: 20, Sampler: Euler a, Schedule type: Automatic, CFG scale: 7, Seed: 42, Size: 512x768, "
    'Model: 太乙, Lora hashes: "水墨: 1a2b, 工笔: 3c4d", Version: v1.10.1'
)


def test_reads_what_a1111_writes() -> None:
    info = parse_infotext(A1111_TEXT)
    assert info.prompt == "月夜，一叶小舟\n远山"
    assert info.negative == "水印，文字"
    assert info.settings["Sampler"] == "Euler a"
    assert info.settings["Model"] == "太乙"
    assert info.settings["Lora hashes"] == "水墨: 1a2b, 工笔: 3c4d"


def test_writes_what_it_read() -> None:
    assert str(parse_infotext(A1111_TEXT)) == A1111_TEXT


@pytest.mark.parametrize("prompt", ["", "一句话", "a: b, c: d", 'quote " and, comma', "多行\n提示词"])
def test_prompt_survives(prompt: str) -> None:
    settings = {"Steps": "8", "Sampler": "DDIM", "Seed": "1", "Odd": 'a, "b": c'}
    assert parse_infotext(str(Infotext(prompt, "", settings))) == Infotext(prompt, "", settings)


def test_text_without_settings_is_prompt() -> None:
    assert parse_infotext("春江花月夜").prompt == "春江花月夜"
