"""A card becomes a model that the host can load: fetch, verify, convert, place, remember."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Report, Stop
from sd_chinese.registry.card import Card
from sd_chinese.registry.download import digest_of
from sd_chinese.registry.installed import Installed, PlacedFile, held
from sd_chinese.workflows.check_fit import check_fit
from sd_chinese.workflows.fetch_model import Fetched, fetch_model

if TYPE_CHECKING:
    from sd_chinese.spec import EncoderSpec
    from sd_chinese.workflows.library import Library

OnTensor = Callable[[int, int], None]


def install_model(
    card_id: str,
    library: Library,
    report: Report,
    stop: Stop,
    *,
    accept_licence: bool = False,
    accept_changed: bool = False,
    any_host: bool = False,
) -> Installed:
    """Install a model of the library; one that is installed already is left as it is.

    Whatever happens on the way, the host's folder holds either the whole model or nothing of it; what has been
    downloaded stays until the install succeeds, so that it can be resumed.

    Args:
        accept_licence: the user has been shown `Card.licence` and agrees; asked once per card.
        accept_changed: as for `fetch_model`.
        any_host: also a model that this host cannot run.

    Raises:
        SdzhError: ``licence_unread``, ``unfit_…``, ``target_taken``, ``sources_failed``, ``sources_differ``,
            ``sources_none``, ``cancelled``, ``disk_full``, ``lock_held``, or as the conversion.
    """
    card = library.catalog.get(card_id)
    target = library.target(card.kind, card.id)
    if done := library.installed(card.id):
        return done
    if not any_host and (unfit := check_fit(card, library.host)):
        raise unfit
    begun = library.ledger.read().get(card.id)
    if target.exists() and not (begun and not begun.files):
        raise SdzhError("target_taken", path=target)
    agree_to_licence(card, library, accept_licence)
    with held(library.downloads("") / f"{card.id}.lock", wait=False):
        if not (begun and target.exists()):
            fetched = fetch_model(card, library, report, stop, accept_changed=accept_changed)
            stop.check()
            # Written before the target appears: should the power fail after that, it is known to be ours and whole.
            begun = _begun(card, target, fetched)
            library.ledger.put(begun)
            with undone(begun, target, library):
                place(card, fetched.path, target, report, library)
        with undone(begun, target, library):
            record = replace(begun, files=tuple(placed_files(target, report, stop)))
            library.ledger.put(record)
    library.discard_downloads(card.id)
    return record


@contextmanager
def undone(record: Installed, target: Path, library: Library) -> Iterator[None]:
    """If what is inside fails or is cancelled, neither the model nor its record stays."""
    try:
        yield
    except BaseException:
        if target.is_dir():
            shutil.rmtree(target, ignore_errors=True)
        else:
            target.unlink(missing_ok=True)
        library.ledger.drop(record.id)
        raise


def agree_to_licence(card: Card, library: Library, accepted: bool) -> None:
    """Remember that the user agrees.

    Raises:
        SdzhError: ``licence_unread``: nobody has been asked yet.
    """
    if all(offer.name == "bundled" for offer in library.sources.offers(card)):
        return
    if library.ledger.accepted().get(card.id) == licence_of(card):
        return
    if not accepted:
        raise SdzhError("licence_unread", id=card.id, licence=licence_of(card))
    library.ledger.accept(card.id, licence_of(card))


def licence_of(card: Card) -> str:
    """What is agreed to, in one line."""
    licence, terms = card.licence, card.licence.terms
    parts = (licence.name, licence.url, terms and f"+ {terms.name} {terms.url}")
    return " ".join(part for part in parts if part)


def _begun(card: Card, target: Path, fetched: Fetched) -> Installed:
    """The record of a model that is about to be placed: no file of it is known yet."""
    origin = (fetched.source, fetched.revision)
    return Installed(card.id, card.kind, target.name, (), *origin, time.time())


def place(card: Card, source: Path, target: Path, report: Report, library: Library) -> None:
    """Convert into the host's folder; the target appears when it is whole, and not at all otherwise."""

    def progress(done: int, total: int) -> None:
        report(Progress("convert", done, total, "tensors", detail=target.name))

    report(Progress("convert", unit="tensors", detail=target.name))
    _PLACERS[card.kind](card, source, target, progress, library)


def _place_base(card: Card, source: Path, target: Path, progress: OnTensor, library: Library) -> None:
    from sd_chinese.convert.checkpoint import convert_base_to_ldm

    convert_base_to_ldm(source, target, card_id=card.id, progress=progress, **_known(card))


def _place_encoder(card: Card, source: Path, target: Path, progress: OnTensor, library: Library) -> None:
    from sd_chinese.convert.encoder_folder import convert_encoder

    convert_encoder(source, target, progress=progress, **_known(card))


def _place_lora(card: Card, source: Path, target: Path, progress: OnTensor, library: Library) -> None:
    from sd_chinese.convert.lora import convert_lora

    convert_lora(source, target, progress=progress, spec=_base_encoder(card, library))


def _base_encoder(card: Card, library: Library) -> EncoderSpec | None:
    """The text encoder of the first base model that the card names and that is installed."""
    from sd_chinese.spec import read_spec

    records = (library.installed(base) for base in card.compatible)
    return next((read_spec(library.place(record)) for record in records if record), None)


def _place_controlnet(card: Card, source: Path, target: Path, progress: OnTensor, library: Library) -> None:
    from sd_chinese.convert.controlnet import convert_controlnet

    convert_controlnet(source, target, progress=progress)


def _place_corpus(card: Card, source: Path, target: Path, progress: OnTensor, library: Library) -> None:
    from sd_chinese.expand.corpus import bake_corpus

    bake_corpus(source, target)


_PLACERS: dict[str, Callable[[Card, Path, Path, OnTensor, Library], None]] = {
    "base": _place_base,
    "encoder": _place_encoder,
    "lora": _place_lora,
    "controlnet": _place_controlnet,
    "corpus": _place_corpus,
}


def _known(card: Card) -> dict[str, Any]:
    """What the card knows better than the model's files."""
    said: Mapping[str, Any] = card.encoder
    return {"hint": said.get("tokenizer", {}).get("kind"), "overrides": said}


def placed_files(target: Path, report: Report, stop: Stop) -> Iterator[PlacedFile]:
    """Every file of a placed model, read back from the disk."""
    paths = sorted(path for path in target.rglob("*") if path.is_file()) if target.is_dir() else [target]
    for number, path in enumerate(paths):
        report(Progress("place", number, len(paths), "files", detail=path.name))
        name = path.relative_to(target).as_posix() if path != target else ""
        yield PlacedFile(name, path.stat().st_size, digest_of(path, stop=stop))
