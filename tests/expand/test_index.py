"""The index file: built, found again, mistrusted."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sd_chinese.expand import index, patterns, signatures, store
from sd_chinese.expand.expander import Expander
from sd_chinese.expand.hantext import code_points

SAMPLE = Path(__file__).parent / "lexicon_sample"


def open_sample(cache: Path | None) -> Expander:
    from sd_chinese.expand.expander import sources

    return Expander(index.open_index(sources(SAMPLE, None, None), cache))


def files(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.idx"))


def test_it_is_built_once(tmp_path: Path) -> None:
    open_sample(tmp_path)
    (path,) = files(tmp_path)
    before = path.stat().st_mtime_ns
    assert open_sample(tmp_path).index.find("守株待兔") >= 0
    assert files(tmp_path) == [path]
    assert path.stat().st_mtime_ns == before
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "header"])
def test_a_corrupt_file_is_built_again(tmp_path: Path, damage: str) -> None:
    open_sample(tmp_path)
    (path,) = files(tmp_path)
    good = path.read_bytes()
    middle = len(good) // 2
    bad = {
        "cut": good[:middle],
        "flipped": good[:middle] + bytes([good[middle] ^ 255]) + good[middle + 1 :],
        "empty": b"",
        "foreign": b"PK\3\4" + good[4:],
        "header": good[:20] + b"\xff" * 40 + good[60:],
    }[damage]
    path.write_bytes(bad)
    assert open_sample(tmp_path).expand("守株待兔").parts
    assert files(tmp_path)[0].read_bytes() == good


def test_changed_data_makes_a_new_index(tmp_path: Path) -> None:
    own = tmp_path / "lexicon" / "idioms"
    own.mkdir(parents=True)
    (own / "own.txt").write_text("[甲乙丙丁]\nsubject: 红花 / a red flower\n", encoding="utf-8")
    source = [patterns.Source(own / "own.txt", "idiom")]
    first = index.open_index(source, tmp_path)
    (own / "own.txt").write_text("[戊己庚辛]\nsubject: 红花 / a red flower\n", encoding="utf-8")
    os.utime(own / "own.txt", ns=(1, 1))
    second = index.open_index(source, tmp_path)
    assert first.find("甲乙丙丁") >= 0 and second.find("甲乙丙丁") < 0 and second.find("戊己庚辛") >= 0


def test_old_indexes_go(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"expand-{number}.idx").write_bytes(b"old")
    open_sample(tmp_path)
    assert len(files(tmp_path)) == index.KEPT


def test_without_a_place_to_write_it_lives_in_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be", encoding="utf-8")
    assert open_sample(blocked / "cache").expand("守株待兔").parts
    assert open_sample(None).expand("守株待兔").parts


def test_a_broken_entry_is_named_and_the_rest_is_found(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text(
        "[甲乙丙丁]\nsubject 没有冒号\n\n[戊己庚辛]\nsubject: 红花 / a red flower\n", encoding="utf-8"
    )
    opened = index.open_index([patterns.Source(own, "idiom")], tmp_path)
    assert [fault.line for fault in opened.faults] == [2, 1]
    assert opened.find("戊己庚辛") >= 0 and opened.find("甲乙丙丁") < 0


def test_the_users_entry_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own" / "idioms"
    own.mkdir(parents=True)
    (own / "a.txt").write_text("[守株待兔]\nsubject: 红花 / a red flower\n", encoding="utf-8")
    mine = Expander.open(data=SAMPLE, user=tmp_path / "own", cache=tmp_path)
    assert mine.expand("守株待兔").prompt_en == "a red flower"


def test_arrays_come_back_as_they_were() -> None:
    arrays = {"a": np.arange(7, dtype=np.uint16), "b": np.zeros(0, dtype=np.int32), "c": np.ones(5)}
    back, meta = store.unpack(store.pack(arrays, {"x": [1, "二"]}))
    assert meta == {"x": [1, "二"]}
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype


def hasher_of(text: str) -> signatures.Hasher:
    return signatures.Hasher(signatures.mix(code_points(text)))


def test_signatures_do_not_depend_on_the_place() -> None:
    """The same word has the same signatures wherever it stands, and other words have others."""
    word = "守株待兔"
    alone = hasher_of(word)
    within = hasher_of("一个农夫" * 300 + word + "的图画" * 700)
    zero, four = np.array([0]), np.array([4])
    assert alone.exact(zero, four) == within.exact(zero + 1200, four + 1200)
    assert alone.order(zero, four) == within.order(zero + 1200, four + 1200)
    np.testing.assert_array_equal(alone.masked(zero), within.masked(zero + 1200))
    turned = hasher_of("待兔守株")
    assert turned.order(zero, four) == alone.order(zero, four)
    assert turned.exact(zero, four) != alone.exact(zero, four)
    typo = hasher_of("守柱待兔").masked(zero)
    assert (typo == alone.masked(zero)).tolist() == [False, True, False, False]


def test_every_pattern_is_found_again(expander: Expander) -> None:
    built = expander.index
    step = max(1, built.counts["patterns"] // 2000)
    numbers = range(0, built.counts["patterns"], step)
    assert [built.find(built.word(number)) for number in numbers] == list(numbers)
