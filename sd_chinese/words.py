"""Where Chinese words end, and one spelling for the many ways a character is written."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from sd_chinese.errors import SdzhError

_FOLD_TABLE = Path(__file__).parent / "data" / "fold.txt"

# Zero-width characters and variation selectors: they change how a character looks, not which one it is.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_SURROGATE = re.compile("[\ud800-\udfff]")

# A letter of a script that writes words with spaces between them: no Han, no kana.
_LETTER = "[^\\W_\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
# What belongs to the character before it: combining marks, joiners, variation selectors, skin tones.
_ATTACHED = "[\u0300-\u036f\u200d\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
_INSIDE_WORD = re.compile(
    f"(?<={_LETTER})(?=[-'’_]?{_LETTER}) | (?<={_LETTER}[-'’_])(?={_LETTER}) | (?={_ATTACHED}) | (?<=\u200d)(?=.)",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Folded:
    """A text in its plainest spelling.

    ``offsets[i]`` is where character ``i`` stood in the original; one more entry gives the original's length, so
    that ``original[offsets[a]:offsets[b]]`` is what ``text[a:b]`` was written as.
    """

    text: str
    offsets: Sequence[int]


def fold(text: str) -> Folded:
    """Traditional to simplified (one character for one), full-width ASCII to half-width, variants to the usual form.

    The table follows characters, not words: 乾坤 becomes 干坤. Fold both sides of a comparison.
    """
    table = _fold_table()
    if not _INVISIBLE.search(text):
        return Folded(text.translate(table), range(len(text) + 1))
    kept = [i for i, character in enumerate(text) if not _INVISIBLE.match(character)]
    return Folded("".join(text[i] for i in kept).translate(table), (*kept, len(text)))


@lru_cache(maxsize=1)
def _fold_table() -> dict[int, str]:
    half_width = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    table = {**half_width, 0x3000: " "}
    for line in _FOLD_TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            table |= {ord(variant): group[0] for group in line.split() for variant in group[1:]}
    return table


def word_ends(text: str) -> list[int]:
    """Offsets at which a word ends, ascending; the last is ``len(text)``.

    Chinese words are those of rjieba, or else jieba, imported at the first call. Words of other scripts and what
    hangs on a character (accents, emoji joiners) stay whole.

    Raises:
        SdzhError: neither segmenter is installed.
    """
    ends = accumulate(len(word) for word in _segmenter()(mend_surrogates(text)))
    return [end for end in ends if not _INSIDE_WORD.match(text, end)]


def mend_surrogates(text: str) -> str:
    """Lone surrogates, which no encoding takes, as U+FFFD; every other character stays where it is."""
    return _SURROGATE.sub("\ufffd", text)


@lru_cache(maxsize=1)
def _segmenter() -> Callable[[str], Iterator[str]]:
    try:
        import rjieba
    except ImportError:
        pass
    else:
        return lambda text: iter(rjieba.cut(text))
    try:
        import jieba
    except ImportError:
        raise SdzhError("segmenter_missing") from None
    jieba.setLogLevel(logging.WARNING)
    return lambda text: iter(jieba.cut(text))
