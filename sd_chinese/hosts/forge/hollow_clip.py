"""What stands where the host insists on a CLIP that a Chinese checkpoint does not have: its names, and no weight."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from sd_chinese.errors import SdzhError

# The least that a transformer can be; the number of layers stays, for a LoRA's keys must find their names.
HOLLOW = {"hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 1, "projection_dim": 8}


def build_hollow_clip(config_folder: Path) -> Any:
    """A module that the host's `CLIP` and `ClassicTextProcessingEngine` take for the encoder of this configuration.

    It is never run: `engine.attach` puts ours in its place. Source: backend/loader.py, `CLIPTextModel`.
    """
    from backend.nn.clip import IntegratedCLIP
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig.from_pretrained(config_folder)
    config.update(HOLLOW)
    return IntegratedCLIP(CLIPTextModel, config, add_text_projection=True).requires_grad_(False)


def refuse_saving(model: Any, path: Path) -> None:
    """The host saves a model with the CLIP that it knows: with a hollow one that would destroy what the user has."""

    def save_checkpoint(filename: str) -> NoReturn:
        raise SdzhError("forge_save", path=path)

    model.save_checkpoint = save_checkpoint
