"""From a prompt, or a file of prompts, to drawable prompts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError

if TYPE_CHECKING:
    from sd_chinese.expand.corpus import Baked
    from sd_chinese.expand.expander import Expander, ExpandOptions, Expansion

#: Where a corpus of verse lies below the data folder once it is installed.
CORPUS = Path("corpus") / "chinese-poetry.txt"
LEXICON = "lexicon"


def data_folder() -> Path:
    """Where the user's own entries and an installed corpus are kept: the platform's data folder."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "sd-webui-chinese"


def open_expander(
    folder: Path | None = None, *, corpus: Path | None = None, cache: Path | None = None
) -> Expander:
    """Open the built-in lexicon with the user's own entries and, if it is installed, the corpus.

    Args:
        folder: the data folder; the platform's unless given.
        corpus: baked verse to read instead of the installed one.
        cache: where the index is kept.
    """
    from sd_chinese.expand.expander import Expander

    folder = folder or data_folder()
    installed = corpus or folder / CORPUS
    own = folder / LEXICON
    return Expander.open(
        user=own if own.is_dir() else None, corpus=installed if installed.is_file() else None, cache=cache
    )


def bake_corpus(package: Path, folder: Path | None = None) -> tuple[Baked, Path]:
    """Make the corpus out of the npm package ``chinese-poetry`` (its ``.tgz`` or unpacked), where it is looked for.

    Raises:
        SdzhError: ``corpus_empty``, ``corpus_unreadable``.
    """
    from sd_chinese.expand import corpus

    out = (folder or data_folder()) / CORPUS
    return corpus.bake_corpus(package, out), out


def read_options(off: Iterable[str] = (), **said: Any) -> ExpandOptions:
    """Options as a page or a request says them.

    Raises:
        SdzhError: ``expand_option``.
    """
    from sd_chinese.expand.expander import ExpandOptions

    return ExpandOptions(off=frozenset(off), **said)


def expand_prompt(prompt: str, options: ExpandOptions, expander: Expander) -> Expansion:
    """Read one prompt; a failure of ours never costs the user the prompt."""
    return expander.expand(prompt, options)


def expand_file(path: Path, options: ExpandOptions, expander: Expander) -> Iterator[Expansion]:
    """Read a file of prompts, one a line, in UTF-8 or GB18030; empty lines are skipped.

    Raises:
        SdzhError: the file cannot be read.
    """
    from sd_chinese.expand.lexicon import read_text

    try:
        text = read_text(path)
    except OSError as error:
        raise SdzhError("prompts_unreadable", path=path, reason=error.strerror or error) from error
    for line in text.splitlines():
        if line.strip():
            yield expander.expand(line, options)
