"""The WebUI's attention syntax over Chinese text: weights, nesting, escapes and BREAK.

The rules are those of AUTOMATIC1111's prompt parser, so that a prompt means here what it means in the host:

==============  ==========================================================================
``(x)``         attention x 1.1; brackets nest and multiply
``[x]``         attention / 1.1
``(x:1.3)``     attention x 1.3
``\\(`` ...     the bracket (or backslash) itself
``BREAK``       ends the context that is being filled
==============  ==========================================================================

A Chinese keyboard types full-width brackets and colons: ``（红裙：1.2）`` means ``(红裙:1.2)``. Outside of markup they
stay the characters that were typed. A closing bracket that closes nothing is text; an opening bracket that is never
closed weighs all that follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

ROUND = 1.1
SQUARE = 1 / 1.1
BREAK = "BREAK"

# One character for one character, so that offsets hold on both sides.
_TO_HALF_WIDTH = str.maketrans("（）［］：．＋－０１２３４５６７８９", "()[]:.+-0123456789")

_MARK = re.compile(
    r"""
      \\ (?P<escaped> [()\[\]\\] )?
    | (?P<open> [(\[] )
    | : \s* (?P<weight> [+-]? (?: \d+\.?\d* | \.\d+ ) ) \s* \)
    | (?P<close> [)\]] )
    | [^\\()\[\]:]+
    | :
    """,
    re.VERBOSE,
)
_BREAK = re.compile(r"\s*\bBREAK\b\s*")

_PROTECTED = re.compile(
    r"""
      <[^<>]*>                                            # <lora:name:0.8>
    | __[^\s_](?:[^\s]*?[^\s_])?__                        # __wildcard__
    | \\.                                                 # an escape
    | [:：]\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*(?=[)\]）］])      # the number of (x:1.2) and [a:b:0.5]
    | [()\[\]{}（）［］|:]                                  # marks
    | [A-Za-z](?:[A-Za-z0-9'_.+-]*[A-Za-z0-9_+])?         # English words, AND and BREAK among them
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Span:
    """A run of text under one weight.

    Attributes:
        text: what is encoded, without markup.
        weight: the multiplier of its attention.
        start, end: the slice of the prompt that it was read from; brackets in between belong to the slice.
    """

    text: str
    weight: float
    start: int
    end: int

    @property
    def is_break(self) -> bool:
        return self.text == BREAK and self.weight == -1


def parse_weights(prompt: str) -> list[Span]:
    """Read a prompt's weights; neighbours of equal weight come out as one span, an empty prompt as one empty span."""
    marks = prompt.translate(_TO_HALF_WIDTH)
    runs: list[_Run] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def weigh(first: int, factor: float) -> None:
        for run in runs[first:]:
            run.weight *= factor

    for match in _MARK.finditer(marks):
        start, end = match.span()
        mark = match[0]
        if mark.startswith("\\"):
            runs.append(_Run(prompt[start + 1 : end], 1.0, start, end))
        elif match["open"]:
            opened[mark].append(len(runs))
        elif match["weight"] and opened["("]:
            weigh(opened["("].pop(), float(match["weight"]))
        elif mark == ")" and opened["("]:
            weigh(opened["("].pop(), ROUND)
        elif mark == "]" and opened["["]:
            weigh(opened["["].pop(), SQUARE)
        else:
            runs.extend(_split_breaks(prompt, start, end))

    for bracket, factor in (("(", ROUND), ("[", SQUARE)):
        for first in opened[bracket]:
            weigh(first, factor)
    return _merged(runs) or [Span("", 1.0, 0, len(prompt))]


@dataclass
class _Run:
    """A span whose weight is not settled yet."""

    text: str
    weight: float
    start: int
    end: int


def _split_breaks(prompt: str, start: int, end: int) -> Iterator[_Run]:
    """The slice as text, with a run of its own for every BREAK."""
    for match in _BREAK.finditer(prompt, start, end):
        yield _Run(prompt[start : match.start()], 1.0, start, match.start())
        yield _Run(BREAK, -1.0, *match.span())
        start = match.end()
    yield _Run(prompt[start:end], 1.0, start, end)


def _merged(runs: list[_Run]) -> list[Span]:
    spans = []
    for weight, group in groupby(runs, key=lambda run: run.weight):
        equal = list(group)
        text = "".join(run.text for run in equal)
        spans.append(Span(text, weight, equal[0].start, equal[-1].end))
    return spans


def protected_spans(prompt: str) -> list[tuple[int, int]]:
    """Slices that no rewriting of a prompt may touch: tags, wildcards, escapes, marks and numbers, English words."""
    return [match.span() for match in _PROTECTED.finditer(prompt)]
