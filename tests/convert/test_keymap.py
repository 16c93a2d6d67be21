"""Key rules against the real key lists of tests/keys, in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sd_chinese.convert import find_converter
from sd_chinese.convert.keymap import KeyMap, Rule
from sd_chinese.convert.network import Network
from sd_chinese.convert.unet import CONTROLNET, UNET
from sd_chinese.convert.vae import VAE
from sd_chinese.errors import SdzhError

KEYS = Path(__file__).parents[1] / "keys"
NETWORKS = {"sd1_unet": UNET, "sd2_unet": UNET, "sd1_controlnet": CONTROLNET, "vae": VAE}
CLASSES = {UNET: "UNet2DConditionModel", CONTROLNET: "ControlNetModel", VAE: "AutoencoderKL"}


def key_list(name: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """LDM name -> (diffusers name, shape in diffusers)."""
    pairs: dict[str, Any] = json.loads((KEYS / f"{name}.json").read_text(encoding="utf-8"))
    return {ldm: (name, tuple(shape)) for ldm, (name, shape) in pairs.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_rules_name_every_key_both_ways(name: str) -> None:
    pairs, network = key_list(name), NETWORKS[name]
    keymaps = network.of_diffusers([a for a, _ in pairs.values()]), network.of_ldm(list(pairs))
    for keymap in keymaps:
        for ldm, (diffusers, _) in pairs.items():
            assert keymap.a_to_b(diffusers) == ldm
            assert keymap.b_to_a(ldm) == diffusers


@pytest.mark.parametrize("name", NETWORKS)
def test_configuration_from_shapes_builds_the_same_network(name: str) -> None:
    diffusers = pytest.importorskip("diffusers")
    import torch

    network: Network = NETWORKS[name]
    shapes = dict(key_list(name).values())
    with torch.device("meta"):
        module = getattr(diffusers, CLASSES[network])(**network.config(shapes))
    assert {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()} == shapes
    if network is not VAE:
        heads = [5, 10, 20, 20] if "sd2" in name else 8
        assert module.config.attention_head_dim == heads


def test_a_key_of_another_network_is_named() -> None:
    keymap = UNET.of_diffusers([name for name, _ in key_list("sd1_unet").values()])
    assert keymap.a_to_b("add_embedding.linear_1.weight") is None  # SDXL
    with pytest.raises(SdzhError) as caught:
        list(keymap.forward([fake_source("add_embedding.linear_1.weight")]))
    assert caught.value.code == "convert_unknown_key" and "add_embedding" in caught.value.zh


def fake_source(name: str) -> Any:
    from sd_chinese.weights_io import TensorSource

    return TensorSource(name, (1,), "float32", lambda: pytest.fail("loaded"))


def test_the_first_rule_wins_and_writes_the_reverse() -> None:
    keymap = KeyMap((Rule("new.", "x."), Rule("old.", "x."), Rule("a.", "b.", (Rule("in.", "out."),))))
    assert keymap.a_to_b("old.w") == "x.w" == keymap.a_to_b("new.w")
    assert keymap.b_to_a("x.w") == "new.w"
    assert keymap.a_to_b("a.other") is None


def test_an_unknown_converter_lists_the_choices() -> None:
    with pytest.raises(SdzhError) as caught:
        find_converter("lora", "lycoris")
    assert "lora/attn_procs" in caught.value.en
