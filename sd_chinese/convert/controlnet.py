"""ControlNets: a diffusers folder or file <-> one LDM file."""

from __future__ import annotations

from pathlib import Path

from sd_chinese.convert.folder import new_folder, write_json
from sd_chinese.convert.network import CONFIGS_KEY, write_configs
from sd_chinese.convert.parts import open_controlnet
from sd_chinese.convert.precision import Progress, prepared
from sd_chinese.weights_io import write_safetensors


def convert_controlnet(
    source: Path, out: Path, *, dtype: str = "float16", progress: Progress | None = None
) -> Path:
    """Write a ControlNet of either layout: as one LDM file when ``out`` is a .safetensors, else as a folder.

    Raises:
        SdzhError: ``convert_unknown_key`` (it is another kind of network), ``folder_exists``.
    """
    with open_controlnet(source) as part:
        if out.suffix == ".safetensors":
            metadata = {CONFIGS_KEY: write_configs({part.network.name: part.config})}
            return write_safetensors(out, prepared(part.to_ldm(), dtype, progress), metadata)
        with new_folder(out) as folder:
            tensors = prepared(part.sources, dtype, progress)
            write_safetensors(folder / "diffusion_pytorch_model.safetensors", tensors, {"format": "pt"})
            write_json(folder / "config.json", {"_class_name": "ControlNetModel", **part.config})
    return out
