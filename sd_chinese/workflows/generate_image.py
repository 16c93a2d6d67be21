"""A prompt and settings become pictures: find the model, encode the prompt, let the host paint."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import EISDIR
from functools import partial
from os import strerror
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.errors import SdzhError
from sd_chinese.hosts.base import ControlUse, Host, LoraUse, ModelParts, OnStep, Painter, PaintJob
from sd_chinese.infotext import Infotext
from sd_chinese.workflows.encode_prompt import encode_prompts, split_lora_tags
from sd_chinese.workflows.find_model import FoundModel, find_model
from sd_chinese.workflows.load_conditioner import load_conditioner

if TYPE_CHECKING:
    from PIL.Image import Image

    from sd_chinese.registry.card import Card
    from sd_chinese.registry.catalog import Catalog
    from sd_chinese.text.conditioner import Conditioner

# What a model without a card is painted with: the WebUI's own defaults.
FALLBACK: dict[str, Any] = {"sampler": "Euler a", "steps": 20, "cfg": 7.0, "size": (512, 512), "negative": ""}
MULTIPLE = 8
RANGES = {"steps": (1, 150), "cfg": (1.0, 30.0), "batch": (1, 16), "strength": (0.0, 1.0)}


@dataclass(frozen=True)
class ImageRequest:
    """What the user asked for; None means the model's own default (its card, then the WebUI's)."""

    prompt: str
    negative: str | None = None
    model: str = "mini"
    seed: int | None = None
    steps: int | None = None
    size: tuple[int, int] | None = None
    sampler: str | None = None
    cfg: float | None = None
    batch: int = 1
    loras: tuple[tuple[str, float], ...] = ()
    controlnet: str | None = None
    control_image: Image | None = None
    control_strength: float = 1.0
    image: Image | None = None
    mask: Image | None = None
    strength: float = 0.75


@dataclass(frozen=True)
class Settings:
    """A request with every default filled in."""

    negative: str
    seed: int
    steps: int
    size: tuple[int, int]
    sampler: str
    cfg: float


@dataclass(frozen=True)
class PaintedImage:
    """A picture and how to make it again."""

    image: Image
    seed: int
    infotext: Infotext


@dataclass
class Studio:
    """What a generation needs around it, and what may be kept between two of them."""

    host: Host
    painter: Painter
    catalog: Catalog
    conditioners: dict[str, Conditioner] = field(default_factory=dict)


def generate_image(
    request: ImageRequest, studio: Studio, on_step: OnStep | None = None
) -> list[PaintedImage]:
    """Paint ``request.batch`` pictures.

    Raises:
        SdzhError: a model is missing or does not fit, a size or number is out of range.
    """
    check_request(request)
    prompt, tagged = split_lora_tags(request.prompt)
    model = find_model(request.model, "base", studio.catalog, studio.host)
    settings = fill_defaults(request, model.card)
    parts = read_parts(model)
    conditioner = _conditioner(model, parts, studio)
    positive, negative = encode_prompts(prompt, settings.negative, conditioner, settings.steps)
    width, height = settings.size
    job = PaintJob(
        model=parts,
        positive=positive,
        negative=negative,
        seeds=[settings.seed + i for i in range(request.batch)],
        width=width,
        height=height,
        steps=settings.steps,
        sampler=settings.sampler,
        cfg=settings.cfg,
        loras=tuple(_lora_use(name, weight, studio) for name, weight in (*request.loras, *tagged)),
        control=_control_use(request, parts, settings.size, studio),
        image=request.image.convert("RGB").resize(settings.size) if request.image else None,
        mask=request.mask.convert("L").resize(settings.size) if request.mask else None,
        strength=request.strength,
    )
    images = studio.painter.paint(job, on_step)
    return [
        PaintedImage(image, seed, _infotext(request, settings, seed, model))
        for image, seed in zip(images, job.seeds, strict=True)
    ]


def check_request(request: ImageRequest) -> None:
    """Refuse what cannot be painted before anything is loaded."""
    for name, (low, high) in RANGES.items():
        value = getattr(request, name)
        if value is not None and not low <= value <= high:
            raise SdzhError("number_invalid", name=name, value=value, low=low, high=high)
    if request.size is not None and any(side % MULTIPLE or not 64 <= side <= 4096 for side in request.size):
        near = "x".join(str(min(4096, max(64, round(side / MULTIPLE) * MULTIPLE))) for side in request.size)
        raise SdzhError("size_invalid", size="{}x{}".format(*request.size), multiple=MULTIPLE, near=near)
    if request.mask is not None and request.image is None:
        raise SdzhError("mask_without_image")
    if (request.controlnet is None) != (request.control_image is None):
        raise SdzhError("control_incomplete")


def fill_defaults(request: ImageRequest, card: Card | None) -> Settings:
    """The request's own values, else the card's, else the WebUI's."""
    defaults = {**FALLBACK, **(card.defaults.given() if card else {})}

    def pick(name: str) -> Any:
        own = getattr(request, name)
        return defaults[name] if own is None else own

    seed = random.randrange(2**32) if request.seed is None or request.seed < 0 else request.seed
    return Settings(pick("negative"), seed, pick("steps"), tuple(pick("size")), pick("sampler"), pick("cfg"))


