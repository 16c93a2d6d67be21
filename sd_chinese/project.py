"""Where the project's files that are not Python lie: around the package, or under `share` once pip installed it."""

from __future__ import annotations

import sysconfig
from pathlib import Path

_AROUND = Path(__file__).resolve().parents[1]

INSTALLED = Path(sysconfig.get_path("purelib")).resolve() == _AROUND
PROJECT = Path(sysconfig.get_path("data")) / "share" / "sd-webui-chinese" if INSTALLED else _AROUND
"""Holds `models_registry`, `style.css`, `javascript` and `localizations` (see `data-files` in pyproject.toml)."""
