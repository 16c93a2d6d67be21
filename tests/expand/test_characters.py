"""Which characters count as slips of each other."""

from __future__ import annotations

import pytest

from sd_chinese.expand.characters import similar
from sd_chinese.expand.wordset import is_word, pack


@pytest.mark.parametrize("pair", ["株柱", "株珠", "梅煤", "是似", "林临", "知资", "女吕", "未末", "清情"])
def test_similar(pair: str) -> None:
    assert similar(*pair)
    assert similar(*reversed(pair))


@pytest.mark.parametrize("pair", ["兔牛", "山水", "红绿", "一天", "株x", "？！"])
def test_different(pair: str) -> None:
    assert not similar(*pair)


def test_everyday_words_are_known() -> None:
    assert all(is_word(word) for word in ("长江", "山水", "女孩", "花园", "一帆风顺"))
    assert not any(is_word(word) for word in ("守柱待兔", "江山水", "的在了"))


def test_the_filter_knows_all_of_its_words() -> None:
    words = [chr(0x4E00 + i) + chr(0x5E00 + i) for i in range(500)]
    bits = pack(words)
    assert len(bits) == 1 << 19
    assert bits == pack(reversed(words))
