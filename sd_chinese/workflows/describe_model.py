"""What a page must know of the model that will paint: which language it reads, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.registry.identify import identify
from sd_chinese.spec import SPEC_KEY
from sd_chinese.vocabulary import CLIP_BPE
from sd_chinese.weights_io import read_header
from sd_chinese.workflows.choose_size import RESOLUTIONS, SMALL
from sd_chinese.workflows.find_model import installed_path

if TYPE_CHECKING:
    from sd_chinese.hosts.base import Host
    from sd_chinese.registry.card import Card
    from sd_chinese.registry.catalog import Catalog


@dataclass(frozen=True)
class Painting:
    """The model that will paint.

    Attributes:
        language: ``zh`` where its text encoder reads Chinese, else ``en``.
        encoder: its text encoder in a word or two; empty where none is known.
        defaults: settings that its card recommends.
    """

    name: str
    path: Path
    language: str
    encoder: str
    family: str
    resolution: int
    card: Card | None
    defaults: dict[str, Any]


def describe_model(path: Path, catalog: Catalog, host: Host, encoder: Path | None = None) -> Painting:
    """Describe a base model on this disk, driven by its own text encoder or by ``encoder``."""
    card = next((card for card in catalog.all("base") if installed_path(card, host) == path), None)
    family, own = _facts(path, path.stat().st_mtime_ns)
    language, name = _facts(encoder, encoder.stat().st_mtime_ns)[1] if encoder else own
    resolution = card.resolution if card and card.resolution else RESOLUTIONS.get(family, SMALL)
    title = path.name if path.is_dir() else path.stem
    defaults = card.defaults.given() if card else {}
    return Painting(card.id if card else title, path, language, name, family, resolution, card, defaults)


@lru_cache(maxsize=16)
def _facts(path: Path, _changed: int) -> tuple[str, tuple[str, str]]:
    """Family, and the language and name of the text encoder."""
    identity = identify(path)
    spec = identity.spec
    if spec is None:
        return identity.family, ("en", "")
    chinese = spec.tokenizer.kind != CLIP_BPE or _was_converted(path)
    return identity.family, ("zh" if chinese else "en", f"{spec.architecture} {spec.width}")


def _was_converted(path: Path) -> bool:
    """Taiyi's bilingual encoder has CLIP's words: only what we wrote into the file tells it from an English one."""
    try:
        return path.is_file() and SPEC_KEY in read_header(path).metadata
    except SdzhError:
        return False
