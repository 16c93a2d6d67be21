"""What pages and requests work with, opened once and when first asked for."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.registry.sources import Sources
from sd_chinese.workflows.describe_model import Painting, describe_model
from sd_chinese.workflows.expand_generation import Wish
from sd_chinese.workflows.expand_prompt import open_expander
from sd_chinese.workflows.find_model import find_model, known_names
from sd_chinese.workflows.jobs import FAILED, Jobs
from sd_chinese.workflows.library import Library, cards_folder

if TYPE_CHECKING:
    from sd_chinese.expand.complete import Completer, Completion
    from sd_chinese.expand.expander import Expander
    from sd_chinese.hosts.base import Host
    from sd_chinese.registry.catalog import Catalog


def load_catalog(host: Host) -> Catalog:
    """The project's cards and the user's own."""
    from sd_chinese.registry.catalog import Catalog

    return Catalog.load([cards_folder(host)])


def nothing_chosen() -> tuple[Path, Path | None] | None:
    return None


@dataclass
class Desk:
    """The host's side of a page.

    Attributes:
        load_catalog: reads the cards.
        chosen: the model that will paint and the encoder put in place of its own, None while there is none.
        sources: where models are had from, by the user's settings of the moment.
        open_lexicon: opens the expander.
        defaults: how a prompt is expanded where a request does not say.
        state, troubles: for the report of `diagnose`: what the host's adapter has in place, and its last errors.
        count_by_host: tokens and room of a text, negative or not, by the host's own counter: for a model of which we
            know no vocabulary.
        closing: whether the host's server is about to end; no answer may then wait.
    """

    host: Host
    load_catalog: Callable[[Host], Catalog]
    chosen: Callable[[], tuple[Path, Path | None] | None] = nothing_chosen
    sources: Callable[[], Sources] = Sources.from_environment
    open_lexicon: Callable[[], Expander] = open_expander
    defaults: Callable[[], Wish] = Wish
    count_by_host: Callable[[str, bool], tuple[int, int] | None] = lambda text, negative: None
    state: Callable[[], Sequence[str]] = tuple
    troubles: Callable[[], Sequence[str]] = tuple
    closing: Callable[[], bool] = lambda: False
    jobs: Jobs = field(default_factory=Jobs)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @cached_property
    def catalog(self) -> Catalog:
        return self.load_catalog(self.host)

    @property
    def library(self) -> Library:
        """With the cards of this moment: one that was just put into the user's folder needs no restart."""
        self.catalog = self.load_catalog(self.host)
        return Library(self.host, self.catalog, self.sources())

    @property
    def expander(self) -> Expander:
        with self._lock:  # the first request opens it, the others wait
            return self._expander

    @property
    def completer(self) -> Completer:
        with self._lock:
            return self._completer

    def complete(self, before: str, limit: int) -> list[Completion]:
        return self.completer.complete(before, limit)

    def painting(self) -> Painting | None:
        """The model that will paint; None where the host has none yet or its file is gone."""
        chosen = self.chosen()
        try:
            return describe_model(chosen[0], self.catalog, self.host, chosen[1]) if chosen else None
        except (OSError, SdzhError):
            return None

    def text_encoder(self, name: str | None) -> tuple[str, Path]:
        """Name and place of what encodes prompts: the model that will paint, or an installed model by its name.

        Raises:
            SdzhError: ``no_model_chosen``, ``model_missing``. A path is no name: a client learns nothing of the disk.
        """
        if name is None:
            chosen = self.chosen()
            if chosen is None:
                raise SdzhError("no_model_chosen")
            path = chosen[1] or chosen[0]
            return path.stem, path
        names: list[str] = []
        for kind in ("base", "encoder"):
            known = known_names(kind, self.catalog, self.host)
            if name in known:
                return name, find_model(name, kind, self.catalog, self.host).path
            names += known
        raise SdzhError("model_missing", name=name, names=", ".join(names) or "-", folder="models")

    @cached_property
    def styles(self) -> list[dict[str, Any]]:
        """Every style of the lexicon, with a swatch of its colours."""
        from sd_chinese.expand.shelves import entries_of
        from sd_chinese.expand.swatches import colours_of

        return [
            {
                "name": each.entry.headword,
                "theme": each.theme,
                "zh": each.entry.style.zh,
                "en": each.entry.style.en,
                "colours": colours_of(each.entry),
            }
            for each in entries_of("style", self.expander.index, self.expander.records)
            if each.entry.style
        ]

    def diagnose(self) -> list[str]:
        """The report that can be pasted in public."""
        from sd_chinese.workflows.diagnose import diagnose

        failed = [job.error for job in self.jobs.list() if job.error and job.state == FAILED]
        troubles = [*self.troubles(), *(f"{error.zh} / {error.en}" for error in failed)]
        return list(
            diagnose(
                self.catalog,
                self.host,
                painting=self.painting(),
                state=self.state(),
                sources=self.sources(),
                troubles=troubles,
            )
        )

    def inspiration(self, day: date) -> dict[str, Any]:
        """A line of verse that suits the season of ``day``, and where it is from."""
        from sd_chinese.expand.shelves import lines_for, season_of

        season = season_of(day)
        with self._lock:
            if season not in self._lines:
                self._lines[season] = lines_for(season, self.expander.index, self.expander.records)
        entry = random.choice(self._lines[season])
        return {"line": entry.headword, "season": season, "poem": asdict(entry.poem) if entry.poem else None}

    @cached_property
    def _expander(self) -> Expander:
        return self.open_lexicon()

    @cached_property
    def _completer(self) -> Completer:
        from sd_chinese.expand.complete import Completer

        return Completer(self._expander.index, self._expander.records)

    @cached_property
    def _lines(self) -> dict[str, list[Any]]:
        return {}
