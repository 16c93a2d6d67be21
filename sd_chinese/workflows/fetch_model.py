"""A card's files, from the first of the user's sources that has them whole and right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Report, Stop
from sd_chinese.registry.addresses import SourceError
from sd_chinese.registry.card import Card
from sd_chinese.registry.download import SIZE_LIMIT, RemoteFile, digest_of
from sd_chinese.registry.identify import identify
from sd_chinese.registry.scan import SUFFIXES
from sd_chinese.registry.selection import choose_files
from sd_chinese.registry.sources import Offer, list_files
from sd_chinese.registry.transfer import check_space, fetch_files
from sd_chinese.weights_io import find_weights
from sd_chinese.workflows.find_model import PROJECT

if TYPE_CHECKING:
    from sd_chinese.workflows.library import Library

_LOCAL = ("bundled", "local")
# Above what a card says: rounded figures, and configurations that were not counted.
_ROUNDED, _EXACT, _BESIDE = 1.5, 1.02, 64 << 20


@dataclass(frozen=True)
class Fetched:
    """A model's files on this disk; ``digests`` is the SHA-256 of each that was fetched."""

    path: Path
    source: str
    revision: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


def fetch_model(card: Card, library: Library, report: Report, stop: Stop) -> Fetched:
    """Try the sources in the user's order.

    Raises:
        SdzhError: ``sources_none``; ``sources_failed``, with each source's reason; ``cancelled``; ``disk_full`` or
            ``write_failed``, which no other source would mend.
    """
    failures = []
    for offer in library.sources.offers(card):
        try:
            if offer.source.kind in _LOCAL:
                return _found(card, offer)
            return _fetched(card, offer, library, report, stop)
        except SourceError as error:
            failures.append((offer, error))
    if not failures:
        wanted = ", ".join(source.kind for source in card.sources)
        raise SdzhError("sources_none", id=card.id, kinds=wanted, order=", ".join(library.sources.order))
    if len(failures) == 1 and failures[0][0].source.kind in _LOCAL:
        raise failures[0][1]
    reasons = " | ".join(f"{offer.name}: {error.zh} {error.en}" for offer, error in failures)
    raise SdzhError("sources_failed", id=card.id, reasons=reasons, page=card.homepage or "-")


def _found(card: Card, offer: Offer) -> Fetched:
    """A model on this disk, used where it lies."""
    path = PROJECT / offer.source.path if offer.name == "bundled" else Path(offer.source.path).expanduser()
    if not path.exists():
        raise SourceError("source_lacks_path", path=path)
    return Fetched(_checked(card, path), f"{offer.name} {offer.source.path}")


def _fetched(card: Card, offer: Offer, library: Library, report: Report, stop: Stop) -> Fetched:
    report(Progress("list", unit="files", detail=offer.name))
    web = library.sources.web()
    listed = list_files(offer, web, stop)
    files = listed if card.kind == "corpus" else choose_files(listed, card, offer.source)
    folder = library.downloads(card.id)
    _check_disks(card, files, folder, library)
    fetch_files(files, folder, web, report, stop, limit=_limit(card))
    _drop_others(folder, files)
    digests = _digests(files, folder, report, stop)
    place = folder / files[0].path if card.kind == "corpus" else folder
    try:
        path = _checked(card, place)
    except SourceError:
        library.discard_downloads(card.id)  # whole, and of no use
        raise
    return Fetched(path, f"{offer.name} {offer.address}", offer.source.revision, digests)


def _check_disks(card: Card, files: Sequence[RemoteFile], folder: Path, library: Library) -> None:
    """What is to come, and what it will become: half as much, as most are published in single precision."""
    size = sum(file.size or 0 for file in files)
    target = library.target(card.kind, card.id).parent
    folder.mkdir(parents=True, exist_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    shared = folder.stat().st_dev == target.stat().st_dev
    check_space(target, size // 2 + (size - library.waiting_bytes(card) if shared else 0))


def _limit(card: Card) -> int:
    """Bytes that the card allows for all its files."""
    if not card.size_bytes:
        return SIZE_LIMIT
    return int(card.size_bytes * (_ROUNDED if card.size_approximate else _EXACT)) + _BESIDE


def _drop_others(folder: Path, files: Sequence[RemoteFile]) -> None:
    """Take away what another source has left there: it might be read in place of what belongs to this one."""
    wanted = {folder.joinpath(*file.path.split("/")) for file in files}
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


def _digests(files: Sequence[RemoteFile], folder: Path, report: Report, stop: Stop) -> dict[str, str]:
    digests: dict[str, str] = {}
    for file in files:
        report(Progress("verify", unit="files", done=len(digests), total=len(files), detail=file.path))
        published = file.digest if file.digest and file.digest.algorithm == "sha256" else None
        path = folder.joinpath(*file.path.split("/"))
        digests[file.path] = published.value if published else digest_of(path, stop=stop)
    return digests


def _checked(card: Card, path: Path) -> Path:
    """The model at ``path``, told by its content to be what the card promises.

    Raises:
        SourceError: ``source_other``.
    """
    if card.kind == "corpus":
        return path
    model = _model_at(path, card.kind)
    identity = identify(model)
    kinds = (card.kind, "base") if card.kind == "encoder" else (card.kind,)
    if identity.kind not in kinds or (card.family and identity.family and card.family != identity.family):
        found = " ".join(filter(None, (identity.kind, identity.family))) or identity.reason
        raise SourceError("source_other", id=card.id, kind=card.kind, family=card.family, found=found)
    return model


def _model_at(path: Path, kind: str) -> Path:
    """The folder or single file that is the model: a checkpoint may bear any name and lie beside its vocabulary."""
    if kind == "encoder" and (path / "text_encoder").is_dir():
        return path / "text_encoder"
    if path.is_file() or (path / "unet").is_dir() or find_weights(path):
        return path
    files = [each for each in sorted(path.iterdir()) if each.suffix.lower() in SUFFIXES]
    return files[0] if len(files) == 1 else path
