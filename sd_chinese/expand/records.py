"""What a match refers to: an entry of the lexicon, a line of a poem, a poem by its title, or a bare headword."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sd_chinese.expand.index import Index
from sd_chinese.expand.lexicon import Block, Entry, Poem, parse_block
from sd_chinese.expand.patterns import ENTRY, HEADWORD, LINE, LINES_PER_POEM, SHELVED, TITLE, plain
from sd_chinese.expand.reading import Reader


@dataclass(frozen=True)
class Known:
    """One thing that the matcher can find.

    Attributes:
        kind: idiom, saying, verse, term, image, style, era or poem (a title).
        entry: what the lexicon says of it, if anything.
        poem: where a line or title belongs, its number, its lines, and the line's place among them.
    """

    kind: str
    entry: Entry | None = None
    poem: Poem | None = None
    poem_number: int = -1
    lines: tuple[str, ...] = ()
    place: int = 0

    def neighbours(self) -> Sequence[str]:
        """The lines before and after this one, the couplet's other line first."""
        other = self.place ^ 1
        order = [other, self.place - 1, self.place + 1]
        return [self.lines[i] for i in dict.fromkeys(order) if 0 <= i < len(self.lines) and i != self.place]


class Records:
    """Reads entries and poems of an index as they are needed."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.known = lru_cache(maxsize=4096)(self._known)
        self.image = lru_cache(maxsize=4096)(self._image)

    @cached_property
    def reader(self) -> Reader:
        """Reads phrases that no entry describes."""
        return Reader(self.index.images, self.image)

    def find(self, word: str) -> Known | None:
        pattern = self.index.find(word)
        return self.known(pattern) if pattern >= 0 else None

    def shelved(self, kind: str, word: str) -> Known | None:
        """The era or style of a name that may also be a term's."""
        return self.find(SHELVED[kind] + plain(word))

    def _image(self, word: str) -> Entry | None:
        number = self.index.images.get(word)
        return self.entry(number).entry if number is not None else None

    def _known(self, pattern: int) -> Known:
        if pattern < 0:
            return Known("phrase")
        role, ref = int(self.index.role[pattern]), int(self.index.ref[pattern])
        if role == ENTRY:
            return self.entry(ref)
        if role == HEADWORD:
            return Known("idiom")
        number, place = (ref, 0) if role == TITLE else divmod(ref, LINES_PER_POEM)
        poem, lines = self._poem(number)
        kind = {TITLE: "poem", LINE: "verse"}[role]
        return Known(kind, None, poem, number, lines, place)

    def entry(self, number: int) -> Known:
        """The lexicon's entry of a number."""
        head, *lines = self.index.entry(number).split("\n")
        kind, poem_number, place, path, line, _ = head.split("\t")
        poem, verse = self._poem(int(poem_number)) if int(poem_number) >= 0 else (None, ())
        entry, _ = parse_block(Block(path, int(line), kind, poem, tuple(lines)))
        return Known(kind, entry, poem, int(poem_number), verse, int(place))

    def _poem(self, number: int) -> tuple[Poem, tuple[str, ...]]:
        head, *lines = self.index.poem(number).split("\n")
        title, author, dynasty = head.rsplit("·", 2)
        return Poem(title, author, dynasty), tuple(lines)
