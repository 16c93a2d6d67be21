"""The workflows without a WebUI: `python run.py …`. Composition root of the standalone host."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese import strings
from sd_chinese.console import say
from sd_chinese.errors import SdzhError
from sd_chinese.progress import ProgressBar

if TYPE_CHECKING:
    from PIL.Image import Image

    from sd_chinese.workflows.generate_image import Studio

USER_ERROR = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; a user's mistake is one sentence and code 2."""
    options = build_parser().parse_args(arguments)
    try:
        result: int | None = options.run(options)
        return result or 0
    except SdzhError as error:
        say(str(error), sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        say(strings.both("interrupted"), sys.stderr)
        return INTERRUPTED


def build_parser() -> argparse.ArgumentParser:
    """All commands; without one the page opens."""
    from sd_chinese.cli_expand import add_parsers as add_expand_parsers
    from sd_chinese.cli_models import add_parsers as add_models_parsers

    parser = argparse.ArgumentParser(prog="run.py", description=strings.both("cli_about"))
    parser.set_defaults(run=run_page, port=None, models=None, device=None)
    parser.add_argument("--models", type=Path, help=strings.both("help_models_folder"))
    parser.add_argument("--device", help=strings.both("help_device"))
    parser.add_argument("--port", type=int, help=strings.both("help_port"))
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_generate(commands)
    add_models_parsers(commands, studio)
    add_expand_parsers(commands)
    doctor = commands.add_parser("doctor", help=strings.both("help_doctor"))
    doctor.set_defaults(run=run_doctor)
    commands.add_parser("test", help=strings.both("help_test"))  # run.py itself runs it
    return parser


def _add_generate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("generate", help=strings.both("help_generate"))
    parser.set_defaults(run=run_generate)
    parser.add_argument("prompt", help=strings.both("help_prompt"))
    parser.add_argument("--out", type=Path, required=True, help=strings.both("help_out"))
    parser.add_argument("--negative", help=strings.both("help_negative"))
    parser.add_argument("--model", default="mini", help=strings.both("help_model"))
    parser.add_argument("--seed", type=int, help=strings.both("help_seed"))
    parser.add_argument("--steps", type=int, help=strings.both("help_steps"))
    parser.add_argument("--size", type=size, metavar="WxH", help=strings.both("help_size"))
    parser.add_argument("--sampler", help=strings.both("help_sampler"))
    parser.add_argument("--cfg", type=float, help=strings.both("help_cfg"))
    parser.add_argument("--batch", type=int, default=1, help=strings.both("help_batch"))
    parser.add_argument("--image", type=Path, help=strings.both("help_image"))
    parser.add_argument("--mask", type=Path, help=strings.both("help_mask"))
    parser.add_argument("--strength", type=float, default=0.75, help=strings.both("help_strength"))
    parser.add_argument("--lora", type=weighted, action="append", default=[], metavar="NAME[:0.8]")
    parser.add_argument("--controlnet", metavar="NAME", help=strings.both("help_controlnet"))
    parser.add_argument("--control-image", type=Path, help=strings.both("help_control_image"))
    parser.add_argument("--control-strength", type=float, default=1.0)


def size(text: str) -> tuple[int, int]:
    """`512x768` as (512, 768)."""
    try:
        width, height = (int(side) for side in text.lower().replace("×", "x").split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(strings.both("size_form", text=text)) from None
    return width, height


def weighted(text: str) -> tuple[str, float]:
    """`NAME:0.8` as (NAME, 0.8); without a number the strength is 1."""
    name, _, strength = text.rpartition(":")
    try:
        return (name, float(strength)) if name else (text, 1.0)
    except ValueError:
        return text, 1.0


def run_page(options: argparse.Namespace) -> None:
    from sd_chinese.api.access import Access
    from sd_chinese.api.routes import build_router
    from sd_chinese.ui.standalone_page import open_page
    from sd_chinese.workflows.open_desk import Desk, load_catalog

    here = studio(options)
    desk = Desk(here.host, load_catalog)
    open_page(here, desk, lambda app: app.include_router(build_router(desk, Access())), options.port, say)


def run_generate(options: argparse.Namespace) -> None:
    from sd_chinese.workflows.generate_image import ImageRequest, check_writable, generate_image, save_image

    paths = output_paths(options.out, options.batch)
    for path in paths:
        check_writable(path)
    if not options.prompt.strip():
        say(strings.both("prompt_empty"), sys.stderr)
    request = ImageRequest(
        prompt=options.prompt,
        negative=options.negative,
        model=options.model,
        seed=options.seed,
        steps=options.steps,
        size=options.size,
        sampler=options.sampler,
        cfg=options.cfg,
        batch=options.batch,
        loras=tuple(options.lora),
        controlnet=options.controlnet,
        control_image=read_image(options.control_image),
        control_strength=options.control_strength,
        image=read_image(options.image),
        mask=read_image(options.mask),
        strength=options.strength,
    )
    painted = generate_image(request, studio(options), ProgressBar(strings.both("painting")))
    for path, each in zip(paths, painted, strict=True):
        save_image(each, path)
        say(strings.both("saved", path=path, seed=each.seed))


def output_paths(out: Path, count: int) -> list[Path]:
    """`moon.png`, or `moon-1.png`, `moon-2.png` … for a batch."""
    if count == 1:
        return [out]
    return [out.with_name(f"{out.stem}-{i}{out.suffix}") for i in range(1, count + 1)]


def read_image(path: Path | None) -> Image | None:
    """Open a picture whole.

    Raises:
        SdzhError: ``image_unreadable``.
    """
    if path is None:
        return None
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
            return image.copy()
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise SdzhError(
            "image_unreadable", path=path, reason=getattr(error, "strerror", None) or error
        ) from error


def run_doctor(options: argparse.Namespace) -> None:
    from sd_chinese.workflows.open_desk import Desk

    here = studio(options)
    for line in Desk(here.host, lambda _: here.catalog).diagnose():
        say(line)


def studio(options: argparse.Namespace) -> Studio:
    """The standalone host with the project's cards and the user's own."""
    from sd_chinese.hosts.standalone.host import StandaloneHost
    from sd_chinese.registry.catalog import Catalog
    from sd_chinese.workflows.generate_image import Studio

    host = StandaloneHost(options.models, options.device)
    catalog = Catalog.load([host.models / "cards"])
    for broken in catalog.broken:
        say(str(broken), sys.stderr)
    return Studio(host, host.painter, catalog)


if __name__ == "__main__":
    sys.exit(main())
