"""A prompt as the matcher sees it: its Chinese characters alone, folded, each knowing where it stood."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sd_chinese.expand.signatures import mix_pairs
from sd_chinese.markup import protected_spans
from sd_chinese.words import fold

#: What stands before a character: nothing, blanks only, punctuation, or something no match may reach across.
JOINED, BLANK, PAUSE, WALL = 0, 1, 2, 3

_PAUSES = re.compile(r"[\s，。、；：？！·—…,.;:?!'\"“”‘’「」『』《》〈〉|/~～-]+")
_MARKED = re.compile(r"[A-Za-z<\\_()\[\]{}（）［］|:：]")


@dataclass(frozen=True)
class HanText:
    """The Chinese characters of a prompt.

    Attributes:
        text: the prompt as typed.
        folded: the characters found, simplified; ``\\0`` stands for a wall. Length n.
        codes: their code points, shape (n,).
        start, end: the slice of ``text`` that each character was typed as, n of each.
        breaks: what stands before each character and behind the last, n + 1 bytes.
    """

    text: str
    folded: str
    codes: npt.NDArray[np.uint32]
    start: list[int]
    end: list[int]
    breaks: bytes

    def __len__(self) -> int:
        return len(self.folded)

    @cached_property
    def edges(self) -> list[int]:
        """Where something stands between two characters; the first is 0, the last n."""
        return [at for at, kind in enumerate(self.breaks) if kind]

    @cached_property
    def clauses(self) -> list[tuple[int, int]]:
        """Runs between pauses and walls, as index pairs; blanks end a run, too."""
        return [(a, b) for a, b in itertools.pairwise(self.edges) if self.folded[a] != "\0"]

    @cached_property
    def room(self) -> npt.NDArray[np.int64]:
        """How many characters are left of the clause at each character, itself included. Shape: (n,)."""
        edges = np.array(self.edges)
        left: npt.NDArray[np.int64] = np.repeat(edges[1:], np.diff(edges)) - np.arange(len(self))
        return left

    @cached_property
    def pairs(self) -> npt.NDArray[np.uint64]:
        """Hashes of all neighbours. Shape: (n - 1,)."""
        return mix_pairs(self.codes)

    def is_whole(self, first: int, last: int) -> bool:
        """Whether nothing stands between the characters of a window."""
        return not any(self.breaks[first + 1 : last])


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
    offsets = np.arange(len(text) + 1) if len(folded) == len(text) else np.array(folding.offsets)
    if _MARKED.search(text):
        _unmark(han, protected_spans(text), offsets)
    place = np.flatnonzero(han)
    start = offsets[place]
    end = start + 1
    breaks = np.zeros(len(place) + 1, dtype=np.uint8)
    breaks[0] = breaks[-1] = WALL
    gaps = np.flatnonzero(place[1:] - place[:-1] > 1) + 1
    for gap, a, b in zip(gaps.tolist(), place[gaps - 1].tolist(), place[gaps].tolist(), strict=True):
        breaks[gap] = _gap(folded[a + 1 : b])
    chosen = codes[place]
    walls = np.flatnonzero(breaks[1:-1] == WALL) + 1
    if len(walls):
        chosen = np.insert(chosen, walls, 0)
        start, end = np.insert(start, walls, 0), np.insert(end, walls, 0)
        breaks = np.insert(breaks, walls, WALL)
    found = chosen.tobytes().decode("utf-32-le")
    return HanText(text, found, chosen, start.tolist(), end.tolist(), breaks.tobytes())


def _gap(between: str) -> int:
    """What a text makes of the place between two Chinese characters."""
    return BLANK if between.isspace() else PAUSE if _PAUSES.fullmatch(between) else WALL


def _unmark(han: npt.NDArray[np.bool_], spans: list[tuple[int, int]], offsets: npt.NDArray[np.int64]) -> None:
    for first, last in spans:
        if last - first > 1:
            a, b = np.searchsorted(offsets[: len(han)], (first, last))
            han[a:b] = False
