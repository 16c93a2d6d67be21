"""Several matches and the user's own words become one scene without contradiction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sd_chinese.expand.lexicon import Entry, Pair
from sd_chinese.expand.parts import CONDITIONS, STORIES, Element, Part
from sd_chinese.expand.vocabulary import conditions, names_people

#: Words by which a phrase of a scene gives its season away.
_SEASON_MARKS = {"春": "春|嫩芽", "夏": "夏|蝉", "秋": "秋|枫叶|红叶|落叶", "冬": "冬|雪地|雪花|积雪|大雪"}
_DAY, _NIGHT = "正午|烈日|晴空|阳光", "月光|月色|明月|圆月|夜|星空"
_TIME_MARKS = {
    "白天": _DAY, "正午": _DAY, "午后": _DAY, "清晨": "朝阳|晨", "黎明": "晨",
    "黄昏": "夕阳|晚霞|暮", "夜晚": _NIGHT, "月夜": _NIGHT, "深夜": _NIGHT,
}  # fmt: skip
#: A phrase may be left out of a part without losing what the part is about.
_OPTIONAL = frozenset({"setting", "palette", "mood", "composition"})
_SHARED = ("palette", "mood", "composition")
USER = "user"


@dataclass(frozen=True)
class Condition:
    """A season, time of day or weather of the whole scene, and who said so."""

    field: str
    value: str
    pair: Pair
    source: str


@dataclass(frozen=True)
class Style:
    """How it is painted."""

    name: str
    pair: Pair
    pure: Pair | None = None
    negative: Pair | None = None
    palette: Pair | None = None

    @classmethod
    def of(cls, entry: Entry) -> Style:
        pair = entry.style or Pair(entry.headword, "")
        return cls(entry.headword, pair, entry.pure, entry.negative, entry.palette)


@dataclass(frozen=True)
class Scene:
    """One picture: parts in the order of the prompt, what holds for all of it, how it is painted.

    ``own_words`` is the user's text outside of the parts; without ``people`` nobody may appear.
    """

    parts: tuple[Part, ...]
    conditions: tuple[Condition, ...]
    shared: tuple[Element, ...]
    styles: tuple[Style, ...]
    own_words: str
    people: bool

    @cached_property
    def negative(self) -> tuple[Pair, ...]:
        """What must not appear: traps that nothing else in the scene wants, then what spoils the styles."""
        scene_zh = self.own_words + "".join(e.pair.zh for part in self.parts for e in part.elements)
        scene_en = " ".join(e.pair.en for part in self.parts for e in part.elements).lower()
        traps = dict.fromkeys((part.trap_zh, part.trap_en) for part in self.parts)
        found = []
        for trap_zh, trap_en in traps:
            zh = [word for word in trap_zh if word not in scene_zh]
            en = [word for word in trap_en if not re.search(rf"\b{re.escape(word.lower())}", scene_en)]
            found.append(Pair("，".join(zh), ", ".join(en)))
        found += [Pair(s.negative.zh.replace("、", "，"), s.negative.en) for s in self.styles if s.negative]
        if not self.people:
            found.append(Pair("人物，人群", "people, person, human figure"))
        return tuple(found)

    def elements(self) -> list[Element]:
        return [element for part in self.parts for element in part.elements] + list(self.shared)


def merge(
    parts: Sequence[Part], told_by_user: dict[str, str], own_words: str, styles: Sequence[Style], people: bool
) -> Scene:
    """Settle contradictions: the user's own words win, then the earlier phrase.

    Args:
        told_by_user: season, time and weather that the user's own words tell, by field.
        own_words: the user's text outside of all matches.
        people: ``False`` leaves people out of the scene.
    """
    settled = _settle(parts, told_by_user)
    values = {condition.field: condition.value for condition in settled if condition.field != "weather"}
    kept: list[Part] = []
    shared: dict[str, Element] = {}
    said: set[str] = set()
    has_story = any(part.kind in STORIES and part.drawable for part in parts)
    for part in parts:
        elements = []
        for element in part.elements:
            if (
                element.pair.zh in said
                or _contradicts(element, values)
                or not _fits(element, part, has_story)
            ):
                continue
            if not people and names_people(element.pair.zh):
                continue
            said.add(element.pair.zh)
            if element.role in _SHARED:
                shared.setdefault(element.role, element)
            else:
                elements.append(element)
        kept.append(part if len(elements) == len(part.elements) else Part.of(part.match, part, elements))
    common = tuple(shared[role] for role in _SHARED if role in shared)
    return Scene(tuple(kept), settled, common, tuple(styles), own_words, people)


def _settle(parts: Sequence[Part], told_by_user: dict[str, str]) -> tuple[Condition, ...]:
    table = conditions()
    found: list[Condition] = []
    for name in CONDITIONS:
        if name in told_by_user:
            value = told_by_user[name]
            found.append(Condition(name, value, table[name, value], USER))
            continue
        part = next((part for part in parts if part.drawable and name in part.told), None)
        for value in part.told[name] if part else ():
            source = part.elements[0].source if part else ""
            found.append(Condition(name, value, table[name, value], source))
    return tuple(found)


def _contradicts(element: Element, values: dict[str, str]) -> bool:
    """Whether an optional phrase names another season or time than the one settled on."""
    if element.role not in _OPTIONAL:
        return False
    return any(
        (told := _marks(element.pair.zh, name)) and name in values and values[name] not in told
        for name in ("season", "time")
    )


@lru_cache(maxsize=8192)
def _marks(zh: str, name: str) -> frozenset[str]:
    """The seasons or times of day that a phrase would suit by what it mentions; none if it mentions none."""
    table = _SEASON_MARKS if name == "season" else _TIME_MARKS
    return frozenset(value for value, mark in table.items() if re.search(mark, zh))


def _fits(element: Element, part: Part, has_story: bool) -> bool:
    """A dish or a robe brings no table and no room of its own into a scene that has a place."""
    return not (has_story and part.kind not in STORIES and element.role in ("setting", "composition"))
