"""The development tool that adds readings."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_chinese.expand import lexicon


def test_readings_are_added_once(tmp_path: Path) -> None:
    pytest.importorskip("pypinyin")
    from sd_chinese.expand.bake import add_readings

    path = tmp_path / "own.txt"
    text = (
        "# 注\n[银行大楼]\nalso: 行楼\nsubject: 白鹭 / egrets\n\n"
        "[重庆]\nread: chóng qìng\nsubject: 山城 / a city\n"
    )
    path.write_text(text, encoding="utf-8")
    assert add_readings(path) == 1
    entries, faults = lexicon.load_file(path, "idiom")
    assert not faults
    assert [entry.read for entry in entries] == ["yín háng dà lóu", "chóng qìng"]
    assert add_readings(path) == 0
