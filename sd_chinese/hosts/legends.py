"""Legends of grids (X/Y/Z plot, prompt matrix): the host's font has no Chinese, a font of the system has.

Source: `draw_grid_annotations` and `get_font` of modules/images.py. Legends without Chinese are drawn as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from sd_chinese.hosts.patches import Patches

_HAN = re.compile(r"[\u3400-\u9fff]")
#: Where systems keep fonts, and files of theirs that have Chinese, in the order of liking.
_FOLDERS = (
    "C:/Windows/Fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
)
_FILES = (
    "msyh.ttc",
    "PingFang.ttc",
    "STHeiti Medium.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "simhei.ttf",
    "simsun.ttc",
    "DroidSansFallbackFull.ttf",
)
_FACES = 16


def install(patches: Patches) -> None:
    """Draw legends that hold Chinese in a font that has it."""
    from modules import images

    chinese = False

    def draw(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        nonlocal chinese
        chinese = any(_HAN.search(text) for text in _texts([args, kwargs]))
        try:
            return original(*args, **kwargs)
        finally:
            chinese = False

    def get_font(original: Callable[..., Any], fontsize: int) -> Any:
        font = chinese_font(fontsize) if chinese else None
        return original(fontsize) if font is None else font

    patches.wrap(images, "draw_grid_annotations", draw)
    patches.wrap(images, "get_font", get_font)


@lru_cache(maxsize=8)
def chinese_font(size: int) -> Any:
    """A font of this system that has Chinese, None without one; looked for when the first Chinese legend is drawn."""
    files = {path.name.lower(): path for path in _font_files()}
    path = next((files[name.lower()] for name in _FILES if name.lower() in files), None)
    faces = list(_faces(path, size)) if path else []
    # A collection of East Asia begins with Japanese forms.
    return next((font for font in faces if font.getname()[0].endswith(" SC")), (*faces, None)[0])


def _faces(path: Path, size: int) -> Iterator[Any]:
    """The fonts of a file; a collection does not say how many it has."""
    from PIL import ImageFont

    for face in range(_FACES):
        try:
            yield ImageFont.truetype(str(path), size, index=face)
        except OSError:
            return


def _font_files() -> Iterator[Path]:
    for folder in map(Path, _FOLDERS):
        yield from (
            path for path in folder.expanduser().rglob("*") if path.suffix.lower() in (".ttf", ".ttc", ".otf")
        )


def _texts(values: Iterable[Any]) -> Iterator[str]:
    """The legends among whatever the host passes: objects with a text, in lists of lists."""
    for value in values:
        if isinstance(getattr(value, "text", None), str):
            yield value.text
        elif isinstance(value, dict):
            yield from _texts(value.values())
        elif isinstance(value, list | tuple):
            yield from _texts(value)
