"""The strings table: every text exists in both languages, with the same fields, and every key in the code is there."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from sd_chinese import strings
from sd_chinese.errors import SdzhError

PACKAGE = Path(strings.__file__).parents[1]
HAN = re.compile(r"[\u4e00-\u9fff]")
LOOKUPS = {"SdzhError", "SourceError", "both", "text"}


def fields(template: str) -> set[str]:
    """Without the language that is taken of a text in both, as in ``{reasons.zh}``."""
    names = (name for _, name, _, _ in string.Formatter().parse(template) if name)
    return {name.removesuffix(".zh").removesuffix(".en") for name in names}


def keys_in_code() -> Iterator[tuple[str, str]]:
    """Literal first arguments of `SdzhError(...)`, `strings.both(...)` and `strings.text(...)`."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func).removeprefix("strings.")
            first = node.args[0]
            if name in LOOKUPS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("key", strings.TEXTS)
def test_text_stands_in_both_languages(key: str) -> None:
    zh, en = strings.TEXTS[key]
    assert HAN.search(zh)
    assert not HAN.search(re.sub(r"[「『].*?[」』]", "", en))
    assert fields(zh) == fields(en)
    assert not {"!", "！"} & set(zh + en)


def test_every_key_in_the_code_exists() -> None:
    missing = [f"{key} ({where})" for key, where in keys_in_code() if key not in strings.TEXTS]
    assert missing == []


def test_error_carries_both_languages() -> None:
    error = SdzhError("sampler_unknown", name="欧拉", near="Euler", names="Euler, DDIM")
    assert (error.code, error.values["near"]) == ("sampler_unknown", "Euler")
    assert "欧拉" in error.zh
    assert "欧拉" in error.en
    assert str(error) == f"{error.zh}\n{error.en}"


def test_no_key_stands_in_two_parts() -> None:
    parts = (path for path in Path(strings.__file__).parent.glob("*.py") if path.stem != "__init__")
    keys = [key for path in parts for key in import_module(f"sd_chinese.strings.{path.stem}").TEXTS]
    assert sorted(keys) == sorted(strings.TEXTS)
