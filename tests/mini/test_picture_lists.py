"""The lists of phrases that are drawn raw and expanded."""

from __future__ import annotations

import pytest

from sd_chinese.mini.scenes.captions import read_caption
from sd_chinese.mini.scenes.elements import ELEMENTS
from tests.bench.proof_pictures import LISTS, read_phrases


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_sixty_phrases_expect_elements_that_exist(path):
    rows = read_phrases(path)
    assert len({phrase for phrase, _ in rows}) == len(rows) == 60
    for phrase, expected in rows:
        assert expected and expected <= set(ELEMENTS), phrase


def test_phrases_of_the_second_list_name_nothing_that_they_show():
    for phrase, expected in read_phrases(LISTS[1]):
        assert not read_caption(phrase) & expected, phrase
