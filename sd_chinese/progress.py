"""A one-line progress bar on stderr: percent, steps, time left; silent when stderr is not a terminal's."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 24


class ProgressBar:
    """Draws itself at each call; usable wherever ``(done, total)`` is reported.

    Args:
        title: what is going on, in the user's words.
        stream: where to draw; on a stream that is no terminal only the last line is printed.
    """

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self.title = title
        self.stream = stream or sys.stderr
        self.start = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        finished = done >= total
        if not (finished or self.stream.isatty()):
            return
        elapsed = time.monotonic() - self.start
        left = elapsed / max(done, 1) * (total - done)
        filled = WIDTH * done // max(total, 1)
        bar = "#" * filled + "-" * (WIDTH - filled)
        when = f"{elapsed:.1f} s" if finished else f"剩余 {left:.0f} s left"
        line = f"{self.title} [{bar}] {done}/{total} {100 * done // max(total, 1)} % {when}"
        self.stream.write("\r" + encodable(line, self.stream) + ("\n" if finished else ""))
        self.stream.flush()


def encodable(line: str, stream: TextIO) -> str:
    """Replace what the stream's encoding cannot show (a GBK or ASCII console)."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return line.encode(encoding, "replace").decode(encoding, "replace")
