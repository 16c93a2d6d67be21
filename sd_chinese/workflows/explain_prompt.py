"""What a page shows of a prompt that was read: a card for each phrase, and the readings with what they added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sd_chinese.expand.expander import Expander, ExpandOptions, Expansion
    from sd_chinese.expand.parts import Part

#: A longer prompt is shown without its differences: comparing takes the square of its length.
COMPARED = 2000
#: Fewer characters in common are chance.
COMMON = 2


def explain_prompt(prompt: str, options: ExpandOptions, expander: Expander) -> dict[str, Any]:
    """The expansion's JSON with `cards`, and with `runs` for each candidate.

    A card stands for every phrase found, whether it is switched on or off.

    Raises:
        SdzhError: ``options`` name a style that does not exist.
    """
    expansion = expander.expand(prompt, options)
    whole = expander.expand(prompt, replace(options, off=frozenset())) if options.off else expansion
    found = expansion.to_json()
    for candidate in found["candidates"]:
        for language in ("zh", "en"):
            candidate[f"runs_{language}"] = runs(prompt, candidate[f"prompt_{language}"])
    matches = found["matches"] if whole is expansion else whole.to_json()["matches"]
    cards = zip(whole.parts, matches, strict=True)
    found["cards"] = [_card(part, match, whole, options.off) for part, match in cards]
    return found


def runs(original: str, text: str) -> list[dict[str, Any]]:
    """``text`` in runs of the user's own characters and added ones."""
    if not text:
        return []
    if max(len(original), len(text)) > COMPARED:
        return [{"text": text, "added": False}]
    return list(_runs(original, text))


def _runs(original: str, text: str) -> Iterator[dict[str, Any]]:
    at = 0
    for _, start, size in SequenceMatcher(None, original, text, autojunk=False).get_matching_blocks():
        if 0 < size < COMMON:
            continue
        if start > at:
            yield {"text": text[at:start], "added": True}
        if size:
            yield {"text": text[start : start + size], "added": False}
        at = start + size


def _card(part: Part, match: dict[str, Any], whole: Expansion, off: frozenset[str]) -> dict[str, Any]:
    entry, poem = part.known.entry, part.known.poem
    return {
        **match,
        "says": asdict(entry.says) if entry and entry.says else None,
        "poem": asdict(poem) if poem else None,
        "trap": {"zh": list(part.trap_zh), "en": list(part.trap_en)},
        "on": part.match.canonical not in off,
        "draws": [
            {"role": role, **asdict(pair), "on": pair.zh not in off} for role, pair in _drawn(part, whole)
        ],
    }


def _drawn(part: Part, whole: Expansion) -> Iterator[tuple[str, Any]]:
    """The phrases that a match brings into the scene, and what it tells of the whole scene."""
    yield from ((element.role, element.pair) for element in part.elements)
    entry = part.known.entry
    if part.kind == "style" and entry and entry.style:
        yield "style", entry.style
    if not part.elements:
        return
    source = part.elements[0].source
    scene = whole.scene
    yield from ((each.role, each.pair) for each in scene.shared if each.source == source)
    yield from ((each.field, each.pair) for each in scene.conditions if each.source == source)
