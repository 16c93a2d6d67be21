"""A card's files, from the first of the user's sources that has them whole and right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Report, Stop
from sd_chinese.registry.addresses import SourceError
from sd_chinese.registry.card import Card, Source, Words
from sd_chinese.registry.download import SIZE_LIMIT, RemoteFile
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
    """A model's files on this disk, and where they are from."""

    path: Path
    source: str
    revision: str = ""


def fetch_model(
    card: Card, library: Library, report: Report, stop: Stop, *, accept_changed: bool = False
) -> Fetched:
    """Try the sources in the user's order.

    Args:
        accept_changed: take files that are not those which the same source had at the last install.

    Raises:
        SdzhError: ``sources_none``; ``sources_failed``, with each source's reason; ``sources_differ``, where one would
            have other files than the last time; ``cancelled``; ``disk_full`` or ``write_failed``, which no other
            source would mend.
    """
    failures: list[tuple[Offer, SourceError]] = []
    for offer in library.sources.offers(card):
        try:
            if offer.source.kind in _LOCAL:
                return _found(card, offer)
            report(_asking(offer, [failed.name for failed, _ in failures]))
            return _fetched(card, offer, library, report, stop, accept_changed)
        except SourceError as error:
            failures.append((offer, error))
    if not failures:
        wanted = ", ".join(source.kind for source in card.sources)
        raise SdzhError("sources_none", id=card.id, kinds=wanted, order=", ".join(library.sources.order))
    if len(failures) == 1 and failures[0][0].source.kind in _LOCAL:
        raise failures[0][1]
    # Of each the first sentence, what happened: what to do is the same for all.
    reasons = Words(
        "".join(f"【{offer.name}】{error.zh.partition('。')[0]}。" for offer, error in failures),
        " ".join(f"[{offer.name}] {error.en.partition('. ')[0].rstrip('.')}." for offer, error in failures),
    )
    changed = any(error.code.startswith("source_differs") for _, error in failures)
    code = "sources_differ" if changed else "sources_failed"
    raise SdzhError(code, id=card.id, reasons=reasons, page=card.homepage or card.sources[0].origin)


def _asking(offer: Offer, failed: Sequence[str]) -> Progress:
    """Which source is asked, and in place of which."""
    if not failed:
        return Progress("list", unit="files", detail=offer.name)
    told = strings.both("source_next", name=offer.name, failed=", ".join(failed))
    return Progress("switch", unit="files", detail=told)


def _found(card: Card, offer: Offer) -> Fetched:
    """A model on this disk, used where it lies."""
    path = PROJECT / offer.source.path if offer.name == "bundled" else Path(offer.source.path).expanduser()
    if not path.exists():
        raise SourceError("source_lacks_path", path=path)
    return Fetched(_checked(card, path), f"{offer.name} {offer.source.path}")


def _fetched(
    card: Card, offer: Offer, library: Library, report: Report, stop: Stop, accept_changed: bool
) -> Fetched:
    source = offer.source
    known = {} if accept_changed else library.ledger.fetched(source.origin)
    web = library.sources.web()
    listed = list_files(offer, web, stop)
    files = listed if card.kind == "corpus" else choose_files(listed, card, source)
    _compare(_published(files), known, source)  # before gigabytes are fetched in vain
    folder = library.downloads(card.id)
    _check_disks(card, files, folder, library)
    digests = fetch_files(files, folder, web, report, stop, limit=_limit(card))
    _drop_others(folder, files)
    place = folder / files[0].path if card.kind == "corpus" else folder
    try:
        _compare(digests, known, source)
        path = _checked(card, place)
    except SourceError:
        library.discard_downloads(card.id)  # whole, and of no use
        raise
    library.ledger.remember(source.origin, digests)
    return Fetched(path, f"{offer.name} {offer.address}", source.revision)


def _published(files: Iterable[RemoteFile]) -> dict[str, str]:
    digests = {file.path: file.digest for file in files}
    return {path: each.value for path, each in digests.items() if each and each.algorithm == "sha256"}


def _compare(digests: Mapping[str, str], known: Mapping[str, str], source: Source) -> None:
    """
    Raises:
        SourceError: ``source_differs``: a file is not what the same source had before; ``source_differs_pinned``: and
            the card names a commit, whose content no publisher can change.
    """
    for path, now in digests.items():
        if known.get(path, now) != now:
            code = "source_differs_pinned" if source.pinned else "source_differs"
            raise SourceError(code, path=path, before=known[path][:12], now=now[:12])


def _check_disks(card: Card, files: Sequence[RemoteFile], folder: Path, library: Library) -> None:
    """What is to come, and what it will become: half as much, as most are published in single precision."""
    size = sum(file.size or 0 for file in files)
    target = library.target(card.kind, card.id).parent
    for place in (folder, target):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SdzhError("write_failed", path=place, reason=error.strerror or error) from error
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
