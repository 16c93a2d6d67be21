"""The hand-written lexicon: readable text blocks -> :class:`Entry`.

The format is described in ``data/README.md``. A folder gives the kind, a file a theme, a block an entry;
faults are collected with their line and never stop the rest of a file from loading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
#: Folder name -> kind of its entries.
KINDS = {
    "idioms": "idiom",
    "sayings": "saying",
    "verse": "verse",
    "terms": "term",
    "images": "image",
    "styles": "style",
    "eras": "era",
}
SEASONS = ("春", "夏", "秋", "冬")
TIMES = ("黎明", "清晨", "白天", "正午", "午后", "黄昏", "夜晚", "月夜", "深夜")
WEATHERS = ("晴", "多云", "阴", "雨", "细雨", "暴雨", "雪", "大雪", "雾", "风", "大风", "雷电", "彩虹")
SORTS = (
    "菜肴",
    "小吃",
    "茶酒",
    "服饰",
    "首饰",
    "建筑",
    "构件",
    "园林",
    "工艺",
    "器物",
    "乐器",
    "节日",
    "习俗",
    "神祇",
    "传说",
    "神兽",
    "名画",
    "名胜",
    "朝代服饰",
    "兵器",
    "盔甲",
    "戏曲",
    "文房",
    "人物",
    "交通",
)
#: Fields of a picture written ``Chinese / English``, in the order in which a painter is told them.
PICTURE_FIELDS = ("subject", "action", "setting", "palette", "mood", "composition")
CHOICE_FIELDS = {"season": SEASONS, "time": TIMES, "weather": WEATHERS}
ENTRY_FIELDS = ("also", "read", "says", "means", "trap", "sort", "style", "pure", "negative")

_HEAD = re.compile(r"\[(.+)\]\s*$")
_FIELD = re.compile(r"([a-z]+)\s*[:：]\s*(.*)$")


@dataclass(frozen=True)
class Pair:
    """One phrase in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True)
class Poem:
    """Where a line of verse comes from."""

    title: str
    author: str
    dynasty: str

    def __str__(self) -> str:
        return f"{self.dynasty}·{self.author}《{self.title}》"


@dataclass(frozen=True)
class Picture:
    """One drawable scene of an entry; ``name`` is empty for the first and e.g. ``意境`` for a second."""

    name: str = ""
    subject: Pair | None = None
    action: Pair | None = None
    setting: Pair | None = None
    palette: Pair | None = None
    mood: Pair | None = None
    composition: Pair | None = None
    season: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    weather: tuple[str, ...] = ()

    def pairs(self) -> Iterator[tuple[str, Pair]]:
        for name in PICTURE_FIELDS:
            pair = getattr(self, name)
            if pair is not None:
                yield name, pair


@dataclass(frozen=True)
class Entry:
    """One headword of the lexicon."""

    headword: str
    kind: str
    also: tuple[str, ...] = ()
    read: str = ""
    says: Pair | None = None
    means: Pair | None = None
    pictures: tuple[Picture, ...] = ()
    trap_zh: tuple[str, ...] = ()
    trap_en: tuple[str, ...] = ()
    sort: str = ""
    style: Pair | None = None
    pure: Pair | None = None
    negative: Pair | None = None
    palette: Pair | None = None
    poem: Poem | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line of a lexicon file."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Block:
    """The lines of one entry, not yet read; ``line`` is the number of its headword's line."""

    path: str
    line: int
    kind: str
    poem: Poem | None
    lines: tuple[str, ...]


def lexicon_files(folder: Path = DATA) -> list[tuple[Path, str]]:
    """Every lexicon file under ``folder`` with its kind, in a fixed order."""
    return [
        (path, kind)
        for name, kind in KINDS.items()
        for path in sorted((folder / name).glob("*.txt"))
        if not path.name.startswith(".")
    ]


def read_text(path: Path) -> str:
    """Read a text file that people wrote: UTF-8 with or without a mark, else GB18030 (Chinese Windows)."""
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", errors="replace")


