"""Ids against transformers' own tokenizers, and offsets against the text."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.spec import TokenizerSpec, read_spec
from sd_chinese.text.load import load_conditioner_from
from sd_chinese.text.tokenizers import Tokenizer
from sd_chinese.vocabulary import bundled_vocabulary, read_vocabulary
from tests.text.families import FAMILIES, TRANSFORMERS_5

pytestmark = pytest.mark.encoders

KINDS = {
    "wordpiece": "PAI-Diffusion, 32 rows",
    "clip_bpe": "Taiyi zh-EN",
    "sentencepiece": "AltDiffusion, -m9",
}
TEXTS = [
    "",
    "月夜，一叶小舟，远山",
    "1girl, masterpiece, Best Quality 4K",
    "café NAÏVE Ångström Ünïcödé",
    "龘靐齉㐀𠀀𪚥彁",
    "臺灣龍鳳鬱鬱",
    "🏔️🌅👩‍👩‍👧❤️👍🏽",
    "「全角」，ＡＢＣ１２３！？；：…——《》【】",
    "ひらがなカタカナ 한국어 ไทย العربية",
    "  两　头 \t 有\n空格  ",
    "𝓯𝓪𝓷𝓬𝔂 ﬁ ½ ①",
    "x" * 150,
]


def random_texts(count: int) -> list[str]:
    """Assigned characters of the blocks that prompts are written in."""
    generator = random.Random(0)
    blocks = [
        (0x20, 0x7F),
        (0xA1, 0x180),
        (0x4E00, 0x9FA6),
        (0x3041, 0x3097),
        (0xFF01, 0xFF5F),
        (0x1F300, 0x1F5FF),
    ]
    return [
        "".join(
            chr(generator.randrange(*generator.choice(blocks))) for _ in range(generator.randrange(1, 12))
        )
        for _ in range(count)
    ]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tokenizer(kind: str, published: Callable) -> Tokenizer:
    return load_conditioner_from(published(KINDS[kind]).folder).tokenizer


def test_ids_equal_transformers(kind: str, tokenizer: Tokenizer, published: Callable) -> None:
    judge = published(KINDS[kind]).tokenizer
    for text in TEXTS + random_texts(300):
        expected = judge(text, add_special_tokens=False)["input_ids"]
        assert [piece.id for piece in tokenizer(text)] == expected, text


@pytest.mark.skipif(
    not TRANSFORMERS_5, reason="transformers 4 sees them only in tokenizers loaded from the hub"
)
def test_special_words_are_seen_in_a_text(kind: str, tokenizer: Tokenizer, published: Callable) -> None:
    judge = published(KINDS[kind]).tokenizer
    text = "[SEP] 山[MASK] <|endoftext|>水 </s>火 <mask>"
    assert [piece.id for piece in tokenizer(text)] == judge(text, add_special_tokens=False)["input_ids"]


def test_offsets_go_forward_and_cover_the_words(tokenizer: Tokenizer) -> None:
    for text in TEXTS:
        pieces = tokenizer(text)
        assert all(0 <= piece.start <= piece.end <= len(text) for piece in pieces)
        assert all(before.start <= after.start for before, after in pairwise(pieces))


def test_offsets_name_the_characters() -> None:
    tokenizer = Tokenizer(TokenizerSpec("wordpiece", 21128, 101, 102, 0), bundled_vocabulary())
    text = "Café，雪 山playing"
    slices = [text[piece.start : piece.end] for piece in tokenizer(text)]
    assert slices == ["Café", "，", "雪", "山", "play", "ing"]


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "\x00\x07\x1b", "\u200b\ufeff", "\uffff"])
def test_no_string_is_too_odd(tokenizer: Tokenizer, text: str) -> None:
    assert all(piece.end <= len(text) for piece in tokenizer(text))


def test_case_folding_is_the_models() -> None:
    spec = TokenizerSpec("wordpiece", 21128, 101, 102, 0)
    folding = Tokenizer(spec, bundled_vocabulary())
    keeping = Tokenizer(replace(spec, lower_case=False), bundled_vocabulary())
    assert [p.id for p in folding("ABC É")] == [p.id for p in folding("abc e")]
    assert [p.id for p in keeping("ABC")] != [p.id for p in keeping("abc")]


def test_a_vocabulary_that_does_not_fit_is_refused(published: Callable) -> None:
    merges = read_vocabulary(published("Taiyi zh-EN").folder / "tokenizer" / "merges.txt")
    wordpiece = TokenizerSpec("wordpiece", 105879, 101, 102, 0)
    for vocabulary in (bundled_vocabulary(), merges):
        with pytest.raises(SdzhError) as caught:
            Tokenizer(wordpiece, vocabulary)
        assert caught.value.code == "vocabulary_unfit"


def test_every_family_has_its_wrapping_ids(published: Callable) -> None:
    wraps = {name: read_spec(published(name).folder).tokenizer for name in FAMILIES}
    assert {name: (t.start, t.end, t.pad) for name, t in wraps.items()} == {
        "PAI-Diffusion, 32 rows": (101, 102, 0),
        "PAI-Diffusion, 77 rows": (101, 102, 0),
        "Taiyi v0.1, svjack": (101, 102, 0),
        "Taiyi zh-EN": (49406, 49407, 49407),
        "ModelScope zh-SD": (101, 102, 0),
        "AltDiffusion, -m9": (0, 2, 1),
        "AltDiffusion-m18": (0, 2, 1),
        "SkyPaint": (101, 102, 0),
        "MiaoBi": (49406, 49407, 0),
    }


@pytest.mark.skipif(not TRANSFORMERS_5, reason="transformers 4 saves vocab.txt as well")
def test_a_folder_saved_by_transformers_5_has_only_tokenizer_json(
    published: Callable, tmp_path: Path
) -> None:
    model = published("PAI-Diffusion, 32 rows")
    model.tokenizer.save_pretrained(str(tmp_path))
    assert not (tmp_path / "vocab.txt").exists()
    # The library strips the line separator that is BERT's word 343.
    saved = read_vocabulary(tmp_path / "tokenizer.json").words
    assert saved == tuple(word.strip() for word in bundled_vocabulary().words)
