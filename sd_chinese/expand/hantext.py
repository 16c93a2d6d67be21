"""A prompt as the matcher sees it: its Chinese characters alone, folded, each knowing where it stood."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sd_chinese.expand.characters import similar
from sd_chinese.expand.signatures import I64, U64, mix, mix_pairs
from sd_chinese.markup import protected_spans
from sd_chinese.words import fold

#: What stands before a character: nothing, blanks only, punctuation, or something no match may reach across.
JOINED, BLANK, PAUSE, WALL = 0, 1, 2, 3

_HAN = re.compile("(?:[\u3007\u3400-\u9fff\U00020000-\U00031fff]|T(?=恤))+")  # T恤 is a Chinese word
_PUN = re.compile(r"([\u3400-\u9fff])(\(([\u3400-\u9fff])\))")
_PAUSES = re.compile(r"[\s，。、；：？！·—…,.;:?!'\"“”‘’「」『』《》〈〉|/~～-]+")
_MARKED = re.compile(r"[A-Za-z<\\_()\[\]{}（）［］|:：]")


@dataclass(frozen=True)
class HanText:
    """The Chinese characters of a prompt.

    Attributes:
        text: the prompt as typed.
        folded: the characters found, simplified; ``\\0`` stands for a wall. Length n.
        start: where each character was typed, n places.
        breaks: what stands before each character and behind the last, n + 1 bytes.
        clauses: runs of characters with nothing between them, as index pairs.
        puns: where a bracketed pun (照旧（舅）) begins in ``text``, and where it ends.
    """

    text: str
    folded: str
    start: list[int]
    breaks: bytes
    clauses: list[tuple[int, int]]
    puns: dict[int, int]

    def __len__(self) -> int:
        return len(self.folded)

    @cached_property
    def mixed(self) -> U64:
        """The characters' hashes. Shape: (n,)."""
        return mix(code_points(self.folded))

    @cached_property
    def pairs(self) -> U64:
        """Hashes of all neighbours. Shape: (n - 1,)."""
        return mix_pairs(self.mixed)

    @cached_property
    def room(self) -> I64:
        """How many characters are left of the clause at each character, itself included; 0 at walls. Shape: (n,)."""
        left = np.zeros(len(self), dtype=np.int64)
        for first, last in self.clauses:
            left[first:last] = np.arange(last - first, 0, -1)
        return left

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The slice of the prompt that some characters were typed in, and a pun upon the last of them."""
        end = self.start[last - 1] + 1
        return self.start[first], self.puns.get(end, end)

    def is_whole(self, first: int, last: int) -> bool:
        """Whether nothing stands between the characters of a window."""
        return not any(self.breaks[first + 1 : last])


def code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def is_han(character: str) -> bool:
    return _HAN.fullmatch(character) is not None


def read_prompt(text: str) -> HanText:
    """Find the Chinese characters outside of markup, fold them and note what separates them."""
    folding = fold(text)
    plain = _unmarked(text, folding.text, folding.offsets) if _MARKED.search(text) else folding.text
    plain, puns = _without_puns(plain) if "(" in plain else (plain, [])
    found: list[str] = []
    start: list[int] = []
    breaks = bytearray()
    clauses = []
    at = 0
    for run in _HAN.finditer(plain):
        before = _gap(plain[at : run.start()]) if found else WALL
        if found and before == WALL:
            found.append("\0")
            start.append(0)
            breaks.append(WALL)
        at = run.end()
        clauses.append((len(start), len(start) + len(run[0])))
        found.append(run[0])
        start += folding.offsets[run.start() : at]
        breaks.append(before)
        breaks += bytes(len(run[0]) - 1)
    breaks.append(WALL)
    ends = {folding.offsets[first]: folding.offsets[last] for first, last in puns}
    return HanText(text, "".join(found), start, bytes(breaks), clauses, ends)


def _gap(between: str) -> int:
    """What a text makes of the place between two Chinese characters."""
    return BLANK if between.isspace() else PAUSE if _PAUSES.fullmatch(between) else WALL


def _without_puns(plain: str) -> tuple[str, list[tuple[int, int]]]:
    """The text with blanks for bracketed characters that sound or look like the one before them, and their slices."""
    spans = [match.span(2) for match in _PUN.finditer(plain) if similar(match[1], match[3])]
    for first, last in spans:
        plain = plain[:first] + " " * (last - first) + plain[last:]
    return plain, spans


def _unmarked(text: str, folded: str, offsets: Sequence[int]) -> str:
    """``folded`` with nothing to be read in the protected spans of ``text``."""
    pieces = []
    at = 0
    for first, last in protected_spans(text):
        if last - first > 1:
            a, b = (bisect_left(offsets, place, hi=len(folded)) for place in (first, last))
            pieces += [folded[at:a], "\0" * (b - a)]
            at = b
    return "".join([*pieces, folded[at:]])
