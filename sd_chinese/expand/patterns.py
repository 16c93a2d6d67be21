"""What the matcher looks for: the lexicon, the headword list and an optional corpus of verse."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sd_chinese.expand import lexicon
from sd_chinese.expand.hantext import is_han
from sd_chinese.expand.lexicon import Block, Fault
from sd_chinese.expand.signatures import LONGEST
from sd_chinese.words import fold

#: What a pattern refers to: an entry, a line of a poem (poem * 64 + line), a poem, an idiom's frequency.
ENTRY, LINE, TITLE, HEADWORD = range(4)
#: How a pattern may be misspelt.
IDIOM, VERSE = 1, 2
LINES_PER_POEM = 64
#: Kinds whose names may also be terms (宋代, 剪纸) are looked up by the name with this mark before it.
SHELVED = {"era": "〇", "style": "〇〇"}

_SPELLING = {"idiom": IDIOM, "saying": IDIOM | VERSE, "verse": VERSE}
_NUMBERED = re.compile(r"(其[一二三四五六七八九十]+|[一二三四五六七八九十]+首|[一二三四五六七八九十]+)$")


@dataclass(frozen=True)
class Source:
    """One file to read: ``kind`` is a lexicon kind, ``headwords`` or ``corpus``."""

    path: Path
    kind: str


@dataclass
class Collection:
    """Patterns and what they refer to. A text is entered once; whoever comes first keeps it."""

    patterns: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    entries: list[str] = field(default_factory=list)
    poems: list[str] = field(default_factory=list)
    images: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add(self, text: str, role: int, ref: int, spelling: int) -> None:
        if 1 < len(text) <= LONGEST:
            self.patterns.setdefault(text, (role, ref, spelling))


def plain(text: str) -> str:
    """The Chinese characters of ``text``, simplified: the form in which patterns are kept."""
    return "".join(filter(is_han, fold(text).text))


def collect(sources: Iterable[Source]) -> Collection:
    """Read all sources, the user's own first."""
    found = Collection()
    for source in sources:
        if source.kind == "headwords":
            _add_headwords(found, source.path)
        elif source.kind == "corpus":
            _add_corpus(found, source.path)
        else:
            _add_lexicon(found, source)
    return found


def _add_lexicon(found: Collection, source: Source) -> None:
    try:
        text = lexicon.read_text(source.path)
    except OSError as error:
        found.faults.append(Fault(str(source.path), 0, f"cannot be read: {error.strerror}"))
        return
    blocks, faults = lexicon.split_blocks(text, str(source.path), source.kind)
    found.faults.extend(faults)
    for poem, group in _by_poem(blocks):
        number = -1
        if poem:
            number = len(found.poems)
            lines = []
        for place, block in enumerate(group):
            entry, faults = lexicon.parse_block(block)
            found.faults.extend(faults)
            if not entry.pictures and entry.style is None:
                found.faults.append(Fault(block.path, block.line, f"[{entry.headword}] has nothing to draw"))
                continue
            record = "\t".join((block.kind, str(number), str(place), block.path, str(block.line), poem))
            ref = len(found.entries)
            found.entries.append("\n".join((record, *block.lines)))
            for word in _spellings(block.kind, (entry.headword, *entry.also)):
                if block.kind in SHELVED:
                    found.add(SHELVED[block.kind] + plain(word), ENTRY, ref, 0)
                if block.kind == "image":
                    found.images.setdefault(plain(word), ref)
                if block.kind != "era":
                    found.add(plain(word), ENTRY, ref, _SPELLING.get(block.kind, 0))
            if poem:
                lines.append(plain(entry.headword))
        if poem:
            found.poems.append("\n".join((poem, *lines)))
            _add_title(found, poem, number, shortened=True)


def _spellings(kind: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """A style is also named with 风格 behind it."""
    if kind != "style":
        return words
    named = (word + "风格"[word.endswith("风") :] for word in words if not word.endswith("风格"))
    return tuple(dict.fromkeys((*words, *named)))


def _by_poem(blocks: list[Block]) -> Iterator[tuple[str, list[Block]]]:
    """Blocks grouped under the poem they belong to; other kinds of entry belong to none."""
    groups: dict[str, list[Block]] = {}
    for block in blocks:
        poem = block.poem
        key = f"{poem.title}·{poem.author}·{poem.dynasty}" if poem and block.kind == "verse" else ""
        groups.setdefault(key, []).append(block)
    yield from groups.items()


def _add_title(found: Collection, poem: str, number: int, *, shortened: bool) -> None:
    """A poem's title; the lexicon's also by its beginning, or by what follows a tune's name."""
    title = poem.rsplit("·", 2)[0]
    names = [plain(part) for part in (title, *title.split("·"))]
    names += [_NUMBERED.sub("", name) for name in names]
    for name in names:
        found.add(name, TITLE, number, 0)
        for end in range(4, len(name)) if shortened else ():
            found.add(name[:end], TITLE, number, 0)


def _add_headwords(found: Collection, path: Path) -> None:
    """Known idioms, ``word<TAB>frequency`` lines; of two that a slip could mean the more frequent is taken."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line)
    for word, frequency in sorted(((row[0], int(row[1])) for row in rows), key=lambda row: -row[1]):
        found.add(plain(word), HEADWORD, frequency, IDIOM)


def _add_corpus(found: Collection, path: Path) -> None:
    """Baked verse: a ``= title · author · dynasty · tags`` line, then the poem's clauses between blanks."""
    poem = ""
    clauses: list[str] = []

    def close() -> None:
        if poem and clauses:
            number = len(found.poems)
            found.poems.append("\n".join((poem, *clauses)))
            for place, clause in enumerate(clauses):
                if len(clause) > 3:
                    found.add(clause, LINE, number * LINES_PER_POEM + place, VERSE)
            if len(poem.split("·", 1)[0]) > 4:
                _add_title(found, poem, number, shortened=False)

    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("="):
            close()
            poem, clauses = "·".join(part.strip() for part in line[1:].split("·")[:3]), []
        elif line and not line.startswith("#"):
            clauses = (clauses + line.split())[:LINES_PER_POEM]
    close()


def lay_out(texts: list[str]) -> tuple[np.ndarray[tuple[int], np.dtype[np.uint32]], bytes]:
    """Offsets (n + 1,) and the UTF-8 pool of ``texts``."""
    raw = [text.encode("utf-8") for text in texts]
    offsets = np.zeros(len(raw) + 1, dtype=np.uint32)
    np.cumsum([len(item) for item in raw], out=offsets[1:])
    return offsets, b"".join(raw)
