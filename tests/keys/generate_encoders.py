"""Write the key lists of the text encoders and of PAI's LoRA: name in the published folder -> shape, no weights.

The modules are transformers' own, built from the sizes that `models.json` accounts for. Published files are of 2022 and
2023: run this with transformers 4.30.2, whose names and buffers they have.
Run: python tests/keys/generate_encoders.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import transformers
from torch import nn

HERE = Path(__file__).parent
Shapes = Mapping[str, tuple[int, ...]]
BASE = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
LARGE = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
RANK = 128


class RobertaSeries(nn.Module):
    """The names of diffusers' RobertaSeriesModelWithTransformation (pipelines/deprecated/alt_diffusion)."""

    def __init__(self, project_dim: int, pre: bool) -> None:
        super().__init__()
        config = transformers.XLMRobertaConfig(
            vocab_size=250002, max_position_embeddings=514, type_vocab_size=1, **LARGE
        )
        self.roberta = transformers.XLMRobertaModel(config)
        self.transformation = nn.Linear(config.hidden_size, project_dim)
        if pre:
            self.transformation_pre = nn.Linear(config.hidden_size, project_dim)
            self.pre_LN = nn.LayerNorm(config.hidden_size)


def clip(words: int, positions: int) -> nn.Module:
    config = transformers.CLIPTextConfig(vocab_size=words, max_position_embeddings=positions, **BASE)
    return transformers.CLIPTextModel(config)


def bert() -> nn.Module:
    return transformers.BertModel(transformers.BertConfig(vocab_size=21128, **BASE))


def chinese_clip() -> nn.Module:
    config = transformers.ChineseCLIPTextConfig(vocab_size=21128, **LARGE)
    return transformers.ChineseCLIPTextModel(config, add_pooling_layer=False)


ENCODERS: dict[str, Callable[[], nn.Module]] = {
    "pai_text": lambda: clip(21128, 32),
    "skypaint_text": lambda: clip(105879, 77),
    "clip_text": lambda: clip(49408, 77),
    "taiyi_text": bert,
    "modelscope_text": chinese_clip,
    "altdiffusion_text": lambda: RobertaSeries(768, pre=False),
    "altdiffusion_m18_text": lambda: RobertaSeries(1024, pre=True),
}


def encoder_shapes(build: Callable[[], nn.Module]) -> Shapes:
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in build().state_dict().items()}


def lora_shapes() -> Shapes:
    """`save_attn_procs` of diffusers 0.15: two matrices for each projection of each attention."""
    unet = json.loads((HERE / "sd1_unet.json").read_text(encoding="utf-8"))
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in unet.values():
        attention, _, projection = name.partition(".to_")
        if not projection.endswith(".weight"):
            continue
        letter = projection.removesuffix(".weight").removesuffix(".0")
        stem = f"{attention}.processor.to_{letter}_lora"
        shapes |= {f"{stem}.down.weight": (RANK, shape[1]), f"{stem}.up.weight": (shape[0], RANK)}
    return shapes


if __name__ == "__main__":
    lists = {name: encoder_shapes(build) for name, build in ENCODERS.items()} | {"pai_lora": lora_shapes()}
    for name, shapes in lists.items():
        lines = [f"{json.dumps(key)}: {json.dumps(shape)}" for key, shape in shapes.items()]
        (HERE / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(name, len(lines))
