"""``python -m sd_chinese.mini.train``: trains the embedded family from nothing, part by part.

Every part goes on from its last saved state in ``--out`` and, when its last step is done, leaves its weights
there in the folder format that they are shipped in.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.mini import (
    autoencoder,
    classifier,
    controlnet,
    data,
    decoder,
    denoiser,
    folders,
    lora,
    sampling,
    sharpness,
    vocabulary,
)
from sd_chinese.mini.training import Training, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from numpy.typing import NDArray
    from torch import nn

STEPS = {
    "autoencoder": 4600,
    "decoder": 3700,
    "sharpness": 1100,
    "base": 11000,
    "lora": 300,
    "controlnet": 1000,
    "probe": 5000,
}
"""Length of each part's run: as far as the shipped weights went, in stages; on one core an hour, the base three."""

TITLES = {
    "autoencoder": "自编码器 autoencoder",
    "decoder": "解码器 decoder",
    "sharpness": "清晰度 sharpness",
    "base": "文本编码器与 UNet / encoder and UNet",
    "lora": "水墨 LoRA / ink LoRA",
    "controlnet": "ControlNet (canny)",
    "probe": "评判器 probe",
}

DECODED = 2000
"""Drawings that the probe also sees through the autoencoder."""


@dataclass(frozen=True)
class Workshop:
    """A training folder: pictures, cached latents and captions, saved states, finished weights."""

    folder: Path
    count: int = data.COUNT

    @cached_property
    def pictures(self) -> NDArray[Any]:
        return data.open_pictures(self.folder, self.count)

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        return vocabulary.build_vocabulary()

    @cached_property
    def base(self) -> Path:
        """The pipeline's folder."""
        return self.folder / "weights" / "base"

    def vae(self) -> Any:
        """The autoencoder as it is now, float32."""
        import torch
        from diffusers import AutoencoderKL

        return AutoencoderKL.from_pretrained(self.base / "vae").to(torch.float32).eval()

    def denoiser(self) -> nn.ModuleDict:
        """UNet and text encoder as they are now, float32."""
        from torch import nn

        parts = sampling.load_parts(self.base)
        denoiser.use_plain_attention(parts.unet)
        return nn.ModuleDict({"unet": parts.unet, "text": parts.text_encoder})

    @cached_property
    def latents(self) -> torch.Tensor:
        return denoiser.cached_latents(self.folder, self.vae(), self.pictures)

    @cached_property
    def captions(self) -> NDArray[Any]:
        return denoiser.caption_ids(self.folder, self.vocabulary, self.count)


def prepare_autoencoder(shop: Workshop, steps: int) -> tuple[Training, Any]:
    training = autoencoder.new_training(shop.folder, steps)
    return training, autoencoder.loss_function(training, shop.pictures)


def finish_autoencoder(shop: Workshop, training: Training) -> None:
    model: Any = training.model
    model.load_state_dict(training.average)
    autoencoder.normalise(model.eval(), shop.pictures)
    folders.save_module(shop.base / "vae", "AutoencoderKL", autoencoder.CONFIG, model.state_dict())


def prepare_decoder(shop: Workshop, steps: int) -> tuple[Training, Any]:
    training = decoder.new_training(shop.folder, steps, shop.vae())
    return training, decoder.loss_function(training, shop.pictures, shop.latents)


def finish_decoder(shop: Workshop, training: Training) -> None:
    folders.save_module(shop.base / "vae", "AutoencoderKL", autoencoder.CONFIG, training.average)


def prepare_sharpness(shop: Workshop, steps: int) -> tuple[Training, Any]:
    training = sharpness.new_training(shop.folder, steps, shop.vae())
    return training, sharpness.loss_function(training, shop.pictures, shop.latents)


def finish_sharpness(shop: Workshop, training: Training) -> None:
    average = {key[4:]: value for key, value in training.average.items() if key.startswith("vae.")}
    folders.save_module(shop.base / "vae", "AutoencoderKL", autoencoder.CONFIG, average)


def prepare_base(shop: Workshop, steps: int) -> tuple[Training, Any]:
    training = denoiser.new_training(shop.folder, steps, shop.vocabulary)
    return training, denoiser.loss_function(training, shop.latents, shop.captions)


