"""AutoencoderKL of any width and depth: key rules and configuration from shapes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sd_chinese.convert.keymap import KeyMap, Rule
from sd_chinese.convert.network import Config, Network, Shapes

SCALING = 0.18215  # of every SD1.x and SD2.x autoencoder

# Linear in diffusers, 1x1 convolutions in LDM. The second spelling is that of diffusers before 0.17.
ATTENTION = (
    Rule("group_norm.", "norm."),
    Rule("to_q.", "q.", pointwise=True),
    Rule("to_k.", "k.", pointwise=True),
    Rule("to_v.", "v.", pointwise=True),
    Rule("to_out.0.", "proj_out.", pointwise=True),
    Rule("query.", "q.", pointwise=True),
    Rule("key.", "k.", pointwise=True),
    Rule("value.", "v.", pointwise=True),
    Rule("proj_attn.", "proj_out.", pointwise=True),
)
RESNET = (Rule("conv_shortcut.", "nin_shortcut."), Rule("", ""))
SHARED = (
    Rule("conv_in.", "conv_in."),
    Rule("mid_block.resnets.0.", "mid.block_1.", RESNET),
    Rule("mid_block.attentions.0.", "mid.attn_1.", ATTENTION),
    Rule("mid_block.resnets.1.", "mid.block_2.", RESNET),
    Rule("conv_norm_out.", "norm_out."),
    Rule("conv_out.", "conv_out."),
)


@dataclass(frozen=True)
class Levels:
    """Resolutions of an autoencoder, and residual layers of each in the encoder (the decoder has one more)."""

    depth: int
    layers: int

    @classmethod
    def of(cls, keys: Iterable[str]) -> Levels:
        """Read from names of either spelling."""
        found = [match.groups() for match in map(_ENCODER_LAYER.match, keys) if match]
        return cls(len({level for level, _ in found}), len({layer for _, layer in found}))


_ENCODER_LAYER = re.compile(r"encoder\.(?:down_blocks|down)\.(\d+)\.(?:resnets|block)\.(\d+)\.")


def _keymap(keys: Collection[str]) -> KeyMap:
    """LDM counts the decoder's resolutions from the other end."""
    levels = Levels.of(keys)
    encoder, decoder = list(SHARED), list(SHARED)
    for level in range(levels.depth):
        mirrored = levels.depth - 1 - level
        encoder += _level(f"down_blocks.{level}", f"down.{level}", "downsample", levels.layers)
        decoder += _level(f"up_blocks.{level}", f"up.{mirrored}", "upsample", levels.layers + 1)
    return KeyMap(
        (
            Rule("encoder.", "encoder.", tuple(encoder)),
            Rule("decoder.", "decoder.", tuple(decoder)),
            Rule("quant_conv.", "quant_conv."),
            Rule("post_quant_conv.", "post_quant_conv."),
        ),
        dropped=lambda key: key.startswith("loss."),  # LDM training checkpoints keep their discriminator
    )


def vae_config(shapes: Shapes) -> Config:
    """diffusers' AutoencoderKL configuration, from shapes under diffusers names."""
    levels = Levels.of(shapes)
    blocks = [f"encoder.down_blocks.{n}.resnets.0.conv1.weight" for n in range(levels.depth)]
    return {
        "in_channels": shapes["encoder.conv_in.weight"][1],
        "out_channels": shapes["decoder.conv_out.weight"][0],
        "latent_channels": shapes["decoder.conv_in.weight"][1],
        "block_out_channels": [shapes[block][0] for block in blocks],
        "layers_per_block": levels.layers,
        "down_block_types": ["DownEncoderBlock2D"] * levels.depth,
        "up_block_types": ["UpDecoderBlock2D"] * levels.depth,
        "scaling_factor": SCALING,
        "sample_size": 512,
    }


def _level(a: str, b: str, resample: str, layers: int) -> list[Rule]:
    resnets = [Rule(f"{a}.resnets.{n}.", f"{b}.block.{n}.", RESNET) for n in range(layers)]
    return [*resnets, Rule(f"{a}.{resample}rs.0.conv.", f"{b}.{resample}.conv.")]


VAE = Network("vae", "first_stage_model.", _keymap, _keymap, vae_config)
