"""Base models: a diffusers folder <-> one file in the layout of the hosts (LDM) that says all about itself."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_chinese.convert.encoders import (
    FOLDER_NAMES,
    LDM_NAMES,
    encoder_config,
    tokenizer_config,
    vocabulary_name,
)
from sd_chinese.convert.folder import new_folder, write_json
from sd_chinese.convert.network import CONFIGS_KEY, Config, write_configs
from sd_chinese.convert.parts import CARD_KEY, PREDICTION_KEY, Base, Encoder, open_base, open_encoder
from sd_chinese.convert.precision import Progress, prepared
from sd_chinese.spec import SPEC_KEY, VOCABULARY_KEY
from sd_chinese.weights_io import TensorSource, write_safetensors

if TYPE_CHECKING:
    import torch

# Above this a vocabulary is a tensor: hosts read the whole metadata as JSON and keep it in their cache.
METADATA_LIMIT = 256 * 1024
# What every Stable Diffusion 1.x and 2.x model is trained with.
SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "skip_prk_steps": True,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}


def convert_base_to_ldm(
    source: Path,
    out: Path,
    *,
    dtype: str = "float16",
    card_id: str | None = None,
    hint: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write a base model as one safetensors file in LDM layout with spec, vocabulary and configurations inside.

    Args:
        source: diffusers folder, or an LDM file that others made.
        dtype: of all floating-point weights; one of `precision.DTYPES`.
        hint, overrides: what the encoder's files leave open (see `open_encoder`).
        progress: called with (tensors written, all tensors).

    Raises:
        SdzhError: a part is missing or unknown, the encoder is ambiguous, or a weight does not fit into ``dtype``.
    """
    with open_base(source) as base, open_encoder(source, hint=hint, overrides=overrides) as encoder:
        names = LDM_NAMES[encoder.spec.architecture]
        tensors = [*base.unet.to_ldm(), *base.vae.to_ldm(), *names.forward(encoder.sources)]
        metadata = _metadata(base, encoder, card_id)
        if VOCABULARY_KEY not in metadata:
            tensors.append(_vocabulary_tensor(encoder.vocabulary))
        return write_safetensors(out, prepared(tensors, dtype, progress), metadata)


def convert_ldm_to_folder(
    source: Path, out: Path, *, dtype: str = "float16", progress: Progress | None = None
) -> Path:
    """Write a base model as a diffusers folder, which appears under its name only when it is whole.

    Raises:
        SdzhError: ``folder_exists``, or as `convert_base_to_ldm`.
    """
    with open_base(source) as base, open_encoder(source) as encoder, new_folder(out) as folder:
        _write_folder(folder, base, encoder, dtype, progress)
    return out


def convert_ldm(source: Path, out: Path, *, dtype: str = "float16", progress: Progress | None = None) -> Path:
    """An LDM file into our own LDM form when ``out`` is a .safetensors, otherwise into a diffusers folder."""
    convert = convert_base_to_ldm if out.suffix == ".safetensors" else convert_ldm_to_folder
    return convert(source, out, dtype=dtype, progress=progress)


def _metadata(base: Base, encoder: Encoder, card_id: str | None) -> dict[str, str]:
    card = card_id or base.card
    vocabulary = encoder.vocabulary
    # Hosts parse a value that starts with "{"; a JSON vocabulary travels as a tensor.
    plain = len(vocabulary) <= METADATA_LIMIT and not vocabulary.startswith(b"{") and _is_text(vocabulary)
    return {
        SPEC_KEY: encoder.spec.to_json(),
        PREDICTION_KEY: base.prediction_type,
        CONFIGS_KEY: write_configs({part.network.name: part.config for part in (base.unet, base.vae)}),
        **({CARD_KEY: card} if card else {}),
        **({VOCABULARY_KEY: vocabulary.decode("utf-8")} if plain else {}),
    }


def _is_text(data: bytes) -> bool:
    try:
        return bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _vocabulary_tensor(data: bytes) -> TensorSource:
    def load() -> torch.Tensor:
        import torch

        return torch.frombuffer(bytearray(data), dtype=torch.uint8)

    return TensorSource(VOCABULARY_KEY, (len(data),), "uint8", load)


def _write_folder(out: Path, base: Base, encoder: Encoder, dtype: str, progress: Progress | None) -> None:
    spec = encoder.spec
    text = list(FOLDER_NAMES[spec.architecture].forward(encoder.sources))
    networks = {
        "unet/diffusion_pytorch_model": base.unet.sources,
        "vae/diffusion_pytorch_model": base.vae.sources,
        "text_encoder/model": text,
    }
    ready = iter(prepared([s for sources in networks.values() for s in sources], dtype, progress))
    for name, sources in networks.items():
        own = list(itertools.islice(ready, len(sources)))
        write_safetensors(out / f"{name}.safetensors", own, {"format": "pt"})
    configs: dict[str, Config] = {
        "model_index.json": _model_index(encoder),
        "unet/config.json": {"_class_name": "UNet2DConditionModel", **base.unet.config},
        "vae/config.json": {"_class_name": "AutoencoderKL", **base.vae.config},
        "text_encoder/config.json": encoder_config(spec),
        "tokenizer/tokenizer_config.json": tokenizer_config(spec),
        "scheduler/scheduler_config.json": {**SCHEDULER, "prediction_type": base.prediction_type},
    }
    for name, config in configs.items():
        write_json(out / name, config)
    (out / "tokenizer" / vocabulary_name(spec, encoder.vocabulary)).write_bytes(encoder.vocabulary)


def _model_index(encoder: Encoder) -> Config:
    return {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", SCHEDULER["_class_name"]],
        "text_encoder": ["transformers", encoder_config(encoder.spec)["architectures"][0]],
        "tokenizer": ["transformers", tokenizer_config(encoder.spec)["tokenizer_class"]],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
    }
