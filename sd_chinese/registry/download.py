"""One file over a bad line: resumed where it broke off, checked, and under its name only when it is whole."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Stop
from sd_chinese.registry.addresses import SourceError
from sd_chinese.registry.web import LineError, Page, Web, shown

SIZE_LIMIT = 20 << 30
"""For a file whose size nobody says."""
OWN_ENDINGS = (".part", ".part.json")
_CHUNK = 1 << 20
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


@dataclass(frozen=True)
class Digest:
    """A published checksum: ``sha256``, ``sha512``, ``sha1``, or ``git``, the name that git gives the content."""

    algorithm: str
    value: str


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch; ``path`` is where it stands in the model, with slashes."""

    path: str
    url: str
    size: int | None = None
    digest: Digest | None = None


def digest_of(path: Path, algorithm: str = "sha256", stop: Stop | None = None) -> str:
    """The checksum of a file in hexadecimal."""
    return _hash(path, _new_hash(algorithm, path.stat().st_size), stop)


class Tally:
    """The SHA-256 of a file that grows."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._state, self._size = hashlib.sha256(), 0

    @property
    def value(self) -> str:
        return self._state.hexdigest()

    def count(self, chunk: bytes) -> None:
        self._state.update(chunk)
        self._size += len(chunk)

    def count_file(self, path: Path, size: int, stop: Stop) -> None:
        """Make it that of the first ``size`` bytes of a file, of which what was counted is the beginning."""
        if size < self._size:
            self.forget()
        if size == self._size:
            return
        with path.open("rb") as file:
            file.seek(self._size)
            while self._size < size and (chunk := file.read(min(_CHUNK, size - self._size))):
                self.count(chunk)
                stop.check()


@dataclass
class Download:
    """One file on its way to ``target``. ``<target>.part`` holds what has come, ``<target>.part.json`` what it is of.

    Attributes:
        limit: bytes above which a file of unknown size is given up.
        on_bytes: called with the bytes that are here.
        tally: their SHA-256, taken as they come: a model of gigabytes is not read again for it.
    """

    web: Web
    file: RemoteFile
    target: Path
    stop: Stop
    limit: int = SIZE_LIMIT
    on_bytes: Callable[[int], None] = lambda done: None
    tally: Tally = field(default_factory=Tally)

    def run(self) -> str:
        """Fetch the file, unless it is here. Returns its SHA-256.

        Raises:
            SourceError: ``source_interrupted``, ``source_unreachable``, ``source_corrupt``, ``source_length``,
                ``source_page``, or as `Web.open`; what has come and may be of use stays.
            SdzhError: ``cancelled``, ``write_failed``.
        """
        try:
            if self.target.is_file() and self._is_right(self.target):
                self.on_bytes(self.target.stat().st_size)
                return self.tally.value
            self.tally.forget()  # that was of another file
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._fetch()
            self.part.replace(self.target)
            self.note.unlink(missing_ok=True)
            return self.tally.value
        except OSError as error:
            raise SdzhError("write_failed", path=self.target, reason=error.strerror or error) from error

    @cached_property
    def part(self) -> Path:
        return self.target.with_name(self.target.name + OWN_ENDINGS[0])

    @cached_property
    def note(self) -> Path:
        return self.target.with_name(self.target.name + OWN_ENDINGS[1])

    def _fetch(self) -> None:
        failures, corrupt = 0, False
        granted = 2  # it has answered with its list of files
        while True:
            before = self._here()
            try:
                self._receive()
            except LineError as error:
                came = self._here() > before
                failures, granted = (1, self.web.attempts) if came else (failures + 1, granted)
                self.web.back_off(failures, error, self.file.url, self.stop, granted)
                continue
            if self._is_right(self.part):
                return
            self._discard()
            if corrupt:
                raise SourceError("source_corrupt", url=shown(self.file.url))
            corrupt = True  # once: a proxy may have spoilt what was resumed

    def _receive(self) -> None:
        """One request. Ends with all bytes in the part file, or in an error."""
        headers = self._resuming()
        start = self._here() if headers else 0
        with self.web.open(self.file.url, self.stop, headers) as page:
            if page.status == 416:
                self._settle_range(page, start)
                return
            if page.is_web_page and not self.file.path.endswith((".html", ".htm")):
                raise SourceError("source_page", url=shown(self.file.url))
            start = self._start(page, start)
            end = self._end(page, start)
            self._take_note(page, end)
            with self.part.open("r+b" if start else "wb") as out:
                out.truncate(start)
                out.seek(start)
                self.on_bytes(start)
                self.tally.count_file(self.part, start, self.stop)
                here = start
                while chunk := page.read():
                    here += len(chunk)
                    if here > (self.limit if end is None else end):
                        self._discard_open(out)
                        raise SourceError(
                            "source_length", url=shown(self.file.url), expected=end, actual=here
                        )
                    out.write(chunk)
                    self.tally.count(chunk)
                    self.on_bytes(here)
        if end is not None and here < end:
            raise LineError(f"{here} < {end}")

    def _resuming(self) -> dict[str, str]:
        """The headers that ask for the rest, empty when what is here may be of another file.

        The same published checksum is proof enough, whatever the source; without one, only the server's own strong
        validator is.
        """
        note, start = self._noted(), self._here()
        if not start:
            return {}
        same = note.get("url") == self.file.url
        validator = str(note.get("validator") or "") if same else ""
        wanted = asdict(self.file.digest) if self.file.digest else None
        if not validator and (wanted is None or note.get("digest") != wanted):
            return {}
        return {"Range": f"bytes={start}-", **({"If-Range": validator} if validator else {})}

    def _start(self, page: Page, asked: int) -> int:
        if page.status == 200:
            return 0
        found = _RANGE.fullmatch(page.headers.get("Content-Range", ""))
        if not asked or not found or found[1] != str(asked):
            self._discard()
            raise LineError("Content-Range")
        return asked

    def _end(self, page: Page, start: int) -> int | None:
        """How many bytes the file must have in the end."""
        said = None if page.length is None else start + page.length
        if self.file.size is not None and said not in (None, self.file.size):
            self._discard()
            raise SourceError("source_length", url=shown(self.file.url), expected=self.file.size, actual=said)
        end = said if self.file.size is None else self.file.size
        if (
            end is None
            and not self.file.digest
            and "chunked" not in page.headers.get("Transfer-Encoding", "")
        ):
            raise SourceError("source_length", url=shown(self.file.url), expected="?", actual="?")
        if end is not None and end > self.limit:
            raise SourceError("source_length", url=shown(self.file.url), expected=self.limit, actual=end)
        return end

    def _settle_range(self, page: Page, start: int) -> None:
        """Nothing is left to send: either all is here, or it is of another file."""
        found = _RANGE.fullmatch(page.headers.get("Content-Range", ""))
        if not (found and found[2] == str(start) and self.file.size in (None, start)):
            self._discard()
            raise LineError("HTTP 416")

    def _is_right(self, path: Path) -> bool:
        size, digest = path.stat().st_size, self.file.digest
        if self.file.size not in (None, size):
            return False
        self.tally.count_file(path, size, self.stop)
        if digest is None:
            return True
        if digest.algorithm == "sha256":
            return digest.value == self.tally.value
        return digest.value == digest_of(path, digest.algorithm, self.stop)  # small files have these

    def _here(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _noted(self) -> Mapping[str, Any]:
        with suppress(OSError, ValueError, TypeError):
            return dict(json.loads(self.note.read_text(encoding="utf-8")))
        return {}

    def _take_note(self, page: Page, end: int | None) -> None:
        etag = page.headers.get("ETag", "")
        strong = etag if etag.startswith('"') else page.headers.get("Last-Modified", "")
        digest = asdict(self.file.digest) if self.file.digest else None
        note = {"url": self.file.url, "validator": strong, "digest": digest, "size": end}
        self.note.write_text(json.dumps(note), encoding="utf-8")

    def _discard(self) -> None:
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _discard_open(self, out: Any) -> None:
        out.close()  # Windows removes no open file
        self._discard()


def _new_hash(algorithm: str, size: int) -> Any:
    if algorithm == "git":  # a blob's name: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
        return hashlib.sha1(f"blob {size}\0".encode("ascii"), usedforsecurity=False)
    return hashlib.new(algorithm)


def _hash(path: Path, state: Any, stop: Stop | None) -> str:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
            if stop:
                stop.check()
    return str(state.hexdigest())
