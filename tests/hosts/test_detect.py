"""Hosts are told by their packages, in folders laid out like them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "a1111": ["modules/sd_models_config.py", "modules/sd_hijack.py"],
    "forge": ["modules/sd_models_config.py", "modules_forge/initialization.py", "backend/loader.py"],
    "reforge": [
        "modules/sd_models_config.py",
        "modules/sd_hijack.py",
        "modules_forge/initialization.py",
        "ldm_patched/modules/sd.py",
    ],
    "None": ["backend/app.py", "modules/__init__.py"],
}


@pytest.mark.parametrize("host", FILES)
def test_host_is_told_without_importing_it(host: str, tmp_path: Path) -> None:
    for name in FILES[host]:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "raise SystemExit('imported')" if file.name != "__init__.py" else "", encoding="utf-8"
        )
    code = f"""import sys; sys.path.append({str(ROOT)!r})
from sd_chinese.hosts.detect import detect_host
print(detect_host())"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.strip() == host
