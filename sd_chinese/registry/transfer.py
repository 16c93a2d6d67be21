"""Many files at once, with one account of speed and time left."""

from __future__ import annotations

import shutil
import threading
import time
import unicodedata
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path, PurePosixPath

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Report, Stop
from sd_chinese.registry.addresses import SourceError, safe_path
from sd_chinese.registry.download import OWN_ENDINGS, SIZE_LIMIT, Download, RemoteFile
from sd_chinese.registry.web import Web

PARALLEL = 4
_MANY = 200  # files: no model has as many
_MEMORY = 8.0  # seconds over which speed is averaged
_EVERY = 0.2  # seconds between two events


class Meter:
    """Bytes that are here, and how fast they come; called from many threads.

    Args:
        limit: bytes above which it is too much: files may be longer than the source said, or it said nothing.
    """

    def __init__(self, total: int, limit: int) -> None:
        self.total, self.limit = total, limit
        self._lock = threading.Lock()
        self._files: dict[str, int] = {}
        self._arrived = 0  # by this transfer, not before it
        self._ticks: list[tuple[float, int]] = []
        self._latest = ""

    def count(self, path: str, done: int) -> None:
        """
        Raises:
            SourceError: ``source_too_large``.
        """
        with self._lock:
            before = self._files.get(path)
            # The first figure holds what an earlier try has left.
            self._arrived += max(0, done - before) if before is not None else 0
            self._files[path], self._latest = done, path
            size = sum(self._files.values())
        if size > self.limit:
            raise too_large(size, self.limit)

    def event(self) -> Progress:
        now = time.monotonic()
        with self._lock:
            done = sum(self._files.values())
            self._ticks = [tick for tick in self._ticks if now - tick[0] <= _MEMORY] + [(now, self._arrived)]
            (first, begun), latest = self._ticks[0], self._latest
        speed = (self._arrived - begun) / (now - first) if now - first >= 1.0 else None
        left = max(0, self.total - done) / speed if speed else None
        return Progress("download", done, max(done, self.total), "bytes", speed, left, latest)


def fetch_files(
    files: Sequence[RemoteFile],
    folder: Path,
    web: Web,
    report: Report,
    stop: Stop,
    *,
    limit: int = SIZE_LIMIT,
    parallel: int = PARALLEL,
) -> dict[str, str]:
    """Fetch files below ``folder``, several at once; the first failure ends all, and what has come stays.
    Returns the SHA-256 of each, by its path.

    Args:
        limit: bytes that all files together may have.

    Raises:
        SourceError: a name leads elsewhere, the files are larger than ``limit``, or as `Download.run`.
        SdzhError: ``cancelled``, ``disk_full``, ``write_failed``.
    """
    targets = _targets(files, folder)
    total = sum(file.size or 0 for file in files)
    if total > limit:
        raise too_large(total, limit)
    check_space(folder, total - _here(targets.values()))
    meter = Meter(total, limit)
    with stop.child() as own, ThreadPoolExecutor(parallel, thread_name_prefix="sdzh-download") as pool:
        downloads = [
            Download(web, file, targets[file.path], own, limit, partial(meter.count, file.path))
            for file in sorted(files, key=lambda file: -(file.size or 0))
        ]
        paths = {pool.submit(download.run): download.file.path for download in downloads}
        running = set(paths)
        digests: dict[str, str] = {}
        try:
            while running:
                done, running = wait(running, _EVERY, FIRST_EXCEPTION)
                digests |= {paths[future]: future.result() for future in done}
                report(meter.event())
        except BaseException:
            own.set()
            for future in running:
                future.cancel()
            raise
    return digests


def _targets(files: Sequence[RemoteFile], folder: Path) -> dict[str, Path]:
    """Where each file goes.

    Raises:
        SourceError: ``name_unsafe``: out of the folder, onto one another, or onto what a download keeps there itself.
    """
    targets = {file.path: safe_path(folder, file.path) for file in files}
    seen = {
        unicodedata.normalize("NFC", path).casefold() for path in targets
    }  # as Windows and macOS see them
    parents = {str(parent) for path in seen for parent in PurePosixPath(path).parents}
    bad = [path for path in targets if path.lower().endswith(OWN_ENDINGS)]
    if bad or len(seen) != len(files) or seen & parents or len(files) > _MANY:
        raise SourceError("name_unsafe", name=ascii((bad or [file.path for file in files])[0][:80]))
    return targets


def too_large(size: int, limit: int) -> SourceError:
    return SourceError("source_too_large", size=-(-size >> 20), limit=limit >> 20)


def check_space(folder: Path, need: int) -> None:
    """
    Raises:
        SdzhError: ``disk_full``.
    """
    place = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(place).free
    if need > free:
        raise SdzhError("disk_full", path=folder, need=need >> 20, free=free >> 20)


def _here(targets: Iterable[Path]) -> int:
    """Bytes of an earlier try."""
    parts = [path for target in targets for path in (target, target.with_name(target.name + ".part"))]
    return sum(path.stat().st_size for path in parts if path.is_file())
