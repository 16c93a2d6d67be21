"""How far a long action has come, whether it should go on, and a one-line bar on stderr that shows it."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TextIO
from unicodedata import east_asian_width

from sd_chinese import strings
from sd_chinese.errors import SdzhError

WIDTH = 24


@dataclass(frozen=True)
class Progress:
    """One event of a long action: the same for the page, the API and the terminal.

    Attributes:
        stage: ``list``, ``download``, ``verify``, ``convert`` or ``place``; its words are `strings.TEXTS["stage_…"]`.
        done, total: in ``unit``; a total of 0 is not known yet.
        unit: ``bytes``, ``tensors`` or ``files``.
        speed: units per second of late; None where it says nothing.
        seconds_left: None while it cannot be told.
        detail: what is worked on, such as a file's name or a source.
    """

    stage: str
    done: int = 0
    total: int = 0
    unit: str = "bytes"
    speed: float | None = None
    seconds_left: float | None = None
    detail: str = ""


Report = Callable[[Progress], None]
"""Receives events; raises ``SdzhError("cancelled")`` when the action should end."""


class Stop:
    """Ends an action from another thread: at its next `check`, or at once where it waits for a socket or the clock."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._enders: set[Callable[[], None]] = set()
        self._lock = threading.Lock()

    def set(self) -> None:
        self._event.set()
        with self._lock:
            enders = list(self._enders)
        for end in enders:
            end()

    def check(self) -> None:
        """
        Raises:
            SdzhError: ``cancelled``.
        """
        if self._event.is_set():
            raise SdzhError("cancelled")

    def sleep(self, seconds: float) -> None:
        """Wait, but not past `set`."""
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def watching(self, connection: socket.socket) -> Iterator[None]:
        """While inside, `set` ends any read from the socket."""
        with self._ending(partial(_shut, connection)):
            yield

    @contextmanager
    def child(self) -> Iterator[Stop]:
        """A stop for a part of the action: it ends with this one, or alone, and in any case at the end."""
        part = Stop()
        try:
            with self._ending(part.set):
                yield part
        finally:
            part.set()

    @contextmanager
    def _ending(self, end: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._enders.add(end)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._enders.discard(end)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # closed by the other side already
        connection.shutdown(socket.SHUT_RDWR)


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


class ProgressLine:
    """A `Report` for a terminal: one line per stage, redrawn in place; silent where stderr is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.stage = ""
        self.width = 0

    def __call__(self, event: Progress) -> None:
        if not self.stream.isatty():
            return
        # A line that wraps cannot be drawn over: it would fill the window.
        line = fitted(encodable(describe(event), self.stream), shutil.get_terminal_size().columns - 1)
        start = "\n" if self.stage and self.stage != event.stage else "\r"
        width = display_width(line)
        self.stream.write(start + line + " " * max(0, self.width - width))
        self.stream.flush()
        self.stage, self.width = event.stage, width

    def close(self) -> None:
        """Go to the next line; other output may follow."""
        if self.stage:
            self.stream.write("\n")
            self.stream.flush()


def describe(event: Progress) -> str:
    """An event as a line, such as ``下载 / download [####----] 52 % 2.1/4.1 GB 11.3 MB/s 剩余 3:04 left``."""
    parts = [strings.both(f"stage_{event.stage}")]
    if event.total:
        share = min(1.0, event.done / event.total)
        filled = int(WIDTH * share)
        parts.append(f"[{'#' * filled}{'-' * (WIDTH - filled)}] {100 * share:.0f} %")
        parts.append(f"{amount(event.done, event.unit)} / {amount(event.total, event.unit)}")
    if event.speed:
        parts.append(f"{amount(event.speed, event.unit)}/s")
    if event.seconds_left is not None:
        left = round(event.seconds_left)
        parts.append(f"剩余 {left // 60}:{left % 60:02} left")
    return " ".join([*parts, event.detail]).rstrip()


def amount(value: float, unit: str = "bytes") -> str:
    """``4.2 GB`` for bytes, a plain number for all else."""
    if unit != "bytes":
        return f"{value:.0f}"
    for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if value >= size:
            return f"{value / size:.1f} {name}"
    return f"{value:.0f} B"


def display_width(text: str) -> int:
    """Cells that a terminal needs: a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def fitted(line: str, cells: int) -> str:
    """As much of the line's beginning as fits."""
    while display_width(line) > cells:
        line = line[:-1]
    return line


def encodable(line: str, stream: TextIO) -> str:
    """Replace what the stream's encoding cannot show (a GBK or ASCII console)."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return line.encode(encoding, "replace").decode(encoding, "replace")