def finish_base(shop: Workshop, training: Training) -> None:
    parts: dict[str, dict[str, Any]] = {"unet": {}, "text": {}}
    for key, value in training.average.items():
        part, name = key.split(".", 1)
        parts[part][name] = value
    folders.save_module(shop.base / "unet", "UNet2DConditionModel", denoiser.UNET, parts["unet"])
    folders.save_text_encoder(shop.base / "text_encoder", denoiser.TEXT, parts["text"])
    folders.save_pipeline(shop.base, shop.vocabulary)


def prepare_lora(shop: Workshop, steps: int) -> tuple[Training, Any]:
    base = shop.denoiser()
    training = lora.new_training(shop.folder, steps, base)
    ink = denoiser.encode_pictures(shop.vae(), lora.ink_pictures(shop.pictures, lora.COUNT))

    def predict(_: Any, *inputs: Any) -> torch.Tensor:
        return denoiser.predict_noise(base, *inputs)

    return training, denoiser.loss_function(training, ink, shop.captions, predict, lora.BATCH)


def finish_lora(shop: Workshop, training: Training) -> None:
    path = shop.folder / "weights" / "lora-ink" / "pytorch_lora_weights.safetensors"
    folders.save_tensors(path, lora.published_tensors(training.average))


def prepare_controlnet(shop: Workshop, steps: int) -> tuple[Training, Any]:
    base = shop.denoiser()
    training = controlnet.new_training(shop.folder, steps, base["unet"])
    edges = controlnet.edge_maps(shop.pictures[: controlnet.COUNT])
    latents = shop.latents[: len(edges)]
    predict = controlnet.predict_function(base)
    return training, denoiser.loss_function(
        training,
        latents,
        shop.captions,
        predict,
        batch=controlnet.BATCH,
        condition=lambda numbers: controlnet.hints(edges[numbers]),
    )


def finish_controlnet(shop: Workshop, training: Training) -> None:
    model: Any = training.model
    config = {key: value for key, value in model.config.items() if not key.startswith("_")}
    folder = shop.folder / "weights" / "controlnet-canny"
    folders.save_module(folder, "ControlNetModel", config, training.average)


def prepare_probe(shop: Workshop, steps: int) -> tuple[Training, Any]:
    training = classifier.new_training(shop.folder, steps)
    decoded = classifier.decoded_pictures(shop.folder, shop.vae(), shop.latents[:DECODED])
    return training, classifier.loss_function(training, shop.pictures, decoded)


def finish_probe(shop: Workshop, training: Training) -> None:
    folders.save_tensors(shop.folder / "weights" / "probe" / "probe.safetensors", training.average)


PARTS: dict[str, tuple[Callable[..., tuple[Training, Any]], Callable[..., None]]] = {
    "autoencoder": (prepare_autoencoder, finish_autoencoder),
    "decoder": (prepare_decoder, finish_decoder),
    "sharpness": (prepare_sharpness, finish_sharpness),
    "probe": (prepare_probe, finish_probe),
    "base": (prepare_base, finish_base),
    "lora": (prepare_lora, finish_lora),
    "controlnet": (prepare_controlnet, finish_controlnet),
}
"""Each part: how it begins, and what becomes of its result. In the order in which they build on each other."""


def train(part: str, shop: Workshop, steps: int | None = None, minutes: float | None = None) -> bool:
    """Trains one part, and writes the weights it has reached.

    Returns: whether its last step was done.
    """
    prepare, finish = PARTS[part]
    training, loss = prepare(shop, steps or STEPS[part])
    done = run(training, TITLES[part], loss, minutes)
    finish(shop, training)
    return done


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sd_chinese.mini.train", description=__doc__)
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--out", type=Path, default=Path("mini-training"), metavar="DIR")
    parser.add_argument("--minutes", type=float, help="stop each part after so long; the next call goes on")
    parser.add_argument("--steps", type=int, help="length of a part's run")
    args = parser.parse_args(arguments)
    shop = Workshop(args.out)
    try:
        for part in PARTS if args.part == "all" else [args.part]:
            if not train(part, shop, args.steps, args.minutes):
                break
    except KeyboardInterrupt:
        sys.stderr.write("已保存，再次运行即可继续 / saved; run the same command again to go on\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
