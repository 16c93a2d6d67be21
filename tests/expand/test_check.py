"""The checker finds each kind of fault, and names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_chinese.expand import check

IDIOM = {
    "says": "甲 / a",
    "means": "乙 / b",
    "subject": "农夫 / a farmer",
    "setting": "田野 / a field",
}


def idiom(**changed: str | None) -> str:
    fields = {**IDIOM, **changed}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\n".join(["[守株待兔]", *lines]) + "\n"


def test_a_good_entry_has_no_fault() -> None:
    assert check.check_text(idiom(), "f.txt", "idiom") == []


@pytest.mark.parametrize(
    ("text", "kind", "line", "message"),
    [
        (idiom(says=None), "idiom", 1, "'says' is missing"),
        (idiom(subject=None, setting=None), "idiom", 1, "no scene"),
        (idiom(subject=None), "idiom", 1, "'subject' is missing"),
        (idiom(setting=None), "idiom", 1, "'setting' is missing"),
        (idiom(means="好 / 好 good"), "idiom", 3, "Chinese '好' in the English"),
        (idiom(means="good 好 / good"), "idiom", 3, "Latin 'g' in the Chinese"),
        (idiom(means="，， / good"), "idiom", 3, "no Chinese"),
        (idiom(trap="农夫 / ants"), "idiom", 6, "trap '农夫' stands in its own scene"),
        (idiom(trap="蚂蚁 / farm"), "idiom", 6, "trap 'farm' stands in its own scene"),
        (idiom(sort="菜 "), "term", 6, "sort '菜'"),
        ("[abc]\nsubject: 甲 / a\nsetting: 乙 / b\n", "image", 1, "headword 'abc'"),
        (idiom(), "verse", 1, "'= title · author · dynasty'"),
        ("[水墨]\nmeans: 甲 / a\n", "style", 1, "'style' is missing"),
    ],
)
def test_faults(text: str, kind: str, line: int, message: str) -> None:
    faults = check.check_text(text, "f.txt", kind)
    assert any(fault.line == line and message in fault.message for fault in faults), faults


def test_an_english_trap_counts_at_word_starts_only() -> None:
    assert not check.check_text(idiom(trap="蚂蚁 / armer"), "f.txt", "idiom")


def test_duplicates_are_found_across_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one.txt", "two.txt"):
        path = tmp_path / "idioms" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(idiom(), encoding="utf-8")
    assert check.main([str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "two.txt:1: [守株待兔] stands already at" in out
    assert "idiom 2" in out


def test_a_file_that_is_no_utf8_is_a_fault_but_still_read(tmp_path: Path) -> None:
    path = tmp_path / "idioms" / "gb.txt"
    path.parent.mkdir()
    path.write_bytes(idiom().encode("gb18030"))
    faults, _, counts = check.check_files(check.files_under([path]))
    assert "is not UTF-8" in str(faults[0])
    assert counts == {"idiom": 1}