def split_blocks(text: str, path: str, kind: str) -> tuple[list[Block], list[Fault]]:
    """Cut a file into entry blocks; a ``= title · author · dynasty`` line holds for the blocks after it."""
    blocks: list[Block] = []
    faults: list[Fault] = []
    poem: Poem | None = None
    current: list[str] = []
    start = 0

    def close() -> None:
        if current:
            blocks.append(Block(path, start, kind, poem, tuple(current)))
            current.clear()

    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#"):
            continue
        if not line:
            close()
        elif line.startswith("="):
            close()
            poem = _poem(line)
            if poem is None:
                faults.append(Fault(path, number, "a poem line is written '= title · author · dynasty'"))
        elif _HEAD.match(line):
            close()
            start = number
            current.append(line)
        elif current:
            current.append(line)
        else:
            faults.append(Fault(path, number, f"outside an entry (no [headword] above): {line[:30]}"))
    close()
    return blocks, faults


def _poem(line: str) -> Poem | None:
    parts = [part.strip() for part in re.split(r"[·•・]", line.lstrip("= "))]
    if len(parts) < 3 or not all(parts):
        return None
    return Poem("·".join(parts[:-2]), parts[-2], parts[-1])


def parse_block(block: Block) -> tuple[Entry, list[Fault]]:
    """Read one block. The entry holds whatever could be read; faults name the rest."""
    faults: list[Fault] = []
    head = _HEAD.match(block.lines[0])
    headword = head.group(1).strip() if head else block.lines[0]
    values: dict[str, object] = {"headword": headword, "kind": block.kind, "poem": block.poem}
    pictures: list[dict[str, object]] = [{}]
    for number, line in enumerate(block.lines[1:], block.line + 1):
        match = _FIELD.match(line)
        if not match:
            faults.append(Fault(block.path, number, f"not a 'field: value' line: {line[:30]}"))
            continue
        name, value = match.group(1), match.group(2).strip()
        if name == "scene":
            pictures.append({"name": value})
            continue
        in_picture = name in PICTURE_FIELDS or name in CHOICE_FIELDS
        if block.kind == "style" and name == "palette":
            in_picture = False
        target = pictures[-1] if in_picture else values
        message = _read_field(name, value, target, in_picture, block.kind)
        if message:
            faults.append(Fault(block.path, number, message))
    values["pictures"] = tuple(Picture(**p) for p in pictures if p.keys() - {"name"})  # type: ignore[arg-type]
    return Entry(**values), faults  # type: ignore[arg-type]


def _read_field(name: str, value: str, target: dict[str, object], in_picture: bool, kind: str) -> str:
    """Put one field into ``target``; returns what is wrong with it, or an empty string."""
    known = in_picture or name in ENTRY_FIELDS or (kind == "style" and name == "palette")
    if not known:
        return f"unknown field '{name}'"
    if not value:
        return f"'{name}' is empty"
    if name == "trap":
        if "trap_zh" in target:
            return "'trap' is given twice"
    elif name in target:
        return f"'{name}' is given twice"
    if name in CHOICE_FIELDS:
        words = _listed(value)
        target[name] = tuple(word for word in words if word in CHOICE_FIELDS[name])
        wrong = [word for word in words if word not in CHOICE_FIELDS[name]]
        return f"'{name}' knows only {' '.join(CHOICE_FIELDS[name])}, not {'、'.join(wrong)}" if wrong else ""
    if name == "also":
        target["also"] = _listed(value)
        return ""
    if name in ("read", "sort"):
        target[name] = value
        return ""
    zh, slash, en = value.partition(" / ")
    if not slash or not zh.strip() or not en.strip():
        return f"'{name}' is written 'Chinese / English' (space slash space)"
    if name == "trap":
        target["trap_zh"] = _listed(zh)
        target["trap_en"] = tuple(word.strip() for word in en.split(",") if word.strip())
    else:
        target[name] = Pair(zh.strip(), en.strip())
    return ""


def _listed(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in re.split(r"[、，,;；]", value) if word.strip())


def load_file(path: Path, kind: str) -> tuple[list[Entry], list[Fault]]:
    """Read every entry of one file; entries with a fault keep what could be read of them."""
    try:
        text = read_text(path)
    except OSError as error:
        return [], [Fault(str(path), 0, f"cannot be read: {error.strerror}")]
    blocks, faults = split_blocks(text, str(path), kind)
    entries = []
    for block in blocks:
        entry, more = parse_block(block)
        entries.append(entry)
        faults.extend(more)
    return entries, faults
