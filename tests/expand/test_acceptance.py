"""The measure of an expansion, on the phrases of acceptance.tsv.

A row: phrase, required groups, forbidden words, separated by tabs; groups by ``;``, alternatives by ``|``. A group is
met in ``prompt_zh``, from which the phrase itself is removed, by a Chinese alternative, and in ``prompt_en`` by an
English one at the start of a word; a group without alternatives in a language is not asked for in it. Neither may
contain a forbidden word. ``SDZH_ACCEPTANCE`` names another table of that form.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sd_chinese.expand.expander import Expander

TABLE = Path(os.environ.get("SDZH_ACCEPTANCE") or Path(__file__).with_name("acceptance.tsv"))
_HAN = re.compile("[\u3400-\u9fff]")


def rows() -> list[tuple[str, str, str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    fields = (([*line.split("\t"), "", ""])[:3] for line in lines if line and not line.startswith("#"))
    return [(phrase, groups, forbidden) for phrase, groups, forbidden in fields]


def starts_a_word(word: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(word.lower())}", text) is not None


def faults(phrase: str, groups: str, forbidden: str, zh: str, en: str) -> Iterator[str]:
    zh, en = zh.lower(), en.lower()
    rest = zh.replace(phrase.lower(), "")
    for group in filter(None, groups.split(";")):
        chinese = [word for word in group.split("|") if _HAN.search(word)]
        english = [word for word in group.split("|") if word and not _HAN.search(word)]
        if chinese and not any(word in rest for word in chinese):
            yield f"Chinese lacks {'|'.join(chinese)}"
        if english and not any(starts_a_word(word, en) for word in english):
            yield f"English lacks {'|'.join(english)}"
    for word in filter(None, forbidden.split("|")):
        if word in zh if _HAN.search(word) else starts_a_word(word, en):
            yield f"shows {word}"


@pytest.mark.parametrize(("phrase", "groups", "forbidden"), rows(), ids=lambda value: None)
def test_phrase(expander: Expander, phrase: str, groups: str, forbidden: str) -> None:
    result = expander.expand(phrase)
    found = list(faults(phrase, groups, forbidden, result.prompt_zh, result.prompt_en))
    assert not found, f"{phrase}: {found}\n{result.prompt_zh}\n{result.prompt_en}"


def test_the_table_is_large_enough() -> None:
    assert len(rows()) >= 150


def test_the_measure_can_fail() -> None:
    assert list(faults("断桥", "桥|bridge", "", "断桥", "bridge")) == ["Chinese lacks 桥"]
    assert list(faults("断桥", "桥|bridge", "", "一座桥", "abridged")) == ["English lacks bridge"]
    assert list(faults("肺片", "", "丈夫|couple", "丈夫", "a couple")) == ["shows 丈夫", "shows couple"]
