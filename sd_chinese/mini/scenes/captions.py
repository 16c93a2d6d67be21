"""From a scene to a Chinese caption, and from a caption back to what it names.

Everything that a caption can say is a *fact*: an element's key, ``plum:red`` for its colour, or a time, season,
weather or style. A caption says every fact of its scene that cannot be taken for granted, in varied words.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

from sd_chinese.mini.scenes.elements import ELEMENTS, implied

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from sd_chinese.mini.scenes.scene import Scene

Facts = frozenset[str]
T = TypeVar("T")

LONGEST = 28
"""Characters of a caption; with [CLS] and [SEP] at most 30 tokens."""

CIRCUMSTANCES: dict[str, tuple[str, ...]] = {
    "day": ("白天", "白昼", "日间"),
    "dusk": ("黄昏", "傍晚", "暮色", "日暮", "薄暮", "黄昏时分"),
    "night": ("夜晚", "夜", "深夜", "夜色", "静夜", "夜里", "黑夜"),
    "spring": ("春天", "春日", "春", "春色", "春季"),
    "summer": ("夏天", "夏日", "夏", "盛夏", "夏季"),
    "autumn": ("秋天", "秋日", "秋", "深秋", "秋色", "秋季"),
    "winter": ("冬天", "冬日", "冬", "寒冬", "冬季"),
    "rain": ("雨", "下雨", "细雨", "烟雨", "雨天", "雨水"),
    "snow": ("雪", "大雪", "飘雪", "飞雪", "风雪", "雪景", "下雪"),
    "mist": ("雾", "薄雾", "云雾", "雾气", "雾霭", "大雾"),
    "clear": ("晴", "晴天", "晴朗"),
    "colour": ("彩墨", "工笔", "设色", "彩色"),
    "ink": ("水墨", "水墨画", "墨色", "黑白水墨", "写意水墨", "水墨风格"),
}

COMPOUNDS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("moon", "night"), ("月夜", "明月之夜", "月明之夜", "月圆之夜")),
    (("stars", "night"), ("星夜", "繁星之夜")),
    (("sun", "dusk"), ("夕阳", "落日", "残阳", "夕阳西下", "斜阳")),
    (("sun", "day"), ("朝阳", "旭日", "日出")),
    (("snow", "night"), ("雪夜",)),
    (("rain", "night"), ("雨夜", "夜雨")),
    (("spring", "night"), ("春夜",)),
    (("summer", "night"), ("夏夜",)),
    (("autumn", "night"), ("秋夜",)),
    (("winter", "night"), ("冬夜", "寒夜")),
    (("spring", "rain"), ("春雨",)),
    (("autumn", "rain"), ("秋雨",)),
    (("mountain", "snow"), ("雪山",)),
    (("mountain", "spring"), ("春山",)),
    (("mountain", "autumn"), ("秋山",)),
    (("river", "spring"), ("春江", "春水")),
    (("river", "autumn"), ("秋江", "秋水")),
    (("river", "winter"), ("寒江",)),
    (("river", "snow"), ("江雪",)),
    (("plum", "snow"), ("雪梅", "雪中梅", "傲雪寒梅")),
    (("bamboo", "snow"), ("雪竹",)),
    (("pine", "snow"), ("雪松",)),
)

PREFIXES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("snow",), ("雪中的", "雪里的", "大雪中的")),
    (("rain",), ("雨中的", "烟雨中的", "细雨中的")),
    (("mist",), ("雾中的", "薄雾中的", "云雾中的")),
    (("night",), ("夜色中的", "夜里的", "夜晚的")),
    (("dusk",), ("暮色中的", "黄昏的", "黄昏时的")),
    (("spring",), ("春天的", "春日的")),
    (("summer",), ("夏天的", "夏日的")),
    (("autumn",), ("秋天的", "秋日的")),
    (("winter",), ("冬天的", "冬日的")),
    (("moon",), ("月下的", "月光下的", "明月下的")),
    (("stars",), ("星空下的",)),
    (("sun", "dusk"), ("夕阳下的", "落日下的")),
    (("river", "boat"), ("江上的", "江面上的", "湖上的")),
    (("river", "sail"), ("江上的", "江面上的", "湖上的")),
    (("river", "lotus"), ("湖中的", "水中的")),
    (("river", "fish"), ("水中的", "水里的", "江中的")),
    (("river", "bridge"), ("江上的", "河上的")),
    (("mountain", "house"), ("山中的", "山下的")),
    (("mountain", "pavilion"), ("山中的", "山间的")),
    (("mountain", "pagoda"), ("山中的", "山间的")),
)
"""What may stand before an element's name; after a place only before the element that is named with it."""

PLACES = ("river", "mountain")

FILLERS = (
    "国画",
    "古风",
    "意境",
    "唯美",
    "写意",
    "留白",
    "诗意",
    "中国画",
    "精美",
    "宁静",
    "美丽的风景",
    "高清",
    "杰作",
    "画",
)
"""Words that users add and that change nothing here."""

SEPARATORS = ("，", "，", "，", "，", "，", "，", "，", "、", ",", " ")


