"""The import matrix of the design: data flows one way, and nothing heavy happens at import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sd_chinese"

LEAVES = {
    "errors", "strings", "spec", "weights_io", "markup", "schedule",
    "words", "vocabulary", "infotext", "progress", "project", "console",
}  # fmt: skip
# Who may import whom; everybody may import the leaves and their own part.
MAY_IMPORT: dict[str, set[str]] = {
    **{leaf: set() for leaf in LEAVES},
    "text": set(),
    "registry": set(),
    "convert": set(),
    "expand": set(),
    "mini": {"text"},
    "hosts": {"text"},
    "workflows": {"text", "registry", "convert", "expand", "hosts.base"},
    "ui": {"workflows"},
    "api": {"workflows"},
    "cli_expand": {"workflows", "expand"},
    "cli_models": {"workflows", "registry"},
    "cli": {"workflows", "ui", "api", "hosts", "registry", "cli_expand", "cli_models", "mini"},
    "webui": {"workflows", "ui", "api", "hosts", "registry", "text"},
}
# Third-party libraries that only some parts may name at all.
ONLY_IN = {
    "modules": {"hosts"},
    "backend": {"hosts"},
    "ldm_patched": {"hosts"},
    "modules_forge": {"hosts"},
    "diffusers": {"hosts", "mini"},
    "gradio": {"ui", "hosts"},
    "fastapi": {"api", "hosts"},
    "torch": {"text", "convert", "weights_io", "hosts", "mini", "workflows"},
}
# Imported when a model is built: the encoders, the class of theirs that a host names, and the embedded family.
TORCH_MODULES = {"encoders", "embedder", "mini"}
HEAVY = {"torch", "transformers", "diffusers", "gradio", "jieba", "rjieba", "tokenizers"}


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    """Names of all modules that a file imports, wherever in it, type-checking blocks left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "sd_chinese":
                yield from (f"sd_chinese.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_part_imports_only_what_it_may(path: Path) -> None:
    part = part_of(path)
    allowed = MAY_IMPORT[part] | LEAVES | {part, "__version__"}
    for name in imported(path):
        if name.startswith("sd_chinese."):
            target = name.removeprefix("sd_chinese.")
            assert any(target == a or target.startswith(a + ".") for a in allowed), f"{part} imports {name}"
        library = name.split(".")[0]
        assert part in ONLY_IN.get(library, {part}), f"{part} imports {name}"


def test_only_scripts_import_webui() -> None:
    importers = [p for p in files() if "sd_chinese.webui" in imported(p)]
    assert importers == []


def test_import_is_light() -> None:
    """Importing every module of the package loads no heavy library (`TORCH_MODULES` aside: they are torch)."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in files()
        if not TORCH_MODULES & set(path.relative_to(PACKAGE).with_suffix("").parts)
    ]
    code = f"import importlib, sys\nfor n in {names!r}: importlib.import_module(n)\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(loaded.stdout.split())
