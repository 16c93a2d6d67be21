"""What we have put on this disk, in one small JSON file beside the models: to be checked, and taken away again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sd_chinese.errors import SdzhError
from sd_chinese.registry.addresses import safe_path

_VERSION = 1
_SECTIONS = ("models", "licences", "fetched")


@dataclass(frozen=True)
class PlacedFile:
    """A file that an install wrote; ``path`` from the record's own place on, empty for the place itself."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Installed:
    """An installed model.

    Attributes:
        id: of its card, or of the file that it was made of.
        place: name of the file or folder in the host's folder of that kind, so that a models folder can be moved.
        files: empty while the model is being placed.
        source: name of the source, and the address or path it came from.
        revision: as the card asked for it; empty for the newest.
        time: of the install, in seconds since the epoch.
    """

    id: str
    kind: str
    place: str
    files: tuple[PlacedFile, ...]
    source: str = ""
    revision: str = ""
    time: float = 0.0


@dataclass(frozen=True)
class Ledger:
    """The JSON file; every change reads it anew and replaces it whole."""

    path: Path

    def read(self) -> dict[str, Installed]:
        """Every record by id; a missing file holds none.

        Raises:
            SdzhError: ``ledger_unreadable``.
        """
        try:
            return {id_: _record(id_, entry) for id_, entry in self._content("models").items()}
        except (TypeError, KeyError, SdzhError) as error:
            raise SdzhError("ledger_unreadable", path=self.path, reason=error) from error

    def accepted(self) -> Mapping[str, str]:
        """Card id -> the licence that was agreed to."""
        return self._content("licences")

    def fetched(self, origin: str) -> Mapping[str, str]:
        """File -> SHA-256 of what an install has had from there, also where the source publishes none; it outlives
        the model, so that a change shows when it is installed again."""
        found: Mapping[str, str] = self._content("fetched").get(origin, {})
        return found

    def put(self, record: Installed) -> None:
        entry = asdict(record)
        del entry["id"]
        self._change("models", record.id, entry)

    def drop(self, id_: str) -> None:
        self._change("models", id_, None)

    def accept(self, id_: str, licence: str) -> None:
        self._change("licences", id_, licence)

    def remember(self, origin: str, digests: Mapping[str, str]) -> None:
        if digests:
            self._change("fetched", origin, {**self.fetched(origin), **digests})

    def _content(self, section: str) -> dict[str, Any]:
        try:
            return dict(json.loads(self.path.read_text(encoding="utf-8")).get(section, {}))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise SdzhError("ledger_unreadable", path=self.path, reason=error) from error

    def _change(self, section: str, key: str, value: object) -> None:
        with held(self.path.with_name(f".{self.path.name}.lock")):
            content = {each: self._content(each) for each in _SECTIONS}
            content[section].pop(key, None)
            if value is not None:
                content[section][key] = value
            text = json.dumps({"version": _VERSION, **content}, ensure_ascii=False, indent=1)
            write_text(self.path, text + "\n")


def _record(id_: str, entry: dict[str, Any]) -> Installed:
    files = tuple(PlacedFile(**each) for each in entry["files"])
    record = Installed(**{**entry, "id": id_, "files": files})
    for name in (record.place, *(file.path for file in files if file.path)):
        safe_path(Path(), name)
    return record


def write_text(path: Path, text: str) -> None:
    """Replace a text file whole.

    Raises:
        SdzhError: ``write_failed``.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise SdzhError("write_failed", path=path, reason=error.strerror or error) from error


@contextmanager
def held(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock file against other processes and threads; the system lets go of it when the process ends.

    Raises:
        SdzhError: ``lock_held``, when it is not to be waited for; ``write_failed``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise SdzhError("write_failed", path=path, reason=error.strerror or error) from error
    with file:
        try:
            _lock(file.fileno(), wait)
        except OSError:
            raise SdzhError("lock_held", path=path) from None
        yield  # and the file stays: somebody may be waiting for this very one


if os.name == "nt":

    def _lock(descriptor: int, wait: bool) -> None:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:

    def _lock(descriptor: int, wait: bool) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
