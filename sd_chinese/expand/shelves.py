"""The lexicon's entries by their kind: styles to choose from, and lines of verse that suit a season."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sd_chinese.expand.index import Index
from sd_chinese.expand.lexicon import Entry
from sd_chinese.expand.records import Records

#: The first days (month, day) of the solar terms that begin the seasons: 立春, 立夏, 立秋, 立冬.
_BEGINNINGS = (((2, 4), "春"), ((5, 5), "夏"), ((8, 7), "秋"), ((11, 7), "冬"))


@dataclass(frozen=True)
class Shelved:
    """An entry and the theme (the name of the file) under which the lexicon keeps it."""

    entry: Entry
    theme: str


def entries_of(kind: str, index: Index, records: Records) -> Iterator[Shelved]:
    """Every entry of a kind, in the lexicon's order."""
    for number in range(index.counts["entries"]):
        head = index.entry(number).split("\n", 1)[0].split("\t")
        known = records.entry(number) if head[0] == kind else None
        if known is not None and known.entry is not None:
            yield Shelved(known.entry, Path(head[3]).stem)


def season_of(day: date) -> str:
    """The season that has begun by the Chinese calendar's solar terms."""
    today = (day.month, day.day)
    return next((season for first, season in reversed(_BEGINNINGS) if today >= first), "冬")


def lines_for(season: str, index: Index, records: Records) -> list[Entry]:
    """Lines of verse whose picture is set in ``season``."""
    return [
        shelved.entry
        for shelved in entries_of("verse", index, records)
        if any(season in picture.season for picture in shelved.entry.pictures)
    ]
