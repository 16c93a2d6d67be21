"""A prompt as the matcher sees it: its Chinese characters alone, folded, each knowing where it stood."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sd_chinese.markup import protected_spans
from sd_chinese.words import fold

#: What stands before a character: nothing, blanks only, punctuation, or something no match may reach across.
JOINED, BLANK, PAUSE, WALL = 0, 1, 2, 3

_BLANKS = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
_PAUSES = re.compile(r"[\s\u200b-\u200f\u2060\ufeff，。、；：？！·—…,.;:?!'\"“”‘’「」『』《》〈〉|/~～-]+")
_MARKED = re.compile(r"[A-Za-z<\\_()\[\]{}（）［］|:：]")


@dataclass(frozen=True)
class HanText:
    """The Chinese characters of a prompt.

    Attributes:
        text: the prompt as typed.
        folded: the characters found, simplified; ``\\0`` stands for a wall. Length n.
        codes: their code points, shape (n,).
        start, end: the slice of ``text`` that each character was typed as, shape (n,).
        breaks: what stands before each character and behind the last, shape (n + 1,).
    """

    text: str
    folded: str
    codes: npt.NDArray[np.uint32]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    breaks: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.codes)

    def clauses(self) -> list[tuple[int, int]]:
        """Runs between pauses and walls, as index pairs; blanks end a run, too."""
        edges = np.flatnonzero(self.breaks).tolist()
        return [(a, b) for a, b in itertools.pairwise(edges) if self.folded[a] != "\0"]


def code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def is_han(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    common = (codes >= 0x3400) & (codes <= 0x9FFF)
    rare = (codes >= 0x20000) | (codes == 0x3007)
    found: npt.NDArray[np.bool_] = common | (rare & (codes < 0x32000))
    return found


def read_prompt(text: str) -> HanText:
    """Find the Chinese characters outside of markup, fold them and note what separates them."""
    folding = fold(text)
    folded = folding.text
    codes = code_points(folded)
    han = is_han(codes)
    offsets = np.asarray(folding.offsets, dtype=np.int64)
    if _MARKED.search(text):
        _unmark(han, protected_spans(text), offsets)
    place = np.flatnonzero(han)
    start = offsets[place]
    end = start + 1
    breaks = np.zeros(len(place) + 1, dtype=np.int8)
    breaks[0] = breaks[-1] = WALL
    for gap in (np.flatnonzero(np.diff(place) > 1) + 1).tolist():
        between = folded[place[gap - 1] + 1 : place[gap]]
        breaks[gap] = BLANK if _BLANKS.fullmatch(between) else PAUSE if _PAUSES.fullmatch(between) else WALL
    chosen = codes[place]
    walls = np.flatnonzero(breaks[1:-1] == WALL) + 1
    if len(walls):
        chosen = np.insert(chosen, walls, 0).astype(np.uint32)
        start, end = np.insert(start, walls, 0), np.insert(end, walls, 0)
        breaks = np.insert(breaks, walls, WALL)
    return HanText(text, "".join(map(chr, chosen.tolist())), chosen, start, end, breaks)


def _unmark(han: npt.NDArray[np.bool_], spans: list[tuple[int, int]], offsets: npt.NDArray[np.int64]) -> None:
    for first, last in spans:
        if last - first > 1:
            a, b = np.searchsorted(offsets[: len(han)], (first, last))
            han[a:b] = False
