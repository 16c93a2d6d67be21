"""The part of JSON Schema 2020-12 that `models_registry/card.schema.json` uses, so that no library is needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
# bool is an int to Python, but not to JSON.
_TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
}
# Keyword -> (the type it speaks of, whether a value of that type satisfies it).
_LIMITS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    # A schema's $ is the end of the string; Python's would let a line break follow.
    "pattern": ("string", lambda value, limit: re.search(re.sub(r"\$$", r"\\Z", limit), value) is not None),
    "minLength": ("string", lambda value, limit: len(value) >= limit),
    "minimum": ("number", lambda value, limit: value >= limit),
    "maximum": ("number", lambda value, limit: value <= limit),
    "minItems": ("array", lambda value, limit: len(value) >= limit),
    "maxItems": ("array", lambda value, limit: len(value) <= limit),
}
_ANNOTATIONS = frozenset(("$schema", "$defs", "title", "description"))
_STRUCTURE = frozenset(
    ("type", "enum", "required", "properties", "additionalProperties", "items", "allOf", "if", "then", "$ref")
)


def violations(value: object, schema: Schema, root: Schema | None = None, place: str = "") -> Iterator[str]:
    """Every rule that ``value`` breaks, as ``place: rule``.

    Raises:
        ValueError: the schema uses a keyword that is not known here.
    """
    root = root or schema
    if unknown := schema.keys() - _ANNOTATIONS - _STRUCTURE - _LIMITS.keys():
        raise ValueError(f"schema keywords: {', '.join(sorted(unknown))}")
    if "$ref" in schema:
        yield from violations(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, place)
    if "type" in schema and not _TYPES[schema["type"]](value):
        yield f"{place or '/'}: {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place or '/'}: {' | '.join(schema['enum'])}"
    for keyword, (kind, holds) in _LIMITS.items():
        if keyword in schema and _TYPES[kind](value) and not holds(value, schema[keyword]):
            yield f"{place or '/'}: {keyword} {schema[keyword]}"
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from violations(item, schema["items"], root, f"{place}/{index}")
    if isinstance(value, dict):
        yield from _object_violations(value, schema, root, place)
    for branch in schema.get("allOf", ()):
        if not any(violations(value, branch["if"], root)):
            yield from violations(value, branch["then"], root, place)


def _object_violations(value: dict[str, Any], schema: Schema, root: Schema, place: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{place}/{name}: required"
    for name, item in value.items():
        if name in properties:
            yield from violations(item, properties[name], root, f"{place}/{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{place}/{name}: unknown"
