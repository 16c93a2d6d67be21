"""UNets of Stable Diffusion 1.x and 2.x, and their ControlNets, of any width and depth: key rules and configuration.

Names on side b are those of CompVis' latent-diffusion (openaimodel.py) and lllyasviel's ControlNet (cldm.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sd_chinese.convert.keymap import KeyMap, Rule
from sd_chinese.convert.network import Config, Network, Shapes
from sd_chinese.errors import SdzhError

HEADS = 8  # SD1.x: eight heads at every width (its configuration calls that attention_head_dim)
HEAD_WIDTH = 64  # SD2.x: as many heads of 64 channels as fit

RESNET = (
    Rule("norm1.", "in_layers.0."),
    Rule("conv1.", "in_layers.2."),
    Rule("time_emb_proj.", "emb_layers.1."),
    Rule("norm2.", "out_layers.0."),
    Rule("conv2.", "out_layers.3."),
    Rule("conv_shortcut.", "skip_connection."),
)
ENDS = (
    Rule("time_embedding.linear_1.", "time_embed.0."),
    Rule("time_embedding.linear_2.", "time_embed.2."),
    Rule("conv_in.", "input_blocks.0.0."),
    Rule("conv_norm_out.", "out.0."),
    Rule("conv_out.", "out.2."),
)
MIDDLE = (
    Rule("mid_block.resnets.0.", "middle_block.0.", RESNET),
    Rule("mid_block.attentions.0.", "middle_block.1."),
    Rule("mid_block.resnets.1.", "middle_block.2.", RESNET),
)


@dataclass(frozen=True)
class Blocks:
    """The plan that both spellings number differently: residual layers per block, and which blocks attend."""

    layers: int
    down: tuple[bool, ...]
    up: tuple[bool, ...] = ()

    @classmethod
    def of_diffusers(cls, keys: Iterable[str]) -> Blocks:
        keys = set(keys)
        return cls(
            layers=_count(keys, "down_blocks.0.resnets.{}.conv1.weight"),
            down=_attending(keys, "down_blocks.{}"),
            up=_attending(keys, "up_blocks.{}"),
        )

    @classmethod
    def of_ldm(cls, keys: Iterable[str]) -> Blocks:
        keys = set(keys)
        inputs = _count(keys, "input_blocks.{}.0.op.weight", "input_blocks.{}.0.in_layers.2.weight", start=1)
        outputs = _count(keys, "output_blocks.{}.0.in_layers.2.weight")
        ends = [n for n in range(1, inputs + 1) if f"input_blocks.{n}.0.op.weight" in keys]
        stride = ends[0] if ends else inputs + 1
        return cls(
            layers=stride - 1,
            down=tuple(f"input_blocks.{n}.1.norm.weight" in keys for n in range(1, inputs + 1, stride)),
            up=tuple(f"output_blocks.{n}.1.norm.weight" in keys for n in range(0, outputs, stride)),
        )

    def down_rules(self) -> tuple[Rule, ...]:
        rules, stride = [], self.layers + 1
        for block, attends in enumerate(self.down):
            first, end = 1 + block * stride, (block + 1) * stride
            rules += _layer_rules(f"down_blocks.{block}", "input_blocks.{}", first, self.layers, attends)
            rules.append(Rule(f"down_blocks.{block}.downsamplers.0.conv.", f"input_blocks.{end}.0.op."))
        return tuple(rules)

    def up_rules(self) -> tuple[Rule, ...]:
        rules, stride = [], self.layers + 1
        for block, attends in enumerate(self.up):
            first, end = block * stride, block * stride + self.layers
            rules += _layer_rules(f"up_blocks.{block}", "output_blocks.{}", first, stride, attends)
            resized = f"output_blocks.{end}.{2 if attends else 1}.conv."
            rules.append(Rule(f"up_blocks.{block}.upsamplers.0.conv.", resized))
        return tuple(rules)


def _layer_rules(a: str, b: str, first: int, layers: int, attends: bool) -> list[Rule]:
    """Layers of block ``a``, numbered on from ``first`` among ``b``: a residual layer, and its attention."""
    rules = []
    for layer in range(layers):
        place = b.format(first + layer)
        rules.append(Rule(f"{a}.resnets.{layer}.", f"{place}.0.", RESNET))
        if attends:
            rules.append(Rule(f"{a}.attentions.{layer}.", f"{place}.1."))
    return rules


def _keymap(blocks: Blocks) -> KeyMap:
    return KeyMap((*ENDS, *blocks.down_rules(), *MIDDLE, *blocks.up_rules()))


def _of_diffusers(keys: Collection[str]) -> KeyMap:
    return _keymap(Blocks.of_diffusers(keys))


def _of_ldm(keys: Collection[str]) -> KeyMap:
    return _keymap(Blocks.of_ldm(keys))


def unet_config(shapes: Shapes) -> Config:
    """diffusers' UNet2DConditionModel configuration, from shapes under diffusers names.

    The number of attention heads leaves no trace in the shapes: it follows the convention of the generation
    (SD1.x: convolutional ``proj_in``, eight heads; SD2.x: linear ``proj_in``, heads of 64 channels).

    Raises:
        SdzhError: ``convert_not_unet``.
    """
    blocks = Blocks.of_diffusers(shapes)
    return {
        **trunk_config(shapes, blocks),
        "out_channels": shapes["conv_out.weight"][0],
        "up_block_types": ["CrossAttnUpBlock2D" if attends else "UpBlock2D" for attends in blocks.up],
        "sample_size": 64,
    }


def trunk_config(shapes: Shapes, blocks: Blocks) -> Config:
    """What a UNet and its ControlNet have in common."""
    attention = next((key for key in shapes if key.endswith("attentions.0.proj_in.weight")), None)
    context = next((shape[1] for key, shape in shapes.items() if key.endswith("attn2.to_k.weight")), None)
    if attention is None or context is None:
        raise SdzhError("convert_not_unet")
    widths = [shapes[f"down_blocks.{n}.resnets.0.conv1.weight"][0] for n in range(len(blocks.down))]
    linear = len(shapes[attention]) == 2
    depth = _count(
        set(shapes), attention.removesuffix("proj_in.weight") + "transformer_blocks.{}.norm1.weight"
    )
    return {
        "in_channels": shapes["conv_in.weight"][1],
        "block_out_channels": widths,
        "layers_per_block": blocks.layers,
        "down_block_types": ["CrossAttnDownBlock2D" if attends else "DownBlock2D" for attends in blocks.down],
        "cross_attention_dim": context,
        "attention_head_dim": [width // HEAD_WIDTH for width in widths] if linear else HEADS,
        "use_linear_projection": linear,
        "transformer_layers_per_block": depth,
    }


def _control_keymap(blocks: Blocks, hints: int) -> KeyMap:
    """Rules for a trunk of these blocks and a hint encoder of ``hints`` inner convolutions (six at f=8)."""
    a, b = "controlnet_cond_embedding.", "input_hint_block."
    # An activation stands between two convolutions and takes a number of its own.
    hint_rules = [Rule(f"{a}blocks.{n}.", f"{b}{2 * n + 2}.") for n in range(hints)]
    zeros = 1 + len(blocks.down) * (blocks.layers + 1)
    return KeyMap(
        (
            *ENDS,
            Rule(f"{a}conv_in.", f"{b}0."),
            *hint_rules,
            Rule(f"{a}conv_out.", f"{b}{2 * hints + 2}."),
            *blocks.down_rules(),
            *MIDDLE,
            *(Rule(f"controlnet_down_blocks.{n}.", f"zero_convs.{n}.0.") for n in range(zeros)),
            Rule("controlnet_mid_block.", "middle_block_out.0."),
        )
    )


def _control_of_diffusers(keys: Collection[str]) -> KeyMap:
    hints = [key for key in keys if key.startswith("controlnet_cond_embedding.blocks.")]
    return _control_keymap(Blocks.of_diffusers(keys), sum(key.endswith(".weight") for key in hints))


def _control_of_ldm(keys: Collection[str]) -> KeyMap:
    hints = [key for key in keys if key.startswith("input_hint_block.") and key.endswith(".weight")]
    return _control_keymap(Blocks.of_ldm(keys), max(0, len(hints) - 2))


def _control_config(shapes: Shapes) -> Config:
    """diffusers' ControlNetModel configuration, from shapes under diffusers names.

    Raises:
        SdzhError: ``convert_not_unet``.
    """
    hint = "controlnet_cond_embedding."
    # The hint encoder keeps a width, then doubles the stride into the next: blocks 0, 2, 4 ... keep.
    count = sum(key.startswith(f"{hint}blocks.") and key.endswith(".weight") for key in shapes)
    kept = [shapes[f"{hint}blocks.{n}.weight"][0] for n in range(0, count, 2)]
    return {
        **trunk_config(shapes, Blocks.of_diffusers(shapes)),
        "conditioning_channels": shapes[f"{hint}conv_in.weight"][1],
        "conditioning_embedding_out_channels": [*kept, shapes[f"{hint}conv_out.weight"][1]],
    }


def _count(keys: set[str], *patterns: str, start: int = 0) -> int:
    number = start
    while any(pattern.format(number) in keys for pattern in patterns):
        number += 1
    return number - start


def _attending(keys: set[str], pattern: str) -> tuple[bool, ...]:
    count = _count(keys, pattern + ".resnets.0.conv1.weight")
    return tuple(f"{pattern.format(n)}.attentions.0.norm.weight" in keys for n in range(count))


UNET = Network("unet", "model.diffusion_model.", _of_diffusers, _of_ldm, unet_config)
CONTROLNET = Network("controlnet", "control_model.", _control_of_diffusers, _control_of_ldm, _control_config)
