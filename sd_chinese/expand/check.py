"""What is wrong with lexicon files: ``python -m sd_chinese.expand.check [FILE or FOLDER ...]``.

Faults make an entry wrong (the exit code is 1); remarks are matters of length and wording.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sd_chinese.expand import lexicon
from sd_chinese.expand.lexicon import DATA, KINDS, SORTS, Block, Entry, Fault, Pair
from sd_chinese.expand.patterns import SHELVED

HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]")
LATIN = re.compile(r"[A-Za-zＡ-Ｚａ-ｚ]")
_HEADWORD = re.compile(r"[㐀-䶿一-鿿\U00020000-\U0003ffff〇，、；：？！·—]+")
REQUIRED = {
    "idiom": ("says", "means"),
    "saying": ("says", "means"),
    "verse": ("means",),
    "term": ("means", "sort"),
    "image": (),
    "style": ("means", "style", "negative"),
    "era": (),
}
#: Longest Chinese (characters) and English (words) of a picture's field before a remark is made.
LENGTHS = (30, 22)


def check_entry(entry: Entry, block: Block) -> Iterator[tuple[bool, str, str]]:
    """Yield (is a fault, field whose line to name, message)."""
    if not _HEADWORD.fullmatch(entry.headword):
        yield (
            True,
            "",
            f"headword '{entry.headword}' may hold Chinese characters and Chinese punctuation only",
        )
    if not HAN.search(entry.headword):
        return
    for field in REQUIRED[entry.kind]:
        if not getattr(entry, field):
            yield True, "", f"'{field}' is missing"
    if entry.sort and entry.sort not in SORTS:
        yield True, "sort", f"sort '{entry.sort}' is not one of {' '.join(SORTS)}"
    if entry.kind == "verse":
        yield from _check_verse(entry)
    if entry.kind != "style":
        yield from _check_pictures(entry)
    for field in ("says", "means", "style", "pure", "negative", "palette"):
        pair = getattr(entry, field)
        if pair is not None:
            yield from _check_pair(field, pair)
    yield from _check_traps(entry)


def _check_verse(entry: Entry) -> Iterator[tuple[bool, str, str]]:
    if entry.poem is None:
        yield True, "", "verse needs a line '= title · author · dynasty' above it"
    if not re.fullmatch(r"[㐀-䶿一-鿿\U00020000-\U0003ffff]{3,16}", entry.headword):
        yield True, "", "a line of verse is 3 to 16 characters without punctuation"


def _check_pictures(entry: Entry) -> Iterator[tuple[bool, str, str]]:
    if not entry.pictures:
        yield True, "", "no scene: 'subject' and 'setting' are required"
    for picture in entry.pictures:
        label = f" in scene '{picture.name}'" if picture.name else ""
        if picture.subject is None:
            yield True, "scene", f"'subject' is missing{label}"
        if picture.setting is None and not picture.name and entry.kind not in ("term", "image", "era"):
            yield True, "", f"'setting' is missing{label}"
        for field, pair in picture.pairs():
            yield from _check_pair(field, pair)
            if len(pair.zh) > LENGTHS[0] or len(pair.en.split()) > LENGTHS[1]:
                yield (
                    False,
                    field,
                    f"'{field}' is long ({len(pair.zh)} characters / {len(pair.en.split())} words)",
                )


def _check_pair(field: str, pair: Pair) -> Iterator[tuple[bool, str, str]]:
    if found := HAN.search(pair.en):
        yield True, field, f"Chinese '{found.group()}' in the English of '{field}'"
    if found := LATIN.search(pair.zh):
        yield True, field, f"Latin '{found.group()}' in the Chinese of '{field}'"
    if not HAN.search(pair.zh):
        yield True, field, f"no Chinese in the Chinese half of '{field}'"
    if not LATIN.search(pair.en):
        yield True, field, f"no English in the English half of '{field}'"


def _check_traps(entry: Entry) -> Iterator[tuple[bool, str, str]]:
    pairs = [pair for picture in entry.pictures for _, pair in picture.pairs()]
    for word in entry.trap_zh:
        if LATIN.search(word):
            yield True, "trap", f"Latin in the Chinese trap '{word}'"
        for pair in pairs:
            if word in pair.zh:
                yield True, "trap", f"trap '{word}' stands in its own scene: {pair.zh}"
    for word in entry.trap_en:
        if HAN.search(word):
            yield True, "trap", f"Chinese in the English trap '{word}'"
        for pair in pairs:
            if re.search(rf"\b{re.escape(word.lower())}", pair.en.lower()):
                yield True, "trap", f"trap '{word}' stands in its own scene: {pair.en}"


def check_text(text: str, path: str, kind: str) -> list[Fault]:
    """The faults of one file's text."""
    blocks, faults = lexicon.split_blocks(text, path, kind)
    for block in blocks:
        entry, more = lexicon.parse_block(block)
        faults += more
        for is_fault, field, message in check_entry(entry, block):
            if is_fault:
                faults.append(Fault(path, _line_of(block, field), f"[{entry.headword}] {message}"))
    return faults


