"""The user's own Chinese in English."""

from __future__ import annotations

import re

import pytest

from sd_chinese.expand.translate import tokens_of, translate
from sd_chinese.expand.vocabulary import words


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("女孩", "girl"),
        ("一个女孩", "a girl"),
        ("两个女孩", "two girls"),
        ("三个男孩", "three boys"),
        ("一位老人", "an old man"),
        ("红色的花", "red flowers"),
        ("穿旗袍的女孩", "girl wearing cheongsam"),
        ("一位穿着红色汉服的少女", "a young girl wearing red hanfu"),
        ("女孩在吃苹果", "girl eating apple"),
        ("桥上", "on a bridge"),
        ("站在樱花树下", "standing under cherry blossom tree"),
        ("在屋顶上的猫", "cat on roof"),
        ("山和水", "mountain and water"),
        ("没有人", "without person"),
        ("女孩抱着猫在窗边看书", "girl hugging cat beside the window reading a book"),
        (
            "一只橘猫趴在窗台上晒太阳",
            "an orange cat lying on the stomach on windowsill basking in the sun",
        ),
        ("一个撑着红伞的女孩的背影", "a girl holding up red umbrella, figure seen from behind"),
        ("身穿西装的男人站在雨中的街头", "man wearing suit standing street in the rain"),
        ("两个小孩在海边的沙滩上跑", "two children on seaside beach running"),
        ("宇航员骑马在月球上", "astronaut riding a horse on the Moon"),
    ],
)
def test_clauses(chinese: str, english: str) -> None:
    result = translate(tokens_of(chinese))
    assert result.text == english
    assert not result.unknown


def test_unknown_words_stay_and_are_reported() -> None:
    result = translate(tokens_of("一只魑魅在吃苹果"))
    assert result.text == "a 魑魅 eating apple"
    assert result.unknown == ("魑魅",)


def test_tokens_cover_the_text() -> None:
    for text in ("一位穿着红色汉服的少女站在魑魅的旁边", "的的的", "", "x女孩y"):
        assert "".join(token.text for token in tokens_of(text)) == text


def test_the_word_table_is_sound() -> None:
    table = words()
    assert len(table) >= 2500
    for word, known in table.items():
        assert re.fullmatch("[\u3400-\u9fffT]+", word), word
        assert not re.search("[\u3400-\u9fff|]", known.en), word
        assert known.sort, word
