"""A prompt cut into what is copied as it stands and the clauses in which something was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sd_chinese.expand.hantext import HanText
from sd_chinese.expand.parts import Part


@dataclass(frozen=True)
class Piece:
    """A slice of the prompt; ``parts`` are those found in it. Text between clauses is ``copied``."""

    start: int
    end: int
    copied: bool
    parts: tuple[Part, ...] = ()

    def runs(self, prompt: str) -> list[str | Part]:
        """The user's words and the parts of this clause, in order."""
        found: list[str | Part] = []
        at = self.start
        for part in self.parts:
            if part.match.start > at:
                found.append(prompt[at : part.match.start])
            found.append(part)
            at = part.match.end
        if at < self.end:
            found.append(prompt[at : self.end])
        return found


def lay_out(han: HanText, parts: Sequence[Part]) -> list[Piece]:
    """Cut a prompt; a match across several clauses makes one clause of them."""
    clauses = [(int(han.start[a]), int(han.end[b - 1])) for a, b in han.clauses()]
    spans: list[tuple[int, int]] = []
    matches = iter(parts)
    part = next(matches, None)
    for start, end in clauses:
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
        while part and part.match.start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], part.match.end))
            part = next(matches, None)
    pieces = []
    at = 0
    for start, end in spans:
        if start > at:
            pieces.append(Piece(at, start, True))
        inside = tuple(part for part in parts if start <= part.match.start < end) if parts else ()
        pieces.append(Piece(start, end, False, inside))
        at = end
    if at < len(han.text):
        pieces.append(Piece(at, len(han.text), True))
    return pieces
