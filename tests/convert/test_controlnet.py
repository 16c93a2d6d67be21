"""ControlNets both ways, judged by outputs through diffusers' single-file loader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.convert.conftest import UNETS

pytest.importorskip("diffusers")

from diffusers import ControlNetModel

from sd_chinese.convert.controlnet import convert_controlnet
from sd_chinese.convert.parts import read_controlnet
from sd_chinese.errors import SdzhError
from sd_chinese.weights_io import read_header


@pytest.fixture(params=["sd1", "sd2", "mini"])
def folder(request: pytest.FixtureRequest, random_module: Callable[..., Any], tmp_path: Path) -> Path:
    settings = {key: value for key, value in UNETS[request.param].items() if key != "up_block_types"}
    hints = (8, 16, 24, 32) if request.param == "mini" else (16, 32, 96, 256)
    module = random_module("ControlNetModel", conditioning_embedding_out_channels=hints, **settings)
    module.save_pretrained(tmp_path / "canny")
    return tmp_path / "canny"


def outputs(module: Any) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    side = 8 * 2 ** (len(module.config.conditioning_embedding_out_channels) - 1)
    with torch.no_grad():
        down, middle = module(
            torch.randn(1, 4, 8, 8, generator=generator),
            500,
            torch.randn(1, 5, module.config.cross_attention_dim, generator=generator),
            torch.rand(1, 3, side, side, generator=generator),
            return_dict=False,
        )
    return torch.cat([tensor.flatten() for tensor in (*down, middle)])


def test_diffusers_steers_the_same_from_the_file(folder: Path, tmp_path: Path) -> None:
    path = convert_controlnet(folder, tmp_path / "a.safetensors", dtype="float32")
    assert all(key.startswith("control_model.") for key in read_header(path).tensors)
    module = ControlNetModel.from_single_file(str(path), config=str(folder), local_files_only=True)
    expected = outputs(ControlNetModel.from_pretrained(folder))
    assert torch.allclose(outputs(module), expected, atol=1e-5)
    assert expected.abs().max() > 0.01


def test_there_and_back(folder: Path, tmp_path: Path) -> None:
    path = convert_controlnet(folder, tmp_path / "a.safetensors", dtype="float32")
    back = convert_controlnet(path, tmp_path / "back", dtype="float32")
    ours, reference = (ControlNetModel.from_pretrained(place).state_dict() for place in (back, folder))
    assert ours.keys() == reference.keys() and all(torch.equal(ours[key], reference[key]) for key in ours)


def test_a_file_is_read_as_a_painter_needs_it(folder: Path, tmp_path: Path) -> None:
    path = convert_controlnet(folder, tmp_path / "a.safetensors", dtype="float32")
    for place in (folder, path):
        part = read_controlnet(place)
        module = ControlNetModel.from_config(part.config)
        module.load_state_dict(part.tensors())
        assert torch.allclose(
            outputs(module.eval()), outputs(ControlNetModel.from_pretrained(folder)), atol=1e-5
        )


def test_another_network_is_refused(folder: Path, tmp_path: Path, random_module: Callable[..., Any]) -> None:
    random_module("UNet2DConditionModel", **UNETS["mini"]).save_pretrained(tmp_path / "unet")
    with pytest.raises(SdzhError) as caught:
        convert_controlnet(tmp_path / "unet", tmp_path / "a.safetensors")
    assert caught.value.code == "convert_unknown_key"
