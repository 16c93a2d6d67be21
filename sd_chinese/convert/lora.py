"""LoRA: every spelling that diffusers and peft have written -> the kohya spelling that the WebUIs load.

A LoRA adds ``alpha / rank * up @ down`` to a weight (arXiv 2106.09685). A file without alpha means alpha = rank, in
every spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.convert.network import source_of
from sd_chinese.convert.precision import Progress, prepared
from sd_chinese.errors import SdzhError
from sd_chinese.spec import SPEC_KEY, EncoderSpec
from sd_chinese.weights_io import Header, TensorSource, Weights, open_weights, write_safetensors

if TYPE_CHECKING:
    import torch

# Spellings of a key, tried in order: the module, what is left of its name, and the tensor's role in it.
_SPELLINGS = tuple(
    re.compile(r"(?P<module>.+?)" + rest)
    for rest in (
        r"(?:\.processor)?\.(?P<leaf>to_\w+?)_lora\.(?P<role>down|up)\.weight",  # attention processors, to 0.18
        r"\.lora\.(?P<role>down|up)\.weight",  # diffusers 0.19 and later
        r"\.lora_linear_layer\.(?P<role>down|up)\.weight",  # diffusers' text encoder
        r"\.lora_(?P<role>A|B|down|up)(?:\.\w+)?\.weight",  # peft, with or without an adapter's name; kohya
        r"\.(?P<role>alpha)",
    )
)
_ROLES = {"A": "down", "B": "up"}
_UNET_STARTS = ("down_blocks.", "mid_block.", "up_blocks.", "conv_in", "conv_out", "time_embedding.")
# Level above a module -> kohya's name of the network.
_NETWORKS = {"unet.": "lora_unet_", "text_encoder.": "lora_te_", "base_model.model.": "lora_unet_"}
_TEXT_LEAVES = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}

# Kohya writes "_" for "."; where a name has a "_" of its own, these put the dots back.
_DOTS = (
    (r"_(\d+)(?=_|$)", r".\1"),
    (r"(\.\d+)_", r"\1."),
    (r"(attn[12])_to_", r"\1.to_"),
    (r"\bff_net\.", "ff.net."),
    (r"^mid_block_", "mid_block."),
    (r"^time_embedding_linear\.", "time_embedding.linear_"),
)
# Cross-attention width -> the marks by which AUTOMATIC1111 sorts its list.
_VERSIONS = {
    768: {"ss_base_model_version": "sd_v1"},
    1024: {"ss_base_model_version": "sd_v2", "ss_v2": "True"},
}


@dataclass(frozen=True)
class Adapter:
    """One adapted module under kohya's name, and the file's keys of its matrices."""

    name: str
    down: str
    up: str
    alpha: str | None = None


def convert_lora(
    source: Path,
    out: Path,
    *,
    dtype: str = "float16",
    progress: Progress | None = None,
    spec: EncoderSpec | None = None,
) -> Path:
    """Write a LoRA file or folder of any spelling in kohya's.

    Args:
        spec: the text encoder that its words went through, where the file does not say so itself.

    Raises:
        SdzhError: ``lora_unknown_key``, ``lora_incomplete``, or the file cannot be read.
    """
    with open_weights(source) as weights:
        adapters = read_adapters(weights.header)
        tensors = [tensor for adapter in adapters for tensor in _kohya_tensors(weights, adapter)]
        metadata = {**_learned_on(weights.header, spec), **_metadata(weights.header, adapters)}
        return write_safetensors(out, prepared(tensors, dtype, progress), metadata)


def read_adapters(header: Header) -> list[Adapter]:
    """Group a LoRA's keys by module.

    Raises:
        SdzhError: ``lora_unknown_key``, ``lora_incomplete``.
    """
    found: dict[str, dict[str, str]] = {}
    for key in header.tensors:
        name, role = _parse(key, header.path)
        found.setdefault(name, {})[role] = key
    for name, roles in found.items():
        shapes = [header.tensors[roles[role]].shape for role in ("down", "up") if role in roles]
        if len(shapes) != 2 or min(map(len, shapes)) < 2 or shapes[0][0] != shapes[1][1]:
            raise SdzhError("lora_incomplete", path=header.path, name=name)
    return [Adapter(name, **roles) for name, roles in found.items()]


def read_differences(path: Path) -> dict[str, torch.Tensor]:
    """What a LoRA adds to the UNet's weights, under diffusers names, in float32.

    Shape: (out, in) or (out, in, height, width), as the weight. A text encoder's part is left out: it was made for the
    words of another encoder.

    Raises:
        SdzhError: as `read_adapters`.
    """
    with open_weights(path) as weights:
        unet = [a for a in read_adapters(weights.header) if a.name.startswith("lora_unet_")]
        return {f"{dotted(adapter.name)}.weight": _difference(weights, adapter) for adapter in unet}


def dotted(name: str) -> str:
    """``lora_unet_down_blocks_0_…_attn1_to_q`` -> ``down_blocks.0.….attn1.to_q``."""
    name = name.removeprefix("lora_unet_")
    for pattern, replacement in _DOTS:
        name = re.sub(pattern, replacement, name)
    return name


def _parse(key: str, path: Path) -> tuple[str, str]:
    """Key -> (kohya's module name, role)."""
    match = next((match for spelling in _SPELLINGS if (match := spelling.fullmatch(key))), None)
    name = match and _kohya_name(match["module"], match.groupdict().get("leaf"))
    if not match or not name:
        raise SdzhError("lora_unknown_key", path=path, name=key)
    return name, _ROLES.get(match["role"], match["role"])


def _kohya_name(module: str, leaf: str | None) -> str | None:
    if module.startswith(("lora_unet_", "lora_te_")) and "." not in module:
        return module
    network, rest = None, module
    for level, kohya in _NETWORKS.items():
        if rest.startswith(level):
            network, rest = network or kohya, rest.removeprefix(level)
    if network is None and rest.startswith(_UNET_STARTS):
        network = "lora_unet_"
    if network is None:
        return None
    if leaf and network == "lora_te_":
        rest += "." + _TEXT_LEAVES.get(leaf, leaf)
    elif leaf:
        rest += "." + ("to_out.0" if leaf == "to_out" else leaf)
    return network + rest.replace(".", "_")


def _kohya_tensors(weights: Weights, adapter: Adapter) -> Iterator[TensorSource]:
    yield source_of(weights, adapter.down, f"{adapter.name}.lora_down.weight")
    yield source_of(weights, adapter.up, f"{adapter.name}.lora_up.weight")
    if adapter.alpha:
        yield source_of(weights, adapter.alpha, f"{adapter.name}.alpha")


def _difference(weights: Weights, adapter: Adapter) -> torch.Tensor:
    down, up = weights.tensor(adapter.down).float(), weights.tensor(adapter.up).float()
    scale = float(weights.tensor(adapter.alpha)) / down.shape[0] if adapter.alpha else 1.0
    shape = (up.shape[0], *down.shape[1:])
    return scale * (up.flatten(1) @ down.flatten(1)).reshape(shape)


def _learned_on(header: Header, spec: EncoderSpec | None) -> Mapping[str, str]:
    """By this a host knows whose text part it is: a Chinese CLIP has the names and shapes of the English one."""
    said = header.metadata.get(SPEC_KEY) or (spec and spec.to_json())
    return {SPEC_KEY: said} if said else {}


def _metadata(header: Header, adapters: list[Adapter]) -> Mapping[str, str]:
    """What AUTOMATIC1111 and Forge read to sort and describe a LoRA."""
    ranks = {header.tensors[adapter.down].shape[0] for adapter in adapters}
    contexts = {header.tensors[a.down].shape[1] for a in adapters if a.name.endswith("attn2_to_k")}
    version = _VERSIONS.get(next(iter(contexts), 0), {})
    return {"ss_network_module": "networks.lora", "ss_network_dim": str(max(ranks)), **version}
