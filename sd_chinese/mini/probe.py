"""``python -m sd_chinese.mini.probe``: what the embedded family draws, judged by a classifier.

For each element: how well the judge itself does on unseen drawings, and beside it how often the element is found
in pictures generated from unseen captions that name it, and in those that do not.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sd_chinese.mini import data, sampling
from sd_chinese.mini.classifier import judge
from sd_chinese.mini.folders import WEIGHTS
from sd_chinese.mini.scenes.captions import describe, facts_of, read_caption
from sd_chinese.mini.scenes.drawing import draw
from sd_chinese.mini.scenes.elements import ELEMENTS, implied
from sd_chinese.mini.scenes.scene import SEASONS, TIMES, WEATHERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sd_chinese.mini.scenes.captions import Facts
    from sd_chinese.mini.scenes.scene import Scene

__all__ = ["judge", "main"]

CAPTIONS, DRAWINGS = 200, 1000


@dataclass(frozen=True)
class Score:
    """How often something held, of how many times it was looked at."""

    hits: int
    of: int

    def __str__(self) -> str:
        return f"{100 * self.hits / self.of:5.1f} % ({self.hits}/{self.of})" if self.of else "    -"


def unseen_scenes(count: int) -> list[Scene]:
    """Scenes that no training stream holds."""
    return [data.scene_at(number, data.UNSEEN) for number in range(count)]


def unseen_captions(scenes: Sequence[Scene]) -> list[str]:
    """One caption for each scene."""
    return [describe(scene, np.random.default_rng((22, n))) for n, scene in enumerate(scenes)]


def count(named: Sequence[Facts], seen: Sequence[Facts], wanted: Callable[[str], bool]) -> Score:
    """Of the facts named that are ``wanted``, how many were seen."""
    pairs = [(fact, shown) for told, shown in zip(named, seen, strict=True) for fact in told if wanted(fact)]
    return Score(sum(fact in shown for fact, shown in pairs), len(pairs))


def strangers(named: Facts, seen: Facts) -> frozenset[str]:
    """Elements seen that were neither named nor come with what was named (a boat brings its river)."""
    welcome = implied(tuple(named & set(ELEMENTS)))
    return frozenset(seen & set(ELEMENTS)) - welcome


def table(
    scenes: Sequence[Scene], drawn: Sequence[Facts], named: Sequence[Facts], made: Sequence[Facts]
) -> list[str]:
    """The lines of the report."""
    truth = [facts_of(scene) for scene in scenes]
    lines = [
        f"{'element':<15}{'drawings: found':>22}{'not there: found':>22}{'pictures: found':>22}{'not named: found':>22}"
    ]
    for key in ELEMENTS:
        lines.append(
            f"{key:<15}"
            f"{count(truth, drawn, key.__eq__)!s:>22}{_false(key, truth, drawn)!s:>22}"
            f"{count(named, made, key.__eq__)!s:>22}{_false(key, named, made)!s:>22}"
        )
    lines.append("")
    for title, wanted in (
        ("named elements found", lambda f: f in ELEMENTS),
        ("colours", lambda f: ":" in f),
        ("time of day", lambda f: f in TIMES),
        ("season", lambda f: f in SEASONS[1:]),
        ("weather", lambda f: f in WEATHERS[1:]),
        ("ink style", lambda f: f == "ink"),
    ):
        lines.append(
            f"{title:<32} drawings {count(truth, drawn, wanted)!s:>20}   pictures {count(named, made, wanted)!s:>20}"
        )
    for title, share in (
        ("pictures with any stranger", _any_stranger),
        ("strangers per chance", _per_chance),
    ):
        lines.append(
            f"{title:<32} drawings {share(truth, drawn)!s:>20}   pictures {share(named, made)!s:>20}"
        )
    lines += [
        "",
        "A stranger is an element found that was neither named nor implied by one that was (boat -> river).",
        "Per chance: strangers, over all (picture, element) pairs in which the element was not called for.",
    ]
    return lines


def _false(key: str, named: Sequence[Facts], seen: Sequence[Facts]) -> Score:
    free = [
        shown
        for told, shown in zip(named, seen, strict=True)
        if key not in implied(tuple(told & set(ELEMENTS)))
    ]
    return Score(sum(key in shown for shown in free), len(free))


def _any_stranger(named: Sequence[Facts], seen: Sequence[Facts]) -> Score:
    return Score(sum(bool(strangers(a, b)) for a, b in zip(named, seen, strict=True)), len(named))


def _per_chance(named: Sequence[Facts], seen: Sequence[Facts]) -> Score:
    parts = [_false(key, named, seen) for key in ELEMENTS]
    return Score(sum(p.hits for p in parts), sum(p.of for p in parts))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    from PIL import Image

    from sd_chinese.mini.sheet import contact_sheet

    parser = argparse.ArgumentParser(prog="python -m sd_chinese.mini.probe", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR")
    parser.add_argument("--captions", type=int, default=CAPTIONS)
    parser.add_argument("--drawings", type=int, default=DRAWINGS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="also paint the first 40 pictures")
    args = parser.parse_args(arguments)
    scenes = unseen_scenes(max(args.drawings, args.captions))
    weights = args.weights / "probe" / "probe.safetensors"
    drawn = judge([draw(scene) for scene in scenes], weights)
    captions = unseen_captions(scenes[: args.captions])
    pictures = sampling.generate(sampling.load_parts(args.weights / "base"), captions, args.seed)
    made = judge(pictures, weights)
    named = [read_caption(caption) for caption in captions]
    print("\n".join(table(scenes, drawn, named, made)))
    if args.sheet:
        contact_sheet([Image.fromarray(p) for p in pictures[:40]], captions[:40]).save(args.sheet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
