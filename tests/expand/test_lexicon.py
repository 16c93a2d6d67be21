"""Reading lexicon files, good and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_chinese.expand import check, lexicon
from sd_chinese.expand.lexicon import DATA, KINDS, Pair, Poem

GOOD = """# a comment
[守株待兔]
also: 待兔守株、守株
says: 守着树桩等兔子 / guarding a stump
means: 靠运气 / hoping for luck
subject: 坐在树桩旁的农夫 / a farmer by a stump
setting: 荒田 / a weedy field
season: 秋、冬
trap: 老虎、狮子 / tigers, lions
scene: 意境
subject: 一只兔子 / a hare
"""


def read(text: str, kind: str = "idiom") -> tuple[list[lexicon.Entry], list[lexicon.Fault]]:
    blocks, faults = lexicon.split_blocks(text, "file.txt", kind)
    entries = []
    for block in blocks:
        entry, more = lexicon.parse_block(block)
        entries.append(entry)
        faults += more
    return entries, faults


def test_entry_is_read() -> None:
    (entry,), faults = read(GOOD)
    assert not faults
    assert entry.also == ("待兔守株", "守株")
    assert entry.means == Pair("靠运气", "hoping for luck")
    assert [picture.name for picture in entry.pictures] == ["", "意境"]
    assert entry.pictures[0].season == ("秋", "冬")
    assert entry.trap_zh == ("老虎", "狮子")
    assert entry.trap_en == ("tigers", "lions")


def test_poem_heads_hold_for_their_lines() -> None:
    entries, faults = read("= 长相思·其一 · 李白 · 唐\n[甲]\n\n[乙]\n\n= 春晓 · 孟浩然 · 唐\n[丙]\n", "verse")
    assert not faults
    assert [entry.poem for entry in entries] == [
        Poem("长相思·其一", "李白", "唐"),
        Poem("长相思·其一", "李白", "唐"),
        Poem("春晓", "孟浩然", "唐"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("says: 没有英文", "Chinese / English"),
        ("season: 秋x", "'season' knows only"),
        ("colour: 红 / red", "unknown field 'colour'"),
        ("nonsense", "not a 'field: value' line"),
        ("means:", "'means' is empty"),
        ("subject: 甲 / a\nsubject: 乙 / b", "given twice"),
    ],
)
def test_a_fault_names_its_line_and_the_rest_loads(line: str, message: str) -> None:
    entries, faults = read(f"[甲乙丙丁]\n{line}\nmood: 静 / quiet\n\n{GOOD}")
    assert [fault.line for fault in faults] == [2 + line.count("\n")]
    assert message in str(faults[0])
    assert entries[0].pictures[0].mood == Pair("静", "quiet")
    assert entries[1].headword == "守株待兔"


def test_text_outside_of_an_entry_is_a_fault() -> None:
    _, faults = read("says: 甲 / a\n= 只有题目\n")
    assert [fault.line for fault in faults] == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_of_either_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes(GOOD.encode(encoding))
    entries, faults = lexicon.load_file(path, "idiom")
    assert [entry.headword for entry in entries] == ["守株待兔"]
    assert not faults


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    entries, faults = lexicon.load_file(tmp_path / "none.txt", "idiom")
    assert not entries
    assert "none.txt" in str(faults[0])


def test_the_built_in_lexicon_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    faults, _, counts = check.check_files(lexicon.lexicon_files())
    with capsys.disabled():
        print("\nlexicon:", ", ".join(f"{kind} {count}" for kind, count in counts.items()))
    assert not [str(fault) for fault in faults]
    assert counts["style"] >= 120


def test_every_lexicon_file_lies_in_a_known_folder() -> None:
    read_files = {path for path, _ in lexicon.lexicon_files()}
    own_tables = set((DATA / "vocabulary").glob("*.txt"))
    assert set(DATA.rglob("*.txt")) - own_tables == read_files
    assert {path.parent.name for path in read_files} <= KINDS.keys()
