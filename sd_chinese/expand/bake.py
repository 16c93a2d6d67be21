"""Development-time tool: writes the engine's data tables from packages, ``python -m sd_chinese.expand.bake FOLDER``.

``python -m sd_chinese.expand.bake readings`` adds the pinyin to entries of the lexicon that have none.

FOLDER holds the packages as downloaded (``pip download --no-deps jionlp char-similar``); pypinyin and jieba are read
where they are installed. Sources and licences stand in ``data/NOTICE``.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from importlib import resources
from pathlib import Path

from sd_chinese.expand import wordset
from sd_chinese.expand.lexicon import DATA, lexicon_files
from sd_chinese.expand.patterns import plain

#: Readings that differ only in what many speakers do not tell apart count as one.
FOLDED_SOUNDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))
READINGS_KEPT = 4
#: Words rarer than this in jieba's dictionary do not count as known.
RARE = 3


def main() -> None:
    if sys.argv[1:] == ["readings"]:
        print(sum(add_readings(path) for path, _ in lexicon_files()), "readings added")
        return
    folder = Path(sys.argv[1])
    wheel = next(folder.glob("jionlp-*.whl"))
    idioms = _table(wheel, "chinese_idiom")
    components = {row[0]: row[4] for row in _table(wheel, "chinese_char_dictionary")}
    with zipfile.ZipFile(next(folder.glob("char_similar-*.whl"))) as outer:
        corners = json.loads(outer.read("char_similar/data/char_fourangle.dict"))
    headwords = _headwords(idioms)
    (DATA / "headwords.tsv").write_text(
        "# known idioms and how often they were counted (jionlp, Apache-2.0)\n" + "".join(headwords),
        encoding="utf-8",
    )
    words = _words()
    used = {c for line in headwords for c in line.split("\t")[0]} | {c for word in words for c in word}
    used |= {plain(bytes((high, low)).decode("gb2312")) for high in range(0xB0, 0xF8) for low in _rows(high)}
    (DATA / "characters.tsv").write_text(
        "# character, toneless folded readings, four-corner code, components (pypinyin, char-similar, jionlp)\n"
        + "".join(_characters(used, corners, components)),
        encoding="utf-8",
    )
    (DATA / "words.bits").write_bytes(wordset.pack(words))


def add_readings(path: Path) -> int:
    """Write a ``read:`` line into every entry of a lexicon file that has none; returns how many were added."""
    from pypinyin import Style, lazy_pinyin

    added = 0
    blocks = []
    for block in re.split(r"\n(?=\[)", path.read_text(encoding="utf-8")):
        head = re.match(r"\[(.+)\]\n(also:.*\n)?", block)
        if head and not re.search(r"^read:", block, re.MULTILINE):
            reading = " ".join(lazy_pinyin(plain(head[1]), style=Style.TONE))
            block = f"{head[0]}read: {reading}\n{block[head.end() :]}"
            added += 1
        blocks.append(block)
    if added:
        path.write_text("\n".join(blocks), encoding="utf-8", newline="\n")
    return added


def _table(wheel: Path, name: str) -> list[list[str]]:
    with zipfile.ZipFile(wheel) as outer:
        inner = zipfile.ZipFile(io.BytesIO(outer.read(f"jionlp/dictionary/{name}.zip")))
        text = inner.read(inner.namelist()[0]).decode("utf-8")
    return [line.split("\t") for line in text.splitlines() if line]


def _headwords(rows: list[list[str]]) -> list[str]:
    """Idioms of at least four characters; the list's own commas are dropped."""
    found = {plain(row[0]): int(row[1]) for row in rows if len(row) == 2}
    return [f"{word}\t{count}\n" for word, count in sorted(found.items()) if 4 <= len(word) <= 16]


def _rows(high: int) -> range:
    """The second bytes of a row of GB 2312, the characters that Chinese keyboards offer."""
    return range(0xA1, 0xFA if high == 0xD7 else 0xFF)


def _words() -> list[str]:
    text = (resources.files("jieba") / "dict.txt").read_text(encoding="utf-8")
    rows = (line.split(" ") for line in text.splitlines())
    folded = {plain(row[0]): int(row[1]) for row in rows}
    return sorted(word for word, count in folded.items() if 2 <= len(word) <= 8 and count >= RARE)


def _characters(used: set[str], corners: dict[str, str], components: dict[str, str]) -> list[str]:
    from pypinyin.contrib.tone_convert import to_normal
    from pypinyin.pinyin_dict import pinyin_dict

    lines = []
    for character in sorted(used):
        readings: dict[str, None] = {}
        for reading in pinyin_dict.get(ord(character), "").split(","):
            sound = to_normal(reading)
            for spelled, kept in FOLDED_SOUNDS:
                sound = sound.replace(spelled, kept)
            readings["l" + sound[1:] if sound.startswith("n") else sound] = None
        kept_readings = " ".join(list(readings)[:READINGS_KEPT])
        corner = corners.get(character, "")[:4]
        lines.append(f"{character}\t{kept_readings}\t{corner}\t{components.get(character, '')}\n")
    return lines


if __name__ == "__main__":
    main()