def read_parts(model: FoundModel) -> ModelParts:
    """UNet and VAE of a folder or a single file, in diffusers' form.

    Raises:
        SdzhError: ``model_not_base`` when the file is something else.
    """
    from sd_chinese.convert.parts import read_base
    from sd_chinese.registry.identify import identify

    identity = identify(model.path)
    if not identity.kind and identity.error:
        raise identity.error
    if identity.kind != "base":
        raise SdzhError("model_not_base", path=model.path, kind=f"{identity.kind} {identity.layout}")
    return ModelParts(identity=str(model.path.resolve()), **vars(read_base(model.path)))


def save_image(painted: PaintedImage, path: Path) -> Path:
    """Write a PNG with the WebUI's `parameters` text and return its path; nothing half-written stays behind.

    Raises:
        SdzhError: ``cannot_write``.
    """
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", str(painted.infotext))
    with _writing(path) as part:
        painted.image.save(part, format="PNG", pnginfo=info)
        part.replace(path)
    return path


def check_writable(path: Path) -> None:
    """Find out before the painting whether ``path`` can be written.

    Raises:
        SdzhError: ``cannot_write``.
    """
    with _writing(path) as part:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, strerror(EISDIR))
        part.touch()


@contextmanager
def _writing(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to write to; whatever is left of it at the end is removed."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
    except OSError as error:
        raise SdzhError("cannot_write", path=path, reason=error.strerror or error) from error
    finally:
        if part.is_file():
            part.unlink()


def _conditioner(model: FoundModel, parts: ModelParts, studio: Studio) -> Conditioner:
    key = parts.identity
    if key not in studio.conditioners:
        studio.conditioners.clear()  # one encoder in memory, like one checkpoint
        studio.conditioners[key] = load_conditioner(model, studio.painter.device)
    conditioner = studio.conditioners[key]
    width, context = conditioner.spec.context_width, parts.unet_config["cross_attention_dim"]
    if width != context:
        raise SdzhError("encoder_misfit", model=model.name, width=width, context=context)
    return conditioner


def _lora_use(name: str, strength: float, studio: Studio) -> LoraUse:
    from sd_chinese.convert.lora import read_differences

    found = find_model(name, "lora", studio.catalog, studio.host)
    return LoraUse(found.name, strength, partial(read_differences, found.path))


def _control_use(
    request: ImageRequest, parts: ModelParts, size: tuple[int, int], studio: Studio
) -> ControlUse | None:
    from sd_chinese.convert.parts import read_controlnet

    if request.controlnet is None or request.control_image is None:
        return None
    found = find_model(request.controlnet, "controlnet", studio.catalog, studio.host)
    part = read_controlnet(found.path)
    width, base = part.config["cross_attention_dim"], parts.unet_config["cross_attention_dim"]
    if width != base:
        raise SdzhError("controlnet_misfit", name=found.name, model=request.model, control=width, base=base)
    image = request.control_image.convert("RGB").resize(size)
    return ControlUse(str(found.path), part.config, part.tensors, image, request.control_strength)


def _infotext(request: ImageRequest, settings: Settings, seed: int, model: FoundModel) -> Infotext:
    fields = {
        "Steps": str(settings.steps),
        "Sampler": settings.sampler,
        "CFG scale": f"{settings.cfg:g}",
        "Seed": str(seed),
        "Size": "{}x{}".format(*settings.size),
        "Model": model.name,
        **({"Denoising strength": f"{request.strength:g}"} if request.image else {}),
        **(
            {"ControlNet": f"{request.controlnet}:{request.control_strength:g}"} if request.controlnet else {}
        ),
        **({"SDZH loras": ", ".join(f"{n}:{w:g}" for n, w in request.loras)} if request.loras else {}),
        "Version": "sd-webui-chinese",
    }
    return Infotext(request.prompt, settings.negative, fields)