def check_files(files: Sequence[tuple[Path, str]]) -> tuple[list[Fault], list[Fault], dict[str, int]]:
    """Check files together (duplicates count across them).

    Returns:
        Faults, remarks, and how many entries there are of each kind.
    """
    faults: list[Fault] = []
    remarks: list[Fault] = []
    counts: dict[str, int] = {}
    seen: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for path, kind in files:
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            faults.append(Fault(str(path), 0, f"is not UTF-8 (byte {error.start})"))
            text = lexicon.read_text(path)
        blocks, more = lexicon.split_blocks(text, str(path), kind)
        faults.extend(more)
        for block in blocks:
            entry, more = lexicon.parse_block(block)
            faults.extend(more)
            counts[kind] = counts.get(kind, 0) + 1
            for is_fault, field, message in check_entry(entry, block):
                line = _line_of(block, field)
                (faults if is_fault else remarks).append(
                    Fault(str(path), line, f"[{entry.headword}] {message}")
                )
            place = f"{path}:{block.line}"
            if kind not in SHELVED:
                _check_duplicate(
                    entry, place, seen, aliases, Fault(str(path), block.line, ""), faults, remarks
                )
    return faults, remarks, counts


def _check_duplicate(
    entry: Entry,
    place: str,
    seen: dict[str, str],
    aliases: dict[str, str],
    here: Fault,
    faults: list[Fault],
    remarks: list[Fault],
) -> None:
    if entry.headword in seen:
        faults.append(
            Fault(here.path, here.line, f"[{entry.headword}] stands already at {seen[entry.headword]}")
        )
    seen.setdefault(entry.headword, place)
    for word in (entry.headword, *entry.also):
        other = aliases.get(word)
        if other and other != place and word not in (seen if word == entry.headword else ()):
            remarks.append(
                Fault(here.path, here.line, f"[{entry.headword}] '{word}' is also named at {other}")
            )
        aliases.setdefault(word, place)


def _line_of(block: Block, field: str) -> int:
    for number, line in enumerate(block.lines):
        if field and re.match(rf"{field}\s*[:：]", line):
            return block.line + number
    return block.line


def files_under(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """Lexicon files named by ``paths`` (files or folders); the folder's name gives the kind."""
    found: list[tuple[Path, str]] = []
    for path in paths:
        if path.is_dir() and path.name not in KINDS:
            found.extend(lexicon.lexicon_files(path))
        else:
            inside = sorted(path.glob("*.txt")) if path.is_dir() else [path]
            found.extend((file, KINDS.get(file.resolve().parent.name, "idiom")) for file in inside)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the named files, or the whole built-in lexicon; prints ``file:line: fault``."""
    names = [Path(name) for name in (sys.argv[1:] if arguments is None else arguments)]
    faults, remarks, counts = check_files(files_under(names or [DATA]))
    for fault in faults:
        print(fault)
    for remark in remarks:
        print(f"{remark} (remark)")
    sizes = ", ".join(f"{kind} {count}" for kind, count in counts.items()) or "no entries"
    print(f"{sizes}; {len(faults)} faults, {len(remarks)} remarks")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
