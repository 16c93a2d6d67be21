"""Vocabulary files of every kind, whole and broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.vocabulary import (
    bundled_vocabulary,
    find_vocabulary,
    parse_vocabulary,
    read_vocabulary,
    vocabulary_kind,
)

MERGES = b"#version: 0.2\na b\nab c</w>\n"


def test_bundled_vocabulary_is_berts() -> None:
    vocabulary = bundled_vocabulary()
    assert len(vocabulary.words) == 21128
    ids = vocabulary.ids()
    assert [ids[word] for word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")] == [0, 100, 101, 102, 103]


def test_ids_of_clip_follow_from_its_merges() -> None:
    vocabulary = parse_vocabulary(MERGES, "clip_bpe", "test")
    assert len(vocabulary.words) == 512 + 2 + 2
    assert vocabulary.words[0] == "!"
    assert vocabulary.words[256] == "!</w>"
    assert vocabulary.words[512:] == ("ab", "abc</w>", "<|startoftext|>", "<|endoftext|>")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("vocab.txt", "wordpiece"), ("merges.txt", "clip_bpe"), ("sentencepiece.bpe.model", "sentencepiece")],
)
def test_kind_is_told_by_the_file(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    found = find_vocabulary(tmp_path)
    assert found and vocabulary_kind(found) == kind


def test_publishers_file_comes_before_the_librarys(tmp_path: Path) -> None:
    for name in ("tokenizer.json", "vocab.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert find_vocabulary(tmp_path) == tmp_path / "vocab.txt"
    assert find_vocabulary(tmp_path, "model") is None


def test_tokenizer_json_gives_the_same_words(tmp_path: Path) -> None:
    wordpiece = {"model": {"type": "WordPiece", "vocab": {"山": 1, "[UNK]": 0, "水": 2}}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(wordpiece), encoding="utf-8")
    assert read_vocabulary(tmp_path / "tokenizer.json").words == ("[UNK]", "山", "水")

    bpe = {"model": {"type": "BPE", "vocab": {}, "merges": [["a", "b"], "ab c</w>"]}}
    words = parse_vocabulary(json.dumps(bpe).encode(), "clip_bpe", "test").words
    assert words == parse_vocabulary(MERGES, "clip_bpe", "test").words


def test_windows_line_ends() -> None:
    assert parse_vocabulary("[UNK]\r\n山\r\n".encode(), "wordpiece", "test").words == ("[UNK]", "山")


@pytest.mark.parametrize("kind", ["wordpiece", "clip_bpe", "sentencepiece"])
@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"{", b'{"model": 1}', b"<html>\n<body>\n</body>", b"\x0a\xff"]
)
def test_broken_files_are_refused(kind: str, data: bytes) -> None:
    with pytest.raises(SdzhError) as caught:
        parse_vocabulary(data, kind, "broken.file")
    assert caught.value.code == "vocabulary_unreadable"
    assert "broken.file" in caught.value.zh


def test_empty_wordpiece_and_sentencepiece_are_refused() -> None:
    for kind in ("wordpiece", "sentencepiece"):
        with pytest.raises(SdzhError):
            parse_vocabulary(b"", kind, "empty")
