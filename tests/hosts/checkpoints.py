"""Small models for the real hosts, written with the test run's own libraries and random weights (the embedded family
aside): an English base, an encoder of Stable Diffusion 1's width, a LoRA, an embedding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[2]
MINI = ROOT / "sd_chinese" / "mini" / "weights" / "base"
UNET: dict[str, Any] = {
    "block_out_channels": (32, 64, 64, 64),
    "attention_head_dim": 2,
    "layers_per_block": 2,
}
VAE: dict[str, Any] = {
    "block_out_channels": (32, 32, 64, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}


def write_english(out: Path, webui: Path, seed: int = 0) -> Path:
    """An SD1 checkpoint as anybody would drop it into the folder, with the ``.yaml`` that its small sizes need."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from safetensors.torch import save_file
    from transformers import CLIPTextConfig, CLIPTextModel

    from sd_chinese.convert import unet, vae

    torch.manual_seed(seed)
    networks = {
        unet.UNET: lively(UNet2DConditionModel(cross_attention_dim=768, **UNET)),
        vae.VAE: lively(AutoencoderKL(**VAE)),
    }
    tensors = {}
    for network, module in networks.items():
        state = module.state_dict()
        keymap = network.of_diffusers(list(state))
        for source in keymap.forward(_sources(state)):
            tensors[network.prefix + source.name] = source.load().half()
    clip = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12))
    clip_state = {key.removeprefix("text_model."): value for key, value in clip.state_dict().items()}
    for key, value in clip_state.items():
        # The host's "Original" emphasis divides by the mean of the rows, which a random layer norm leaves near 0.
        shifted = value - 0.1 if key == "final_layer_norm.bias" else value
        if value.is_floating_point():
            tensors[f"cond_stage_model.transformer.text_model.{key}"] = shifted.half()
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in tensors.items()}, out)
    write_yaml(webui, out.with_suffix(".yaml"))
    return out


def write_yaml(webui: Path, out: Path) -> None:
    """The host's own configuration with this UNet's and autoencoder's sizes."""
    import yaml

    from sd_chinese.hosts.a1111.config import unet_params, vae_params

    content = yaml.safe_load((webui / "configs" / "v1-inference.yaml").read_text(encoding="utf-8"))
    params = content["model"]["params"]
    blocks = ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"]
    params["unet_config"]["params"] |= unet_params(
        {**UNET, "cross_attention_dim": 768, "down_block_types": blocks}
    )
    params["first_stage_config"]["params"] |= vae_params(VAE, params["first_stage_config"]["params"])
    out.write_text(yaml.safe_dump(content), encoding="utf-8")


def write_chinese(out: Path) -> Path:
    """The embedded family as the one file that a host lists."""
    from sd_chinese.convert import convert_base_to_ldm

    out.parent.mkdir(parents=True, exist_ok=True)
    return convert_base_to_ldm(MINI, out, dtype="float32")


def write_encoder(folder: Path, width: int = 768, seed: int = 0) -> Path:
    """A Chinese BERT encoder as its publisher would give it (Taiyi v0.1), two layers deep."""
    from transformers import BertConfig, BertModel

    from tests.text.families import FAMILIES

    family = FAMILIES["Taiyi v0.1, svjack"]
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=21128,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=width // 64,
        intermediate_size=2 * width,
    )
    model = BertModel(config).eval()
    with torch.no_grad():
        model.encoder.layer[-1].output.LayerNorm.bias.add_(-0.1)
    return family.write(folder, model)


def write_lora(out: Path, keys: dict[str, tuple[int, int]], strength: float = 0.5, **metadata: str) -> Path:
    """A LoRA in kohya's spelling over the named modules: name -> (out, in)."""
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(3)
    tensors = {}
    for name, (rows, columns) in keys.items():
        tensors[f"{name}.lora_up.weight"] = torch.randn(rows, 4, generator=generator) * strength
        tensors[f"{name}.lora_down.weight"] = torch.randn(4, columns, generator=generator) * strength
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out, metadata or None)
    return out


def write_embedding(out: Path, width: int, vectors: int = 2) -> Path:
    """A textual inversion embedding in the WebUI's form."""
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(5)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({"emb_params": torch.randn(vectors, width, generator=generator)}, out)
    return out


def lively(module: nn.Module) -> nn.Module:
    """Layers that start at zero would make every picture flat: all weights get some noise."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
    return module.eval().requires_grad_(False)


def _sources(state: dict[str, Tensor]) -> list[Any]:
    from sd_chinese.weights_io import TensorSource

    return [
        TensorSource(name, tuple(value.shape), "float32", lambda value=value: value)
        for name, value in state.items()
    ]


@dataclass(frozen=True)
class Models:
    """What lies in a host's folders.

    Attributes:
        english, chinese: names of checkpoints; encoder: a value of the option `sdzh_text_encoder`.
        chinese_rows, encoder_rows: prompt -> the rows that the publisher's classes give for it.
        folder: a diffusers folder with the Chinese checkpoint's text encoder.
    """

    english: str
    chinese: str
    encoder: str
    chinese_rows: Callable[[str], Tensor]
    encoder_rows: Callable[[str], Tensor]
    folder: Path | None = None


def prepare_a1111(webui: Path, data: Path) -> Models:
    """English: random weights. Chinese: the embedded family. Encoder: Taiyi's structure, random weights."""
    bases = data / "models" / "Stable-diffusion"
    write_english(bases / "english.safetensors", webui)
    write_chinese(bases / "小样 mini.safetensors")
    encoder = write_encoder(data / "models" / "SDZH-Encoder" / "太乙 768")
    return Models(
        "english",
        "小样 mini",
        "太乙 768",
        lambda prompt: _clip_rows(MINI, prompt),
        lambda prompt: _bert_rows(encoder, prompt),
        MINI,
    )


def _clip_rows(folder: Path, prompt: str) -> Tensor:
    """PAI-Diffusion's pipeline: 32 rows, no mask."""
    from transformers import BertTokenizer, CLIPTextModel

    tokenizer = BertTokenizer.from_pretrained(folder / "tokenizer")
    ids = tokenizer(prompt, padding="max_length", max_length=32, truncation=True, return_tensors="pt")
    model = CLIPTextModel.from_pretrained(folder / "text_encoder").float()
    with torch.no_grad():
        return model(ids.input_ids).last_hidden_state[0]


def _bert_rows(folder: Path, prompt: str) -> Tensor:
    """Taiyi's pipeline: 512 rows, no mask."""
    from transformers import BertModel, BertTokenizer

    tokenizer = BertTokenizer.from_pretrained(folder / "tokenizer")
    ids = tokenizer(prompt, padding="max_length", max_length=512, truncation=True, return_tensors="pt")
    model = BertModel.from_pretrained(folder / "text_encoder").float()
    with torch.no_grad():
        return model(ids.input_ids)[0][0]


PREPARE: dict[str, Callable[[Path, Path], Models]] = {"a1111": prepare_a1111}
"""Host -> (the host's folder, its data folder) -> the models that were written there."""
