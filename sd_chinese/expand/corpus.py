"""Bakes Tang and Song verse from the npm package ``chinese-poetry`` (MIT; the poems are public domain) into one text.

The package holds 330,000 poems; kept are those that its editors tagged (唐诗三百首, 边塞, 月亮 ...) and the classics,
about a tenth. The result is readable: a ``= title · author · dynasty · tags`` line, then a line of clauses.
"""

from __future__ import annotations

import json
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sd_chinese.errors import SdzhError
from sd_chinese.expand.hantext import is_han
from sd_chinese.words import fold

NOTICE = (
    "# Chinese verse in the public domain, from chinese-poetry, Copyright (c) 2016 JackeyGao.\n"
    "# MIT License: permission is granted, free of charge, to any person obtaining a copy of this software and\n"
    "# associated documentation files, to deal in the software without restriction, provided that this notice is\n"
    '# included. The software is provided "as is", without warranty of any kind.\n'
)
#: Folder of the package -> (dynasty, whether only tagged poems are taken, author where the files name none).
SHELVES = {
    "quantangshi": ("", True, ""),
    "songci": ("宋", True, ""),
    "shijing": ("先秦", False, "诗经"),
    "chuci": ("先秦", False, ""),
    "caocaoshiji": ("汉", False, "曹操"),
    "wudaishici": ("五代", False, ""),
    "nalanxingde": ("清", False, "纳兰性德"),
    "shuimotangshi": ("唐", False, ""),
}
CLAUSE = (4, 24)
# Of the whole archive and of one file in it, unpacked: the real one has 0.36 GB, its largest file 4 MB.
ARCHIVE_LIMIT, FILE_LIMIT = 4 << 30, 64 << 20
_PUNCTUATION = re.compile(r"[，。、；：？！,.;:?!\s·「」『』“”‘’《》]+")
_ASIDE = re.compile(r"[（(\[【〔{].*?[）)\]】〕}]")


@dataclass(frozen=True)
class Baked:
    """What a bake wrote."""

    poems: int
    clauses: int


def bake_corpus(package: Path, out: Path) -> Baked:
    """Write the poems of ``package`` (the ``.tgz`` as downloaded, or its unpacked folder) to ``out``.

    Raises:
        SdzhError: ``package`` holds no poems.
    """
    poems: dict[str, tuple[str, list[str]]] = {}
    for shelf, dynasty, record in _records(package):
        title, author, body, tags = _fields(record, shelf)
        clauses = _clauses(body)
        if not clauses or not title:
            continue
        head = " · ".join(part.replace("·", "・") for part in (title, author, dynasty))
        poem = (" · ".join([head, *([tags] if tags else [])]), clauses)
        key = clauses[0] + clauses[-1]
        poems[key] = min(poems.get(key, poem), poem)
    if not poems:
        raise SdzhError("corpus_empty", path=package)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(NOTICE)
        for head, clauses in sorted(poems.values()):
            file.write(f"= {head}\n{' '.join(clauses)}\n")
    part.replace(out)
    return Baked(len(poems), sum(len(clauses) for _, clauses in poems.values()))


def _records(package: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every poem worth keeping, as (shelf, dynasty, the package's record)."""
    for name, raw in _files(package):
        parts = PurePosixPath(name).parts
        shelf = next((part for part in parts if part in SHELVES), None)
        if shelf is None or "error" in parts or parts[-1].startswith("author") or not name.endswith(".json"):
            continue
        dynasty, tagged_only, _ = SHELVES[shelf]
        dynasty = dynasty or ("宋" if ".song." in parts[-1] else "唐")
        for record in _listed(raw, name):
            if isinstance(record, dict) and (record.get("tags") or not tagged_only):
                yield shelf, dynasty, record


def _listed(raw: bytes, name: str) -> list[Any]:
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise SdzhError("corpus_unreadable", path=name, reason=error) from error
    return content if isinstance(content, list) else []


def _files(package: Path) -> Iterator[tuple[str, bytes]]:
    if package.is_dir():
        for path in sorted(package.rglob("*.json")):
            yield path.relative_to(package).as_posix(), path.read_bytes()
        return
    try:
        with tarfile.open(package) as archive:
            size = 0
            for member in archive:
                size += member.size
                if size > ARCHIVE_LIMIT or member.size > FILE_LIMIT:
                    raise SdzhError("corpus_unreadable", path=package, reason=f"{member.name[:80]}: {size} B")
                # Nothing is unpacked onto the disk; links, devices and folders are no files.
                file = archive.extractfile(member) if _is_poems(member) else None
                if file:
                    yield member.name, file.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise SdzhError("corpus_unreadable", path=package, reason=error) from error


def _is_poems(member: tarfile.TarInfo) -> bool:
    return member.isreg() and member.name.endswith(".json")


def _fields(record: dict[str, Any], shelf: str) -> tuple[str, str, list[str], str]:
    title = record.get("title") or record.get("rhythmic") or ""
    author = record.get("author") or SHELVES[shelf][2] or "佚名"
    body: list[str] = next((record[key] for key in ("paragraphs", "content", "para") if record.get(key)), [])
    tags = record.get("tags") or []
    joined = "、".join([tags] if isinstance(tags, str) else tags)
    return _line(title), _line(author), [_line(line) for line in body], _line(joined)


def _line(text: str) -> str:
    return " ".join(fold(_ASIDE.sub("", text)).text.split())


def _clauses(body: Iterable[str]) -> list[str]:
    clauses = []
    for line in body:
        for clause in _PUNCTUATION.split(line):
            if CLAUSE[0] <= len(clause) <= CLAUSE[1] and is_han(clause):
                clauses.append(clause)
    return clauses
