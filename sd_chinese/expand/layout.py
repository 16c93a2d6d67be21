"""A prompt cut into what is copied as it stands and the clauses in which something was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sd_chinese.expand.hantext import HanText
from sd_chinese.expand.parts import Part


class Piece(NamedTuple):
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
    spans: list[tuple[int, int, list[Part]]] = []
    waiting = iter(parts)
    part = next(waiting, None)
    for a, b in han.clauses:
        start, end = han.span(a, b)
        inside: list[Part] = []
        if spans and start < spans[-1][1]:
            start, before, inside = spans.pop()
            end = max(before, end)
        while part and part.match.start < end:
            inside.append(part)
            end = max(end, part.match.end)
            part = next(waiting, None)
        spans.append((start, end, inside))
    pieces = []
    at = 0
    for start, end, inside in spans:
        if start > at:
            pieces.append(Piece(at, start, True))
        pieces.append(Piece(start, end, False, tuple(inside)))
        at = end
    if at < len(han.text):
        pieces.append(Piece(at, len(han.text), True))
    return pieces
