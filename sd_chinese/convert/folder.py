"""Writing a diffusers folder: it appears under its name only when it is whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sd_chinese.errors import SdzhError


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, renamed to ``out`` at the end and removed on failure.

    Raises:
        SdzhError: ``folder_exists``, ``write_failed``.
    """
    if out.exists():
        raise SdzhError("folder_exists", path=out)
    part = out.with_name(out.name + ".part")
    try:
        part.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(out)
    except OSError as error:
        raise SdzhError("write_failed", path=out, reason=error.strerror or error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
