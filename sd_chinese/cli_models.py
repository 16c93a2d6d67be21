"""`run.py models …`: the model library from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese import strings
from sd_chinese.console import say, table
from sd_chinese.errors import SdzhError
from sd_chinese.progress import ProgressBar, ProgressLine, Report, Stop, amount

if TYPE_CHECKING:
    from sd_chinese.registry.card import Card
    from sd_chinese.workflows.generate_image import Studio
    from sd_chinese.workflows.library import Library
    from sd_chinese.workflows.list_models import ListedModel

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
    OpenStudio = Callable[[argparse.Namespace], Studio]

FAULTY, INTERRUPTED = 1, 130
"""Exit codes: of a check that found something, and of Ctrl+C."""


def add_parsers(commands: Subparsers, open_studio: OpenStudio) -> None:
    """Add `models`; ``open_studio`` makes the host and its cards from the general options."""
    parser = commands.add_parser("models", help=strings.both("help_models"))
    parser.set_defaults(open_studio=open_studio)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = _action(actions, "list", run_list)
    listing.add_argument("--kind", help=strings.both("help_kind"))
    _action(actions, "show", run_show).add_argument("id")
    _add_install(actions)
    verify = _action(actions, "verify", run_verify)
    verify.add_argument("ids", nargs="*", help=strings.both("help_ids"))
    convert = _action(actions, "convert", run_convert)
    convert.add_argument("source", type=Path)
    convert.add_argument("out", type=Path, nargs="?", help=strings.both("help_convert_out"))
    convert.add_argument("--fp32", action="store_true", help=strings.both("help_fp32"))
    remove = _action(actions, "remove", run_remove)
    remove.add_argument("ids", nargs="+", help=strings.both("help_ids"))
    add = _action(actions, "add", run_add)
    add.add_argument("files", nargs="+", type=Path, help=strings.both("help_card_file"))


def _add_install(actions: Subparsers) -> None:
    parser = _action(actions, "install", run_install)
    parser.add_argument("ids", nargs="+", help=strings.both("help_ids"))
    parser.add_argument("--from", dest="folder", type=Path, help=strings.both("help_from"))
    parser.add_argument("--sources", metavar="A,B", help=strings.both("help_sources"))
    parser.add_argument(
        "--address", action="append", default=[], metavar="NAME=URL", help=strings.both("help_address")
    )
    parser.add_argument("--proxy", help=strings.both("help_proxy"))
    parser.add_argument("--yes", action="store_true", help=strings.both("help_yes"))
    parser.add_argument("--accept-changed", action="store_true", help=strings.both("help_accept_changed"))
    parser.add_argument("--force", action="store_true", help=strings.both("help_force"))


def _action(
    actions: Subparsers, name: str, run: Callable[[argparse.Namespace], int | None]
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=strings.both(f"help_models_{name}"))
    parser.set_defaults(run=run)
    return parser


def run_list(options: argparse.Namespace) -> None:
    """Every card and file, with its state and size; why it does not fit stands below."""
    from sd_chinese.workflows.list_models import list_models

    library = open_library(options)
    listed = list_models(library.catalog, library.host, options.kind)
    head = ("name", "kind", "state", "size", "title")
    rows = [tuple(strings.both(key) for key in head), *(_row(each, library) for each in listed)]
    for line in table(rows):
        say(line)
    for each in listed:
        for remark in _remarks(each):
            say(f"{each.name}: {remark.zh} / {remark.en}")


def _row(row: ListedModel, library: Library) -> tuple[str, ...]:
    if row.card:
        size = amount(row.card.size_bytes) if row.card.size_bytes else "-"
        return row.name, row.kind, _state(row, row.card, library), size, row.card.title.zh
    size = amount(row.found.size_bytes) if row.found else "-"
    return row.name, row.kind, strings.both("state_installed"), size, str(row.path)


def _state(row: ListedModel, card: Card, library: Library) -> str:
    from sd_chinese.registry.fit import NO
    from sd_chinese.workflows.find_model import bundled_paths

    if row.path:
        return strings.both("state_bundled" if row.path in bundled_paths(card) else "state_installed")
    if waiting := library.waiting_bytes(card):
        return strings.both("state_partial", size=amount(waiting))
    return strings.both("state_unfit" if row.fit.level == NO else "state_available")


def _remarks(row: ListedModel) -> Iterator[SdzhError]:
    """Why it does not fit this host, and what could be made of a file."""
    from sd_chinese.workflows.adopt_model import propose

    if row.fit.reason:
        yield row.fit.reason
    adoption = propose(row.found, row.kind) if row.found else None
    if adoption:
        yield adoption.reason


def run_show(options: argparse.Namespace) -> None:
    from sd_chinese.workflows.check_fit import check_fit
    from sd_chinese.workflows.find_model import installed_path

    library = open_library(options)
    card = library.catalog.get(options.id)
    for line in card.lines(installed_path(card, library.host)):
        say(line)
    if unfit := check_fit(card, library.host):
        say(str(unfit))


def run_install(options: argparse.Namespace) -> int:
    """Install models one after the other; Ctrl+C keeps what has come."""
    library = open_library(options)
    for card_id in options.ids:
        try:
            _install(card_id, library, options)
        except KeyboardInterrupt:
            card = library.catalog.get(card_id)
            say(
                strings.both("install_paused", id=card_id, size=amount(library.waiting_bytes(card))),
                sys.stderr,
            )
            return INTERRUPTED
    return 0


def _install(card_id: str, library: Library, options: argparse.Namespace) -> None:
    from sd_chinese.workflows.install_model import install_model

    agreed = options.yes or _agreed(library.catalog.get(card_id), library)
    with _progress() as report:
        record = install_model(
            card_id,
            library,
            report,
            Stop(),
            accept_licence=agreed,
            accept_changed=options.accept_changed,
            any_host=options.force,
        )
    say(strings.both("installed_at", path=library.place(record)))


def _agreed(card: Card, library: Library) -> bool:
    """Show the licence before the first download, and ask where somebody can answer."""
    from sd_chinese.workflows.install_model import agree_to_licence, licence_of

    if library.installed(card.id):
        return True
    try:
        agree_to_licence(card, library, accepted=False)
        return True
    except SdzhError as error:
        if error.code != "licence_unread" or not sys.stdin.isatty():
            raise
    say(f"{card.title}\n{licence_of(card)}\n{strings.both('commercial_' + card.licence.commercial)}")
    say(strings.both("licence_ask"))
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是", "同意")


def run_verify(options: argparse.Namespace) -> int:
    """Check models against their checksums; 1 when one has changed or is gone."""
    from sd_chinese.workflows.verify_model import INTACT, verify_model

    library = open_library(options)
    with _progress() as report:
        verdicts = list(verify_model(options.ids, library, report, Stop()))
    for each in verdicts:
        say(f"{strings.both('verdict_' + each.state)}  {each.id}  {each.path}")
    if not verdicts:
        say(strings.both("verify_none"))
    return FAULTY if any(each.state != INTACT for each in verdicts) else 0


def run_convert(options: argparse.Namespace) -> None:
    """Into the named file, or into the host's own folder."""
    from sd_chinese.workflows.adopt_model import adopt_model
    from sd_chinese.workflows.convert_model import convert_model

    dtype = "float32" if options.fp32 else "float16"
    if options.out is None:
        library = open_library(options)
        with _progress() as report:
            out = library.place(adopt_model(options.source, library, report, Stop(), dtype=dtype))
    else:
        bar = ProgressBar(strings.both("converting"))
        out = convert_model(options.source, options.out, dtype=dtype, progress=bar)
    say(strings.both("converted", path=out))


