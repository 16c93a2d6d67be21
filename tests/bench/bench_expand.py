"""Speed, recognition and false matches of the expander: ``python tests/bench/bench_expand.py [options]``.

The index is the built-in lexicon with the headwords and either a baked corpus (``--corpus``) or, without one, random
clauses of the lexicon's own characters in the same number. Yardsticks of the same run: jieba's segmentation and a
plain dictionary scan. ``--prose FILE ...`` are texts of ordinary Chinese in which nothing should be misread.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sd_chinese.expand.expander import Expander
from sd_chinese.expand.fuzzy import SURE
from sd_chinese.expand.matcher import find_matches
from sd_chinese.expand.patterns import IDIOM, VERSE

CLAUSES = 190_000
WORDS = re.split(
    " ",
    "一位穿红色长裙的少女 站在樱花树下 阳光透过树叶 远处是连绵的雪山 湖面上飘着一只小船 高清细节 电影感光影 "
    "夜晚的城市街道 霓虹灯 雨后的小巷 坐在窗边看书的女孩 橘猫 油画风格 杰作 最佳质量 柔和的色调 背景虚化 "
    "古代宫殿 红墙黄瓦 飘落的花瓣 微风吹起长发 一条巨龙在云中飞舞 白色连衣裙 金色的麦田 赛博朋克 星空下的帐篷",
)


def prompts(count: int, phrases: Sequence[str], seed: int = 1) -> list[str]:
    """Prompts of about 110 characters: everyday fragments with an idiom or a line among them."""
    source = random.Random(seed)
    found = []
    for _ in range(count):
        parts = source.sample(list(phrases), 2)
        for fragment in source.sample(WORDS, len(WORDS)):
            if sum(map(len, parts)) + len(parts) < 105:
                parts.append(fragment)
        source.shuffle(parts)
        found.append("，".join(parts))
    return found


def write_corpus(path: Path, characters: str) -> None:
    source = random.Random(2)
    with path.open("w", encoding="utf-8") as file:
        for number in range(CLAUSES // 8):
            size = source.choice((5, 7))
            lines = ("".join(source.choices(characters, k=size)) for _ in range(8))
            file.write(f"= 诗{number} · 某 · 唐\n{' '.join(lines)}\n")


def microseconds(run: Callable[[str], object], texts: Sequence[str]) -> float:
    """Median CPU time per 100 characters, each text once after a warm-up (others may share the machine)."""
    for text in texts[:20]:
        run(text)
    spent = []
    for text in texts:
        start = time.process_time()
        run(text)
        spent.append((time.process_time() - start) * 1e8 / len(text))
    return statistics.median(spent)


def speed(expander: Expander, words: Sequence[str], count: int) -> None:
    texts = prompts(count, [word for word in words if 4 <= len(word) <= 7])
    known = set(words)
    longest = max(map(len, known))

    def plain_scan(text: str) -> int:
        return sum(text[i : i + n] in known for i in range(len(text)) for n in range(2, longest + 1))

    import jieba

    jieba.initialize()
    rows: dict[str, Callable[[str], object]] = {
        "expand, Chinese prompt": lambda text: expander.expand(text).prompt_zh,
        "the same prompts again": lambda text: expander.expand(text).prompt_zh,
        "expand, everything as JSON": lambda text: expander.expand(text).to_json(),
        "matching alone": lambda text: find_matches(text, expander.index),
        "jieba segmentation": jieba.lcut,
        "plain dictionary scan": plain_scan,
    }
    cost = {name: microseconds(run, texts) for name, run in rows.items()}
    for name, spent in cost.items():
        ratio = spent / cost["jieba segmentation"]
        print(f"  {name:30} {spent:8.0f} us / 100 characters {ratio:6.2f} of jieba")


def memory(corpus: Path, cache: Path) -> None:
    """What a process of its own grows by when it opens the index and expands: its own pages, and pages of files."""
    grown = subprocess.run(
        [sys.executable, __file__, "--corpus", corpus, "--cache", cache, "--only", "memory"],
        capture_output=True, encoding="utf-8", check=True,
    ).stdout  # fmt: skip
    print(grown, end="")


def resident() -> dict[str, float]:
    """Megabytes of this process in memory (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = dict(re.findall(r"(RssAnon|RssFile):\s*(\d+)", status))
    return {name: int(kilobytes) / 1024 for name, kilobytes in found.items()}


def grow(corpus: Path, cache: Path) -> None:
    before = resident()
    start, wall = time.process_time(), time.perf_counter()
    expander = Expander.open(corpus=corpus, cache=cache)
    spent, passed = time.process_time() - start, time.perf_counter() - wall
    opened = resident()
    for text in prompts(200, ["守株待兔", "飞流直下三千尺"]):
        expander.expand(text).to_json()
    used = resident()
    print(f"  opened in {1000 * spent:.1f} ms of CPU, {1000 * passed:.1f} ms by the clock")
    for name, state in (("opened", opened), ("after 200 prompts", used)):
        own, mapped = state["RssAnon"] - before["RssAnon"], state["RssFile"] - before["RssFile"]
        print(f"  {name}: {own:.1f} MB of its own, {mapped:.1f} MB of mapped files")


def swapped(word: str, source: random.Random) -> str:
    while (mixed := "".join(source.sample(word, len(word)))) == word:
        pass
    return mixed


def one_changed(word: str, source: random.Random, choices: Callable[[str], Sequence[str]]) -> str:
    places = [at for at in range(len(word)) if choices(word[at])]
    if not places:
        return ""
    at = source.choice(places)
    return word[:at] + source.choice(list(choices(word[at]))) + word[at + 1 :]


def homophones() -> Callable[[str], Sequence[str]]:
    """Characters of the same toneless reading, by pypinyin (first reading; common characters)."""
    from pypinyin import lazy_pinyin

    common = [chr(code) for code in range(0x4E00, 0x9FFF) if is_common(chr(code))]
    groups: dict[str, list[str]] = {}
    for character in common:
        groups.setdefault(lazy_pinyin(character)[0], []).append(character)
    return lambda c: [other for other in groups.get(lazy_pinyin(c)[0], ()) if other != c]


def is_common(character: str) -> bool:
    try:
        return len(character.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def recognition(expander: Expander, idioms: Sequence[str], verse: Sequence[str], size: int) -> None:
    from sd_chinese.expand.characters import look_alikes

    source = random.Random(3)
    same_sound = homophones()
    four = source.sample([word for word in idioms if len(word) == 4 and len(set(word)) == 4], size)
    lines = source.sample([line for line in verse if len(line) in (5, 7)], size)
    common = [chr(code) for code in range(0x4E00, 0x9FFF) if is_common(chr(code))]
    tests: dict[str, list[tuple[str, str]]] = {
        "idiom, homophone": [(word, one_changed(word, source, same_sound)) for word in four],
        "idiom, look-alike": [(word, one_changed(word, source, look_alikes)) for word in four],
        "idiom, reordered": [(word, swapped(word, source)) for word in four],
        "verse, homophone": [(line, one_changed(line, source, same_sound)) for line in lines],
        "verse, unrelated character": [(line, one_changed(line, source, lambda _: common)) for line in lines],
        "verse, reordered": [(line, swapped(line, source)) for line in lines],
        "verse, fragment of 4": [
            (line, line[(at := source.randrange(len(line) - 3)) : at + 4]) for line in lines
        ],
        "verse, inserted": [
            (line, line[: (at := source.randrange(1, len(line)))] + source.choice(common) + line[at:])
            for line in lines
        ],
        "verse, missing": [
            (line, line[: (at := source.randrange(len(line)))] + line[at + 1 :]) for line in lines
        ],
    }
    for name, pairs in tests.items():
        pairs = [(word, typed) for word, typed in pairs if typed]
        good = sum(recognised(expander, word, typed) for word, typed in pairs)
        print(f"  {name:28} {good / len(pairs):7.1%} of {len(pairs)}")


def recognised(expander: Expander, word: str, typed: str) -> bool:
    """The word itself, or a phrase just as near to what was typed.

    That is another idiom of the same characters or with the same one wrong, or a line that shares the fragment.
    """
    for match in find_matches(f"一幅画，{typed}，高清", expander.index):
        found = match.canonical
        if found == word or (match.text == typed and (typed in found or sorted(typed) == sorted(found))):
            return True
        if (
            match.text == typed
            and len(found) == len(word)
            and differing(found, typed) <= differing(word, typed)
        ):
            return True
    return False


def differing(first: str, second: str) -> int:
    return sum(a != b for a, b in zip(first, second, strict=False))


def false_matches(expander: Expander, paths: Sequence[Path], limit: int) -> None:
    for path in paths:
        raw = path.read_bytes().decode("utf-8", errors="ignore")
        text = re.sub(r"/[a-zA-Z]+\s*|\[|\]\w*", "", raw)
        characters = found = 0
        seen = []
        for line in re.split("[\n。]", text)[:limit]:
            matches = [match for match in find_matches(line, expander.index) if match.how in SURE]
            characters += len(line)
            found += bool(matches)
            seen += [f"{match.text}({match.canonical})" for match in matches]
        rate = 1000 * found / max(1, characters)
        print(
            f"  {path.name:20} {characters:8} characters, {found} lines, {rate:.3f} per 1,000: {' '.join(seen[:12])}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--only", choices=("speed", "memory", "recognition", "prose"))
    parser.add_argument("--cache", type=Path, help="folder with an index of the corpus")
    parser.add_argument("--size", type=int, default=500, help="items of each recognition test")
    parser.add_argument("--prompts", type=int, default=400, help="prompts of the speed test")
    parser.add_argument("--lines", type=int, default=2000, help="lines read of each prose file")
    parser.add_argument("--prose", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    if options.cache:
        grow(options.corpus, options.cache)
        return
    with tempfile.TemporaryDirectory() as folder:
        corpus = options.corpus
        if corpus is None:
            corpus = Path(folder) / "corpus.txt"
            write_corpus(corpus, "".join(chr(code) for code in range(0x4E00, 0x9FFF) if is_common(chr(code))))
        start = time.process_time()
        expander = Expander.open(corpus=corpus, cache=Path(folder))
        built = time.process_time()
        expander = Expander.open(corpus=corpus, cache=Path(folder))
        opened = time.process_time() - built
        size = sum(path.stat().st_size for path in Path(folder).glob("*.idx"))
        print(f"index: {expander.index.counts}, {size / 1e6:.1f} MB, built in {built - start:.2f} s", end="")
        print(f", opened in {opened * 1000:.1f} ms")
        index = expander.index
        patterns = range(index.counts["patterns"])
        words = [index.word(number) for number in patterns if index.spelling[number]]
        idioms = [index.word(n) for n in patterns if index.spelling[n] == IDIOM]
        verse = [index.word(n) for n in patterns if index.spelling[n] == VERSE]
        if options.only in (None, "speed"):
            print(f"speed ({len(words)} idioms and lines)")
            speed(expander, words, options.prompts)
        if options.only in (None, "memory"):
            print("memory")
            memory(corpus, Path(folder))
        if options.only in (None, "recognition"):
            print("recognition")
            recognition(expander, idioms, verse, options.size)
        if options.prose and options.only in (None, "prose"):
            print("lines with a misspelt match in ordinary prose")
            false_matches(expander, options.prose, options.lines)


if __name__ == "__main__":
    main()