def describe(scene: Scene, rng: np.random.Generator) -> str:
    """A caption that names every element of ``scene`` and no other, at most 28 characters long."""
    for _ in range(12):
        text = _describe(scene, rng, talkative=True)
        if len(text) <= LONGEST:
            return text
    return min((_describe(scene, rng, talkative=False) for _ in range(12)), key=len)


def facts_of(scene: Scene) -> Facts:
    """All that is true of ``scene``, with what its elements imply."""
    colours = {f"{item.element}:{item.colour}" for item in scene.items if item.colour}
    return implied(scene.elements) | colours | {scene.time, scene.season, scene.weather, scene.style}


def known_phrases() -> tuple[str, ...]:
    """Every phrase that captions are made of, connecting words and fillers too."""
    return (*_phrases(), *FILLERS)


def read_caption(text: str) -> Facts:
    """The facts that ``text`` names, by the longest phrase at each place; unknown characters are passed over."""
    phrases = _phrases()
    longest = max(map(len, phrases))
    found: set[str] = set()
    start = 0
    while start < len(text):
        for length in range(min(longest, len(text) - start), 0, -1):
            facts = phrases.get(text[start : start + length])
            if facts is not None:
                found |= facts
                start += length
                break
        else:
            start += 1
    return frozenset(found)


@cache
def _phrases() -> dict[str, Facts]:
    table: dict[str, Facts] = {}
    for facts, words in PREFIXES:
        told = frozenset(facts[:1] if facts[0] in PLACES else facts)
        table |= dict.fromkeys(words, told)
    for facts, words in COMPOUNDS:
        table |= {word: frozenset(facts) for word in words}
    for fact, words in CIRCUMSTANCES.items():
        table |= {word: frozenset((fact,)) for word in words}
    for key, element in ELEMENTS.items():
        table |= {name: frozenset((key,)) for name in element.names}
        for colour, whole in element.coloured.items():
            table |= {name: frozenset((key, f"{key}:{colour}")) for name in whole}
        for colour, words in element.colours.items():
            for name in element.names:
                table |= {word + name: frozenset((key, f"{key}:{colour}")) for word in words}
    return table


def _describe(scene: Scene, rng: np.random.Generator, *, talkative: bool) -> str:
    left = _facts_to_tell(scene, rng, talkative)
    colours = {item.element: item.colour for item in scene.items if item.colour and scene.style == "colour"}
    phrases: list[str] = []
    for facts, words in _shuffled(COMPOUNDS, rng):
        if left.issuperset(facts) and rng.random() < 0.55:
            left -= set(facts)
            phrases.append(str(rng.choice(words)))
    for facts, words in _shuffled(PREFIXES, rng):
        element = _bearer(facts, left, rng)
        if left.issuperset(facts) and element and rng.random() < 0.4:
            left -= {*facts, element}
            phrases.append(str(rng.choice(words)) + _name(element, colours, rng))
    names = [
        _name(fact, colours, rng) if fact in ELEMENTS else str(rng.choice(CIRCUMSTANCES[fact]))
        for fact in sorted(left)
    ]
    phrases += names
    if talkative and rng.random() < 0.12:
        phrases.append(str(rng.choice(FILLERS)))
    text = str(rng.choice(SEPARATORS)).join(_shuffled(phrases, rng))
    return text + ("。" if talkative and rng.random() < 0.04 else "")


def _facts_to_tell(scene: Scene, rng: np.random.Generator, talkative: bool) -> set[str]:
    """The elements, and those circumstances that do not go without saying."""
    told = set(scene.elements)
    sky_tells = bool(told & {"moon", "crescent", "stars"})
    chances = {
        scene.time: {"day": 0.2, "dusk": 1.0, "night": 0.55 if sky_tells else 1.0}[scene.time],
        scene.season: 0.0 if scene.season == "none" else 1.0,
        scene.weather: 0.08 if scene.weather == "clear" else 1.0,
        scene.style: 0.1 if scene.style == "colour" else 1.0,
        "river": 0.22 if scene.water else 0.0,
    }
    told |= {
        fact for fact, chance in chances.items() if chance == 1.0 or (talkative and rng.random() < chance)
    }
    return told


def _bearer(facts: tuple[str, ...], left: set[str], rng: np.random.Generator) -> str:
    """The element that a prefix of these facts may stand before; empty if there is none."""
    if facts[0] in PLACES:
        return facts[1] if facts[1] in left else ""
    free = sorted(fact for fact in left if fact in ELEMENTS and fact not in facts)
    return str(rng.choice(free)) if free else ""


def _name(key: str, colours: dict[str, str], rng: np.random.Generator) -> str:
    element = ELEMENTS[key]
    colour = colours.get(key, "")
    if not colour or rng.random() < 0.3:
        return str(rng.choice(element.names))
    whole = element.coloured.get(colour, ())
    if whole and rng.random() < 0.7:
        return str(rng.choice(whole))
    plain = [name for name in element.names if not name.startswith(("一", "几"))]
    return str(rng.choice(element.colours[colour])) + str(rng.choice(plain))


def _shuffled(sequence: Sequence[T], rng: np.random.Generator) -> list[T]:
    return [sequence[i] for i in rng.permutation(len(sequence))]
