#!/usr/bin/env python3
"""Standalone entry: make `.venv`, install what pyproject names, hand over to `sd_chinese.cli`.

Standard library only, so that a machine with nothing but Python can start here::

    python run.py                              open the page on 127.0.0.1
    python run.py generate "月夜，一叶小舟，远山" --out moon.png
    python run.py test [--slow] [--quick]      lint, types, tests, and the encoder tests with A1111's pins
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ON_WINDOWS = os.name == "nt"

# What AUTOMATIC1111 1.10.1 pins: the encoders must run there with nothing changed.
A1111_PINS = (
    "torch==2.13.0",
    "transformers==4.30.2",
    "numpy==1.26.2",
    "safetensors==0.4.2",
    "gradio==3.41.2",
    "pydantic<2",
    "jieba>=0.42.1",
    "pillow",
    "pytest>=8",
    "sentencepiece",
    "protobuf<4",
)

# What Forge pins for its pages: our tabs must open there too.
FORGE_PAGE_PINS = (
    "gradio==4.40.0",
    "tokenizers==0.20.3",
    "pydantic==2.8.2",
    "fastapi==0.104.1",
    "starlette<0.28",
    "huggingface_hub<0.26",
    "numpy==1.26.2",
    "safetensors==0.4.2",
    "jieba>=0.42.1",
)

# Small tensors spend more time in handing work to threads than in the work.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
# What pytest returns where there is no browser to test with.
NO_TESTS = 5


@dataclass(frozen=True)
class Environment:
    """A virtual environment that belongs to this checkout."""

    folder: Path
    requirements: tuple[str, ...]

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if ON_WINDOWS else "bin/python")

    @property
    def stamp(self) -> Path:
        return self.folder / "sdzh-installed"

    @property
    def wanted(self) -> str:
        return hashlib.sha256("\n".join(self.requirements).encode("utf-8")).hexdigest()

    def ready(self) -> bool:
        return self.python.exists() and self.stamp.exists() and self.wanted in self.stamp.read_text("utf-8")

    def install(self, share_system: bool) -> None:
        """Create the environment and install what is missing; the stamp is written last."""
        say(f"准备运行环境（只需一次）：{self.folder.name} / preparing the environment, once")
        if not self.python.exists():
            venv.create(self.folder, with_pip=True, system_site_packages=share_system)
        command = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # pip may warn a lot and still succeed: its messages are shown only when it failed.
        done = subprocess.run([*command, *self.requirements], stderr=subprocess.PIPE, check=False)
        if done.returncode:
            say(done.stderr.decode("utf-8", "replace")[-2000:])
            say(
                "安装失败：请检查网络或 pip 源后再试。/ Installing failed: check the network or the pip index."
            )
            sys.exit(2)
        self.stamp.write_text(self.wanted + "\n", encoding="utf-8")


def say(line: str) -> None:
    """Print to stderr, whatever the console's encoding can show."""
    encoding = sys.stderr.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding), file=sys.stderr, flush=True)


def requirements(extra: str | None = None) -> tuple[str, ...]:
    """Read the dependency lists of pyproject.toml (a plain list of strings: tomllib is new in 3.11)."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = ["dependencies"] + ([extra] if extra else [])
    found: list[str] = []
    for name in names:
        block = re.search(rf"^{name} = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
        found += re.findall(r'"([^"]+)"', block.group(1)) if block else []
    return tuple(found)


def torch_is_importable() -> bool:
    return importlib.util.find_spec("torch") is not None


def prepare(test: bool = False) -> Environment:
    """Return the environment of this checkout, made if need be; a torch that is already there is used."""
    wanted = requirements("test" if test else None)
    share = torch_is_importable() and sys.prefix == sys.base_prefix
    if share:
        wanted = tuple(name for name in wanted if not name.startswith("torch"))
    environment = Environment(ROOT / ".venv", wanted)
    complete = Environment(environment.folder, requirements("test"))
    if not environment.ready() and not complete.ready():
        environment.install(share)
    return environment


def run(command: list[str], **variables: str) -> int:
    return subprocess.call(command, cwd=ROOT, env={**os.environ, **variables})


def check(arguments: list[str]) -> int:
    """Lint, types, tests; then the encoder tests with A1111's pins, under a Chinese Windows console encoding."""
    python = str(prepare(test=True).python)
    slow = [] if "--slow" in arguments else ["-m", "not slow"]
    quick = "--quick" in arguments
    rest = [a for a in arguments if a not in ("--slow", "--quick")]
    steps = [
        [python, "-m", "ruff", "check", "."],
        [python, "-m", "ruff", "format", "--check", "."],
        [python, "-m", "mypy"],
        [python, "-m", "pytest", *slow, *rest],
    ]
    for step in steps:
        say("$ " + " ".join(step[1:]))
        if code := run(step, **ONE_THREAD):
            return code
    if quick:
        return 0
    old = installed(".venv-a1111", A1111_PINS)
    forge = installed(".venv-forge-pages", FORGE_PAGE_PINS)
    marks = "encoders" if "--slow" in arguments else "encoders and not slow"
    gbk = {"PYTHONIOENCODING": "gbk", **ONE_THREAD}
    say("$ pytest with the pins of AUTOMATIC1111 1.10.1, console in GBK")
    if code := run([str(old.python), "-m", "pytest", "tests/text", "-m", marks], **gbk):
        return code
    if code := run([str(old.python), "-m", "pytest", "tests/api"], **gbk):
        return code
    say("$ pytest: the tabs under gradio 3.41.2 and 4.40.0")
    pages = os.pathsep.join((str(old.python), str(forge.python)))
    tabs = [python, "-m", "pytest", "tests/ui", "-k", "venv-a1111 or venv-forge"]
    code = run(tabs, SDZH_PAGES=pages, **ONE_THREAD)
    return 0 if code == NO_TESTS else code


def installed(name: str, pins: tuple[str, ...]) -> Environment:
    environment = Environment(ROOT / name, pins)
    if not environment.ready():
        environment.install(share_system=False)
    return environment


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["test"]:
        return check(arguments[1:])
    command = [str(prepare().python), "-m", "sd_chinese.cli", *arguments]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    if ON_WINDOWS:  # os.execve there returns to the shell before the child has ended
        return subprocess.call(command, env=environment)
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
