"""Where a prompt is cut into contexts, and that nothing of it is lost."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.spec import NO_CHINESE_MARKS, EncoderSpec, TokenizerSpec
from sd_chinese.text.chunks import MAX_CHARACTERS, Chunk, chunk_prompt
from sd_chinese.text.tokenizers import Tokenizer
from sd_chinese.vocabulary import bundled_vocabulary

pytestmark = pytest.mark.encoders

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = Tokenizer(TokenizerSpec("wordpiece", 21128, 101, 102, 0), bundled_vocabulary())
SPEC = EncoderSpec(
    architecture="clip",
    vocabulary_size=21128,
    positions=12,
    width=8,
    layers=1,
    heads=1,
    feed_forward=8,
    token_types=0,
    activation="quick_gelu",
    norm_eps=1e-5,
    context_length=12,
    context_width=8,
    attention_mask=False,
    tokenizer=TOKENIZER.spec,
)


def chunks_of(prompt: str, spec: EncoderSpec = SPEC, **options: bool) -> list[Chunk]:
    return chunk_prompt(prompt, TOKENIZER, spec, **options)


def ids_of(text: str) -> list[int]:
    return [piece.id for piece in TOKENIZER(text)]


def text_ids(chunk: Chunk) -> list[int]:
    return list(chunk.ids[1 : chunk.used - 1])


def contents(prompt: str, **options: bool) -> list[str]:
    words = TOKENIZER.vocabulary.words
    return ["".join(words[i] for i in text_ids(chunk)) for chunk in chunks_of(prompt, **options)]


def test_one_context_is_start_text_end_padding() -> None:
    (chunk,) = chunks_of("月夜")
    assert chunk == Chunk((101, *ids_of("月夜"), 102, *[0] * 8), (1.0,) * 12, used=4)


def test_empty_prompt_is_one_context() -> None:
    assert chunks_of("") == [Chunk((101, 102, *[0] * 10), (1.0,) * 12, used=2)]


def test_exactly_full_stays_one_context() -> None:
    assert contents("山" * 10) == ["山" * 10]
    assert len(chunks_of("山" * 11)) == 2


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("日出海面，一叶小舟。远山如黛", ["日出海面，一叶小舟。", "远山如黛"]),
        ("日出海面，一叶小舟在江上", ["日出海面，", "一叶小舟在江上"]),
        ("日出，海面；小舟、远山；明月", ["日出，海面；小舟、", "远山；明月"]),
        ("月夜, 小舟, 远山, 寒江, 独钓", ["月夜,小舟,远山,", "寒江,独钓"]),
        ("他说「月夜，远山。」然后一叶小舟", ["他说「月夜，远山。」", "然后一叶小舟"]),
        ("比例是一千1,000和3.5倍的小舟", ["比例是一千1,000和", "3.5倍的小舟"]),
    ],
)
def test_cuts_at_phrase_ends(prompt: str, expected: list[str]) -> None:
    assert contents(prompt) == expected


def test_cuts_a_long_phrase_between_words() -> None:
    parts = contents("穿着红色连衣裙的少女站在樱花树下面看着远方的雪山")
    assert "".join(parts) == "穿着红色连衣裙的少女站在樱花树下面看着远方的雪山"
    for word in ("穿着", "红色", "连衣裙", "少女", "樱花", "远方", "雪山"):
        assert any(word in part for part in parts)


def test_a_word_longer_than_a_context_is_cut_between_characters() -> None:
    prompt = "哈" * 25
    assert "".join(contents(prompt)) == prompt
    parts = contents("supercalifragilisticexpialidocious" * 2)
    assert len(parts) > 1


def test_english_words_are_not_cut() -> None:
    parts = contents("雪山上的 blue-eyed tabby cat playing happily around")
    joined = [part.replace("##", "") for part in parts]
    for word in ("tabby", "cat", "playing", "happily", "around"):
        assert any(word in part for part in joined), (word, joined)


def test_break_ends_a_context() -> None:
    assert contents("山 BREAK 水") == ["山", "水"]
    assert contents("BREAK 水") == ["", "水"]
    assert contents("山 BREAK") == ["山"]
    assert contents("山 BREAK BREAK 水") == ["山", "", "水"]


def test_weights_stay_with_their_words() -> None:
    (chunk,) = chunks_of("一条（红裙：1.5）")
    assert chunk.weights == (1.0, 1.0, 1.0, 1.5, 1.5, *[1.0] * 7)
    assert text_ids(chunk) == ids_of("一条红裙")


def test_without_markup_brackets_are_text() -> None:
    (chunk,) = chunks_of("(红:2)", markup=False)
    assert text_ids(chunk) == ids_of("(红:2)")
    assert set(chunk.weights) == {1.0}
    assert len(chunks_of("山 BREAK 水", markup=False)) == 1


def test_punctuation_follows_the_box() -> None:
    spec = replace(SPEC, punctuation=NO_CHINESE_MARKS)
    prompt = "日出，好！雪。"
    (positive,) = chunks_of(prompt, spec)
    (negative,) = chunks_of(prompt, spec, negative=True)
    marks = set(ids_of("，。！"))
    assert not marks & set(positive.ids)
    assert marks <= set(negative.ids)
    assert text_ids(positive) == ids_of("日出,好!雪.")


def test_cuts_do_not_depend_on_the_punctuation_policy() -> None:
    prompt = "日出海面。一叶小舟。远山如黛"
    spec = replace(SPEC, punctuation=NO_CHINESE_MARKS)
    assert [chunk.used for chunk in chunks_of(prompt, spec)] == [chunk.used for chunk in chunks_of(prompt)]


def test_nothing_is_lost() -> None:
    choice = random.Random(0).choice
    alphabet = ["月夜", "，", "。", ", ", "a cat", "樱花树下", "🎨", " ", "山", "3.5", "\n", "café"]
    for _ in range(100):
        prompt = "".join(choice(alphabet) for _ in range(40))
        chunks = chunks_of(prompt)
        assert [i for chunk in chunks for i in text_ids(chunk)] == ids_of(prompt)
        assert all(len(chunk.ids) == len(chunk.weights) == 12 for chunk in chunks)


def test_too_long_a_prompt_is_refused() -> None:
    assert len(chunks_of("山，" * (MAX_CHARACTERS // 2))) == MAX_CHARACTERS // 10
    with pytest.raises(SdzhError) as caught:
        chunks_of("山" * (MAX_CHARACTERS + 1))
    assert caught.value.code == "prompt_too_long"
    assert "20001" in caught.value.zh


@pytest.mark.parametrize(
    "prompt", ["\ud800山" * 20, "\x00\x07" * 30, "((((山", "山))))", "（" * 100, "\\" * 50]
)
def test_odd_prompts_are_read(prompt: str) -> None:
    assert chunks_of(prompt)


def test_jieba_waits_for_a_phrase_that_is_too_long() -> None:
    code = (
        "import sys; import tests.text.test_chunks as t\n"
        "loaded = lambda: any(name in sys.modules for name in ('jieba', 'rjieba'))\n"
        "t.contents('日出海面，一叶小舟。远山如黛'); before = loaded()\n"
        "t.contents('穿着红色连衣裙的少女站在樱花树下面'); print(before, loaded())"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
