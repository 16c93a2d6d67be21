"""A card: what the project knows of one model, from one JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.registry.schema import violations

REGISTRY = Path(__file__).resolve().parents[2] / "models_registry"
KINDS = ("base", "encoder", "lora", "controlnet", "corpus")


@dataclass(frozen=True)
class Words:
    """A text in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


@dataclass(frozen=True)
class Licence:
    """``commercial``: ``yes``, ``no`` or ``ask``."""

    name: str
    commercial: str
    url: str = ""


@dataclass(frozen=True)
class SourceFile:
    """A file of a repository, and what it must be."""

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Source:
    """Where a model comes from: ``bundled``, ``local``, ``hf``, ``modelscope`` or ``npm``."""

    kind: str
    path: str = ""
    repo: str = ""
    package: str = ""
    revision: str = ""
    files: tuple[SourceFile, ...] = ()


@dataclass(frozen=True)
class Defaults:
    """What the page offers first; None where the card does not say."""

    sampler: str | None = None
    steps: int | None = None
    cfg: float | None = None
    size: tuple[int, int] | None = None
    negative: str | None = None
    strength: float | None = None
    triggers: tuple[str, ...] | None = None

    def given(self) -> dict[str, Any]:
        """Only what the card says."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Card:
    """One model. ``encoder`` overrides fields of the encoder's spec; ``compatible`` names base models by id."""

    id: str
    kind: str
    title: Words
    description: Words
    publisher: str
    licence: Licence
    sources: tuple[Source, ...]
    homepage: str = ""
    family: str = ""
    resolution: int | None = None
    size_bytes: int | None = None
    encoder: Mapping[str, Any] = field(default_factory=dict)
    defaults: Defaults = field(default_factory=Defaults)
    compatible: tuple[str, ...] = ()
    notes: Words | None = None

    def lines(self, installed: Path | None = None) -> list[str]:
        """The card as lines for a terminal."""
        licence = f"{self.licence.name} · {strings.both('commercial_' + self.licence.commercial)}"
        size = f"{self.size_bytes / 1e6:.0f} MB" if self.size_bytes else ""
        values: dict[str, object] = {
            "card_title": self.title,
            "card_kind": " · ".join(
                part for part in (self.kind, self.family, self.resolution and str(self.resolution)) if part
            ),
            "card_description": self.description,
            "card_publisher": self.publisher,
            "card_licence": f"{licence} {self.licence.url}".strip(),
            "card_size": size,
            "card_compatible": ", ".join(self.compatible),
            "card_defaults": ", ".join(f"{name} {value}" for name, value in self.defaults.given().items()),
            "card_sources": ", ".join(f"{s.kind}: {s.path or s.repo or s.package}" for s in self.sources),
            "card_installed": installed or strings.both("card_absent"),
            "card_notes": self.notes or "",
        }
        return [f"{strings.both(key)}: {value}" for key, value in values.items() if value]


def load_card(path: Path) -> Card:
    """Read and check a card.

    Raises:
        SdzhError: ``card_unreadable``, or ``card_invalid`` with the rules that it breaks.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SdzhError("card_unreadable", path=path, reason=error) from error
    broken = list(violations(content, card_schema()))
    if not broken and content["id"] != path.stem:
        broken = [f"/id: {path.stem}"]
    if broken:
        raise SdzhError("card_invalid", path=path, rules="; ".join(broken[:4]))
    return parse_card(content)


def parse_card(content: Mapping[str, Any]) -> Card:
    """A card from JSON that keeps the schema."""
    return Card(**{name: _PARSERS.get(name, _same)(value) for name, value in content.items()})


@lru_cache(maxsize=1)
def card_schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads((REGISTRY / "card.schema.json").read_text(encoding="utf-8"))
    return schema


def _same(value: Any) -> Any:
    return value


def _source(content: Mapping[str, Any]) -> Source:
    files = tuple(SourceFile(**each) for each in content.get("files", ()))
    return Source(**{**content, "files": files})


def _tuples(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "title": lambda value: Words(**value),
    "description": lambda value: Words(**value),
    "notes": lambda value: Words(**value),
    "licence": lambda value: Licence(**value),
    "sources": lambda value: tuple(_source(each) for each in value),
    "defaults": lambda value: Defaults(**_tuples(value)),
    "compatible": tuple,
}
