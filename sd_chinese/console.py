"""What a terminal is told: lines in whatever encoding it has, and tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from sd_chinese.progress import display_width, encodable


def say(line: str, stream: TextIO | None = None) -> None:
    """Print, whatever the console's encoding (a Chinese Windows console is GBK, a pipe may be ASCII)."""
    out = stream or sys.stdout
    print(encodable(line, out), file=out, flush=True)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns by display width: a Chinese character takes two cells."""
    widths = [max(display_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in rows]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - display_width(cell))
