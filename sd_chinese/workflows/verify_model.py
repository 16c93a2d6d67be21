"""Whether installed models are still what was installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Report, Stop
from sd_chinese.registry.card import Words
from sd_chinese.registry.download import digest_of
from sd_chinese.registry.installed import Installed

if TYPE_CHECKING:
    from sd_chinese.workflows.library import Library

INTACT, CHANGED, MISSING = "intact", "changed", "missing"


@dataclass(frozen=True)
class Verdict:
    """``state`` of one file: ``intact``, ``changed`` or ``missing``."""

    id: str
    path: Path
    state: str


def verify_model(names: Sequence[str], library: Library, report: Report, stop: Stop) -> Iterator[Verdict]:
    """Check the files of installed models, of all of them when no name is given, against their checksums.

    Raises:
        SdzhError: ``verify_unknown``, ``cancelled``.
    """
    records = library.ledger.read()
    if unknown := [name for name in names if name not in records]:
        raise SdzhError("verify_unknown", id=unknown[0], ids=", ".join(records) or "-")
    chosen = [records[name] for name in names or records]
    total = sum(file.size for record in chosen for file in record.files)
    done = 0
    for record in chosen:
        for path, size, sha256 in _files(record, library.place(record)):
            report(Progress("verify", done, total, detail=path.name))
            yield Verdict(record.id, path, _state(path, size, sha256, stop))
            done += size


def expect_intact(name: str, library: Library, report: Report, stop: Stop) -> None:
    """
    Raises:
        SdzhError: ``verify_failed``, naming the files that have changed or are gone; as `verify_model`.
    """
    wrong = [each for each in verify_model([name], library, report, stop) if each.state != INTACT]
    if wrong:
        states = {state: strings.text(f"verdict_{state}") for state in (CHANGED, MISSING)}
        said = (", ".join(f"{each.path.name} {states[each.state][n]}" for each in wrong) for n in (0, 1))
        raise SdzhError("verify_failed", id=name, files=Words(*said))


def _files(record: Installed, place: Path) -> Iterator[tuple[Path, int, str]]:
    for file in record.files:
        yield (place / file.path if file.path else place), file.size, file.sha256


def _state(path: Path, size: int, sha256: str, stop: Stop) -> str:
    try:
        if path.stat().st_size != size:
            return CHANGED
        return INTACT if digest_of(path, stop=stop) == sha256 else CHANGED
    except OSError:
        return MISSING
