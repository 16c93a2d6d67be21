"""Prompts that change while a picture is sampled: ``[a:b:0.5]``, ``[a|b]`` and ``AND``.

The WebUI parses these itself; this parser serves the hosts that cannot. Its rules are AUTOMATIC1111's::

    [before:after:when]     before, then after; `when` is a step, or with a point in it a fraction of all steps
    [after:when]            nothing before
    [a|b|...]               another one at every step
    a AND b:0.8             prompts whose predictions are added, with their weights

A bracket that does not fit these forms is text; a ``|`` outside of ``[a|b]`` makes the whole prompt plain text, as in
the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PLAIN = re.compile(r"(?:[^\\\[\]():|]|\\.)+")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*")
_WEIGHT = re.compile(r"[-+]?(?:\d+\.?|\d*\.\d+)")
_AND = re.compile(r"\bAND\b")
# Deeper nesting than anybody writes is text: the parser is recursive.
_MAX_DEPTH = 50


@dataclass(frozen=True)
class Scheduled:
    """``[before:after:when]``"""

    before: Nodes
    after: Nodes
    when: str


@dataclass(frozen=True)
class Alternate:
    """``[a|b|...]``"""

    options: tuple[Nodes, ...]


Nodes = tuple[str | Scheduled | Alternate, ...]


def parse_schedule(prompt: str, steps: int) -> list[tuple[int, str]]:
    """Return ``(last step, text)`` pairs in order: each text holds up to and including its step, counted from 1."""
    nodes = _parse(prompt)
    if nodes is None:
        return [(steps, prompt)]
    ends = sorted({steps, *_changes(nodes, steps)})
    return [(end, _text_at(nodes, end, steps)) for end in ends]


def split_and(prompt: str) -> list[tuple[str, float]]:
    """Split at AND into ``(text, weight)`` pairs: ``"a AND b:0.8"`` -> ``[("a", 1.0), ("b", 0.8)]`` but for spaces."""
    parts = []
    for part in _AND.split(prompt):
        text, colon, number = part.rpartition(":")
        if colon and _WEIGHT.fullmatch(number.strip()):
            parts.append((text.rstrip(), float(number)))
        else:
            parts.append((part.rstrip(), 1.0))
    return parts


def _last_step(when: str, steps: int) -> int:
    return min(steps, int(float(when) * steps if "." in when else float(when)))


def _changes(nodes: Nodes, steps: int) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, Scheduled):
            last = _last_step(node.when, steps)
            yield from (last,) if last >= 1 else ()
            yield from _changes(node.before + node.after, steps)
        elif isinstance(node, Alternate):
            yield from range(1, steps + 1)


def _text_at(nodes: Nodes, step: int, steps: int) -> str:
    return "".join(_node_text(node, step, steps) for node in nodes)


def _node_text(node: str | Scheduled | Alternate, step: int, steps: int) -> str:
    if isinstance(node, str):
        return node
    if isinstance(node, Scheduled):
        return _text_at(node.before if step <= _last_step(node.when, steps) else node.after, step, steps)
    return _text_at(node.options[(step - 1) % len(node.options)], step, steps)


def _parse(prompt: str) -> Nodes | None:
    """The prompt as nodes, or None where the host's grammar does not accept it."""
    parser = _Parser(prompt)
    nodes: list[str | Scheduled | Alternate] = []
    at = 0
    while at < len(prompt):
        if group := parser.group(at):
            nodes.extend(group[0])
            at = group[1]
        elif prompt[at] in "()[]:":
            nodes.append(prompt[at])
            at += 1
        elif plain := _PLAIN.match(prompt, at):
            nodes.append(plain[0])
            at = plain.end()
        else:
            return None
    return tuple(nodes)


class _Parser:
    """Well-formed bracket groups by position; each position is read once, also where it fails."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self._groups: dict[int, tuple[Nodes, int] | None] = {}

    def group(self, at: int, depth: int = 0) -> tuple[Nodes, int] | None:
        """The group that opens at ``at`` and where it ends; None when there is no well-formed one."""
        if self.prompt[at : at + 1] not in ("(", "[") or depth > _MAX_DEPTH:
            return None
        if at not in self._groups:
            self._groups[at] = self._round(at, depth) if self.prompt[at] == "(" else self._square(at, depth)
        return self._groups[at]

    def _parts(self, at: int, separator: str, depth: int) -> tuple[list[Nodes], int]:
        """Sequences divided by ``separator`` from ``at`` on, and where they stop."""
        nodes, at = self._sequence(at, depth)
        parts = [nodes]
        while self.prompt[at : at + 1] == separator:
            nodes, at = self._sequence(at + 1, depth)
            parts.append(nodes)
        return parts, at

    def _sequence(self, at: int, depth: int) -> tuple[Nodes, int]:
        nodes: list[str | Scheduled | Alternate] = []
        while True:
            if plain := _PLAIN.match(self.prompt, at):
                nodes.append(plain[0])
                at = plain.end()
            elif group := self.group(at, depth + 1):
                nodes.extend(group[0])
                at = group[1]
            else:
                return tuple(nodes), at

    def _round(self, at: int, depth: int) -> tuple[Nodes, int] | None:
        parts, end = self._parts(at + 1, ":", depth)
        if self.prompt[end : end + 1] != ")" or len(parts) > 2:
            return None
        return ("(", *_joined(parts, ":"), ")"), end + 1

    def _square(self, at: int, depth: int) -> tuple[Nodes, int] | None:
        options, end = self._parts(at + 1, "|", depth)
        if self.prompt[end : end + 1] == "]":
            return (("[", *options[0], "]") if len(options) == 1 else (Alternate(tuple(options)),)), end + 1
        parts, end = self._parts(at + 1, ":", depth)
        if self.prompt[end : end + 1] != "]" or len(parts) not in (2, 3):
            return None
        *texts, when = parts
        number = _NUMBER.fullmatch(when[0]) if len(when) == 1 and isinstance(when[0], str) else None
        if number is None:
            return None
        before = texts[0] if len(texts) == 2 else ()
        return (Scheduled(before, texts[-1], number[1]),), end + 1


def _joined(parts: list[Nodes], separator: str) -> Nodes:
    nodes = parts[0]
    for part in parts[1:]:
        nodes = (*nodes, separator, *part)
    return nodes
