"""Word ends and folding, compared with jieba and OpenCC's published choices."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sd_chinese import words
from sd_chinese.errors import SdzhError

ROOT = Path(__file__).resolve().parents[1]


def cut(text: str) -> list[str]:
    ends = words.word_ends(text)
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def test_chinese_is_cut_into_words() -> None:
    assert cut("月夜下的少女，穿着红色连衣裙") == ["月夜", "下", "的", "少女", "，", "穿着", "红色", "连衣裙"]


@pytest.mark.parametrize(
    "word", ["café", "blue-eyed", "it's", "masterpiece", "1girl", "Ångström", "👩‍👩‍👧", "❤️", "👍🏽"]
)
def test_words_of_other_scripts_stay_whole(word: str) -> None:
    assert word in cut(f"山 {word} 水")


@pytest.mark.parametrize("text", ["", " ", "a\ud800b", "\x00红", "，。", "山" * 500])
def test_ends_cover_any_text(text: str) -> None:
    ends = words.word_ends(text)
    assert ends == sorted(set(ends))
    assert not text or ends[-1] == len(text)


def test_without_a_segmenter_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba", None)
    monkeypatch.setitem(sys.modules, "rjieba", None)
    words._segmenter.cache_clear()
    try:
        with pytest.raises(SdzhError, match="jieba"):
            words.word_ends("山水")
    finally:
        words._segmenter.cache_clear()


def test_jieba_waits_until_it_is_needed() -> None:
    code = "import sys, sd_chinese.words as w; w.fold('龍'); print('jieba' in sys.modules or 'rjieba' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("臺灣的龍鳳", "台湾的龙凤"),
        ("ＡＢＣ１２３，！（）　", "ABC123,!() "),
        ("峯羣牀", "峰群床"),
        ("山水abc", "山水abc"),
        ("", ""),
    ],
)
def test_fold(written: str, folded: str) -> None:
    assert words.fold(written).text == folded


def test_folded_text_leads_back_to_the_original() -> None:
    original = "看守\u200b株待\ufe00兔嗎"
    folded = words.fold(original)
    assert folded.text == "看守株待兔吗"
    start, end = folded.text.index("守株待兔"), folded.text.index("守株待兔") + 4
    assert original[folded.offsets[start] : folded.offsets[end]] == "守\u200b株待\ufe00兔"
    assert folded.offsets[-1] == len(original)


def test_folding_is_one_to_one_and_leaves_simplified_text_alone() -> None:
    table = words._fold_table()
    assert len(table) > 3300
    assert all(len(character) == 1 for character in table.values())
    usual = (
        "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学"
        "对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长"
    )
    assert words.fold(usual).text == usual
