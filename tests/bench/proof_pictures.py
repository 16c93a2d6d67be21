"""``python -m tests.bench.proof_pictures``: sixty phrases drawn raw and expanded by the embedded family.

Each phrase is drawn twice from the same noise: as it stands, and as :mod:`sd_chinese.expand` writes it for a context
of 32 tokens. The judge of ``mini/probe`` counts how many of the expected elements it finds. Two lists:
``pictures.tsv``, many of whose phrases name what they show (渔舟唱晚 has a boat in it), and
``pictures_unnamed.tsv``, none of whose phrases does (出淤泥而不染 is a lotus).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from sd_chinese.expand.expander import ExpandOptions
from sd_chinese.mini import probe, sampling, sheet
from sd_chinese.mini.folders import WEIGHTS
from sd_chinese.mini.scenes.elements import ELEMENTS
from sd_chinese.workflows.expand_prompt import open_expander

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sd_chinese.mini.scenes.captions import Facts

LISTS = tuple(Path(__file__).with_name(name) for name in ("pictures.tsv", "pictures_unnamed.tsv"))
LIMIT = 30
COLUMNS = 12


@dataclass(frozen=True)
class Drawn:
    """A phrase, what it should show, and what was seen in its raw and in its expanded picture."""

    phrase: str
    expected: Facts
    raw: Facts
    expanded: Facts


def read_phrases(path: Path) -> list[tuple[str, frozenset[str]]]:
    """Phrases and the elements that are expected of them."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    rows = [line.split("\t") for line in lines]
    return [(phrase, frozenset(elements.split())) for phrase, elements in rows]


def table(drawn: Sequence[Drawn]) -> list[str]:
    """One line a phrase, then the sums."""
    lines = [
        f"{d.phrase:　<12} {' '.join(sorted(d.expected)):<24} raw {' '.join(sorted(d.raw & d.expected)):<24} "
        f"expanded {' '.join(sorted(d.expanded & d.expected))}"
        for d in drawn
    ]
    wanted = sum(len(d.expected) for d in drawn)
    raw, expanded = (sum(len(d.expected & seen(d)) for d in drawn) for seen in (_raw, _expanded))
    lines.append(
        f"expected elements {wanted}: raw {raw}, expanded {expanded}, ratio {expanded / max(1, raw):.2f}"
    )
    others = [sum(len(_strangers(d.expected, seen(d))) for d in drawn) for seen in (_raw, _expanded)]
    lines.append(f"elements that were not expected: raw {others[0]}, expanded {others[1]}")
    return lines


def _raw(d: Drawn) -> Facts:
    return d.raw


def _expanded(d: Drawn) -> Facts:
    return d.expanded


def _strangers(expected: Facts, seen: Facts) -> frozenset[str]:
    return (seen & set(ELEMENTS)) - probe.implied(tuple(expected))


def prove(
    phrases: Sequence[tuple[str, Facts]], parts: sampling.Parts, judge: Path, seed: int
) -> tuple[list[Drawn], Image.Image]:
    """Draws and judges every phrase of a list; the sheet shows raw and expanded side by side."""
    expander = open_expander()
    lines = [phrase for phrase, _ in phrases]
    told = [expander.expand(line, ExpandOptions(limit=LIMIT)).prompt_zh for line in lines]
    raw, expanded = (sampling.generate(parts, prompts, seed) for prompts in (lines, told))
    seen = zip(probe.judge(raw, judge), probe.judge(expanded, judge), strict=True)
    drawn = [Drawn(*phrase, *both) for phrase, both in zip(phrases, seen, strict=True)]
    pairs = [Image.fromarray(picture) for both in zip(raw, expanded, strict=True) for picture in both]
    captions = [caption for line in lines for caption in (line, "→")]
    return drawn, sheet.contact_sheet(pairs, captions, COLUMNS)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.proof_pictures", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR")
    parser.add_argument("--list", type=Path, metavar="FILE.tsv", help="this list of phrases alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE.png", help="also paint raw and expanded side by side"
    )
    args = parser.parse_args(arguments)
    parts = sampling.load_parts(args.weights / "base")
    judge = args.weights / "probe" / "probe.safetensors"
    for path in [args.list] if args.list else LISTS:
        drawn, page = prove(read_phrases(path), parts, judge, args.seed)
        print("\n".join((path.name, *table(drawn), "")))
        if args.sheet:
            page.save(args.sheet.with_stem(f"{args.sheet.stem}-{path.stem}"), format="PNG")
    return 0


if __name__ == "__main__":
    sys.exit(main())
