"""A card: what the project knows of one model, from one JSON file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.project import PROJECT
from sd_chinese.registry.schema import violations

REGISTRY = PROJECT / "models_registry"
KINDS = ("base", "encoder", "lora", "controlnet", "corpus")


@dataclass(frozen=True)
class Words:
    """A text in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


@dataclass(frozen=True)
class Terms:
    """A text that the publisher asks to be agreed to."""

    name: str
    url: str


@dataclass(frozen=True)
class Licence:
    """``commercial``: ``yes``, ``conditions``, ``no`` or ``ask``; ``terms`` apply beside the licence."""

    name: str
    commercial: str
    url: str = ""
    terms: Terms | None = None


@dataclass(frozen=True)
class SourceFile:
    """A file of a repository, and what it must be."""

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Source:
    """Where a model comes from: ``bundled``, ``local``, ``hf``, ``modelscope`` or ``npm``.

    ``folder`` of the repository is the model; ``needed`` are shell patterns of the files to fetch from there, empty
    for what the model's kind needs; ``files`` is what is known of single files.
    """

    kind: str
    path: str = ""
    repo: str = ""
    package: str = ""
    revision: str = ""
    folder: str = ""
    needed: tuple[str, ...] = ()
    files: tuple[SourceFile, ...] = ()
    integrity: str = ""

    @property
    def origin(self) -> str:
        """What its files are, whichever mirror hands them out: ``hf:owner/name@main``."""
        place = "/".join(filter(None, (self.repo or self.package, self.folder)))
        return f"{self.kind}:{place}@{self.revision}"

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit: its name is a checksum of what it holds."""
        return re.fullmatch("[0-9a-f]{40}", self.revision) is not None


@dataclass(frozen=True)
class Hosts:
    """The hosts that can run a model, and why the others cannot."""

    only: tuple[str, ...]
    why: Words


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
    """One model, as `models_registry/card.schema.json` describes it.

    ``encoder`` overrides fields of the encoder's spec; ``compatible`` names base models by id; ``hosts`` is None for a
    model that every host runs.
    """

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
    sizes: tuple[tuple[int, int], ...] = ()
    size_bytes: int | None = None
    size_approximate: bool = False
    encoder: Mapping[str, Any] = field(default_factory=dict)
    defaults: Defaults = field(default_factory=Defaults)
    compatible: tuple[str, ...] = ()
    fits: str = ""
    hosts: Hosts | None = None
    notes: Words | None = None
    uncertain: tuple[Words, ...] = ()

    @property
    def bundled(self) -> bool:
        """Whether it comes with the project: nothing to fetch."""
        return any(source.kind == "bundled" for source in self.sources)

    @property
    def strict(self) -> bool:
        """Whether an add-on fits its own bases (`compatible`) alone and not all of its family."""
        return (self.fits or ("compatible" if self.kind == "encoder" else "family")) == "compatible"

    @property
    def size_text(self) -> str:
        """Of the download, such as ``4.2 GB``; empty where nobody knows."""
        if not self.size_bytes:
            return ""
        size = (
            f"{self.size_bytes / 1e9:.1f} GB" if self.size_bytes >= 1e9 else f"{self.size_bytes / 1e6:.0f} MB"
        )
        return strings.both("size_about", size=size) if self.size_approximate else size

    def lines(self, installed: Path | None = None) -> list[str]:
        """The card as lines for a terminal."""
        licence = f"{self.licence.name} · {strings.both('commercial_' + self.licence.commercial)}"
        terms, hosts = self.licence.terms, self.hosts
        values: dict[str, object] = {
            "card_title": self.title,
            "card_kind": " · ".join(
                part for part in (self.kind, self.family, self.resolution and str(self.resolution)) if part
            ),
            "card_description": self.description,
            "card_publisher": self.publisher,
            "card_licence": f"{licence} {self.licence.url}".strip(),
            "card_terms": f"{terms.name} {terms.url}" if terms else "",
            "card_size": self.size_text,
            "card_sizes": ", ".join(f"{width}x{height}" for width, height in self.sizes),
            "card_compatible": ", ".join(self.compatible),
            "card_fits": strings.both("fits_strict" if self.strict else "fits_family")
            if self.compatible
            else "",
            "card_defaults": ", ".join(
                f"{name} {_plain(value)}" for name, value in self.defaults.given().items()
            ),
            "card_sources": ", ".join(f"{s.kind}: {s.path or s.repo or s.package}" for s in self.sources),
            "card_hosts": f"{', '.join(hosts.only)} ({hosts.why})" if hosts else "",
            "card_installed": installed or strings.both("card_absent"),
            "card_notes": self.notes or "",
            "card_uncertain": " | ".join(map(str, self.uncertain)),
        }
        return [f"{strings.both(key)}: {value}" for key, value in values.items() if value]


def load_card(path: Path) -> Card:
    """Read and check a card.

    Raises:
        SdzhError: ``card_unreadable``, or ``card_invalid`` with the rules that it breaks.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
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


def _plain(value: object) -> str:
    """Sizes as ``512x768``, words one after the other."""
    if not isinstance(value, tuple):
        return str(value)
    return ("x" if all(isinstance(each, int) for each in value) else " ").join(map(str, value))


def _same(value: Any) -> Any:
    return value


def _source(content: Mapping[str, Any]) -> Source:
    files = tuple(SourceFile(**each) for each in content.get("files", ()))
    return Source(**{**_tuples(content), "files": files})


def _licence(content: Mapping[str, Any]) -> Licence:
    terms = {"terms": Terms(**content["terms"])} if "terms" in content else {}
    return Licence(**{**content, **terms})


def _tuples(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "title": lambda value: Words(**value),
    "description": lambda value: Words(**value),
    "notes": lambda value: Words(**value),
    "uncertain": lambda value: tuple(Words(**each) for each in value),
    "licence": _licence,
    "hosts": lambda value: Hosts(tuple(value["only"]), Words(**value["why"])),
    "sizes": lambda value: tuple((width, height) for width, height in value),
    "sources": lambda value: tuple(_source(each) for each in value),
    "defaults": lambda value: Defaults(**_tuples(value)),
    "compatible": tuple,
}