def run_remove(options: argparse.Namespace) -> None:
    from sd_chinese.workflows.remove_model import remove_model

    library = open_library(options)
    for name in options.ids:
        for path in remove_model(name, library):
            say(strings.both("removed", path=path))


def run_add(options: argparse.Namespace) -> None:
    from sd_chinese.workflows.add_card import add_card

    library = open_library(options)
    for path in options.files:
        card = add_card(path, library)
        say(strings.both("card_added", id=card.id, title=card.title))


def open_library(options: argparse.Namespace) -> Library:
    """The library of the host that the options choose, with the sources that they name.

    Raises:
        SdzhError: ``source_unknown``, ``source_address``.
    """
    from dataclasses import replace

    from sd_chinese.registry.sources import ORDER_VARIABLE, Sources
    from sd_chinese.workflows.library import Library

    studio = options.open_studio(options)
    sources = Sources.from_environment()
    named = vars(options)
    if named.get("sources"):
        sources = replace(sources, order=Sources.from_environment({ORDER_VARIABLE: named["sources"]}).order)
    addresses = {name: url for name, _, url in (each.partition("=") for each in named.get("address", ()))}
    proxy = sources.proxy if named.get("proxy") is None else named["proxy"]
    sources = replace(
        sources, addresses={**sources.addresses, **addresses}, proxy=proxy, folder=named.get("folder")
    )
    return Library(studio.host, studio.catalog, sources)


@contextmanager
def _progress() -> Iterator[Report]:
    line = ProgressLine()
    try:
        yield line
    finally:
        line.close()
