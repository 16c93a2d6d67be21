"""How characters sound and look, for telling a slip of the keyboard from another word."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from sd_chinese.expand.lexicon import DATA


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, str, str]]:
    rows = (line.split("\t") for line in (DATA / "characters.tsv").read_text(encoding="utf-8").splitlines())
    return {row[0]: (row[1], row[2], row[3]) for row in rows if len(row) == 4}


def initial(character: str) -> str:
    """The first letter of a character's usual reading (n is folded to l); ``?`` where none is known."""
    row = _table().get(character)
    return row[0][0] if row and row[0] else "?"


def look_alikes(character: str) -> list[str]:
    """All characters that look like ``character`` (not those that only sound like it)."""
    return [other for other in _table() if other != character and _look_alike(character, other)]


def _look_alike(first: str, second: str) -> bool:
    a, b = _table().get(first), _table().get(second)
    if a is None or b is None:
        return False
    if a[1] and a[1] == b[1]:
        return True
    if not set(a[2]) & set(b[2]):
        return False
    shared = (Counter(a[2]) & Counter(b[2])).total()
    return shared >= 2 and 2 * shared >= max(len(a[2]), len(b[2]))


def similar(first: str, second: str) -> bool:
    """Whether two characters share a toneless reading, four four-corner digits, or half of their components.

    Readings are folded (zh/z, ch/c, sh/s, -ng/-n, n/l); at least two components must agree.
    """
    a, b = _table().get(first), _table().get(second)
    if a is None or b is None:
        return False
    return bool(set(a[0].split()) & set(b[0].split())) or _look_alike(first, second)
