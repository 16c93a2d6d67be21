"""A ControlNet as PAI publishes it, converted, in sd-webui-controlnet before a Chinese checkpoint.

That extension builds Stable Diffusion 1's ControlNet in its full size and nothing smaller, so UNet and ControlNet have
it here, with random weights: slow, 12 GB of memory, 5 GB of disk.

``SDZH_A1111=/path/to/webui SDZH_A1111_CONTROLNET=/path/to/sd-webui-controlnet python -m pytest tests/hosts -m slow``
"""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.hosts.a1111.conftest import foreign_extension, link_extension
from tests.hosts.checkpoints import VAE
from tests.hosts.forge.models import PAI, build_tower
from tests.hosts.real_host import A1111, RealHost
from tests.text.families import FAMILIES

pytestmark = pytest.mark.slow
VARIABLE = "SDZH_A1111_CONTROLNET"
PROMPT = "月夜 一叶小舟"
SIDE = 64
STRENGTH = 0.8
# In the host: keep what goes into the ControlNet and comes out of it at its next call, and what the UNet makes of that.
# (What goes into the UNet is marked by the extension: rows of 1024 tell it which prompt is the negative one.)
WATCH = """
import sys
from modules import shared

def lists(tensors):
    return [tensor.float().cpu().tolist() for tensor in tensors]

def keep_noise(module, inputs, out):
    seen.setdefault("noise", out.float().cpu().tolist())

def keep_control(self, *args, **given):
    out = original(self, *args, **given)
    seen.setdefault("inputs", lists([given["x"], given["timesteps"], given["context"]]))
    seen.setdefault("residuals", lists(out))
    return out

seen.pop("noise", None)
shared.sd_model.model.diffusion_model.register_forward_hook(keep_noise)
controlnet = sys.modules["scripts.cldm"].PlugableControlModel
original, controlnet.forward = controlnet.forward, keep_control
"""


@dataclass(frozen=True)
class Seen:
    """One call of the UNet in the host; the pictures with and without the ControlNet before and after it."""

    latents: Tensor
    timesteps: Tensor
    context: Tensor
    noise: Tensor
    residuals: list[Tensor]
    listed: list[str]
    pictures: list[str]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Base and ControlNet as diffusers folders, and where the extension is."""
    from diffusers import AutoencoderKL, ControlNetModel, PNDMScheduler, UNet2DConditionModel

    if A1111.folder is None:
        pytest.skip(f"no host: set {A1111.variable} to a WebUI's folder with its environment")
    extension = foreign_extension(VARIABLE)
    root = tmp_path_factory.mktemp("full")
    base, control = root / "base", root / "control"
    FAMILIES[PAI].write(base, build_tower(PAI).half())
    torch.manual_seed(0)
    AutoencoderKL(**VAE).half().save_pretrained(base / "vae")
    PNDMScheduler(prediction_type="epsilon").save_pretrained(base / "scheduler")
    unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8, sample_size=64)
    module = ControlNetModel.from_unet(unet)
    unet.half().save_pretrained(base / "unet")
    for name, parameter in module.named_parameters():
        if name.startswith(("controlnet_down", "controlnet_mid", "controlnet_cond_embedding.conv_out")):
            parameter.data.normal_(std=0.05)  # a new ControlNet adds nothing
    module.half().save_pretrained(control)
    yield {"base": base, "control": control, "extension": extension}
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def seen(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    from sd_chinese.convert import convert_base_to_ldm, convert_controlnet

    data = tmp_path_factory.mktemp("a1111-control") / "数据 data"
    models = data / "models"
    for folder in ("Stable-diffusion", "ControlNet"):
        (models / folder).mkdir(parents=True)
    link_extension(data, folders["extension"])
    convert_base_to_ldm(folders["base"], models / "Stable-diffusion" / "派 pai.safetensors")
    convert_controlnet(folders["control"], models / "ControlNet" / "边缘 canny.safetensors")
    with RealHost(A1111, data) as host:
        yield watch(host)
    shutil.rmtree(data)


def watch(host: RealHost) -> Seen:
    size = {"width": SIDE, "height": SIDE}
    listed = host.call("/controlnet/model_list")["model_list"]
    unit = {"enabled": True, "module": "none", "model": listed[0], "image": png64(), "weight": STRENGTH}
    control = {"alwayson_scripts": {"controlnet": {"args": [unit]}}}
    plain = host.draw(PROMPT, **size).sha
    host.run(WATCH)
    steered = host.draw(PROMPT, **size, **control).sha
    again = host.draw(PROMPT, **size).sha
    inputs, residuals, noise = host.run("result = [seen[name] for name in ('inputs', 'residuals', 'noise')]")
    return Seen(
        *map(torch.tensor, inputs),
        torch.tensor(noise),
        [torch.tensor(value) for value in residuals],
        listed,
        [plain, steered, again],
    )


def test_it_is_listed_and_steers_and_leaves(seen: Seen) -> None:
    assert len(seen.listed) == 1 and "canny" in seen.listed[0]
    plain, steered, again = seen.pictures
    assert steered != plain
    assert again == plain


def test_residuals_and_noise_are_those_of_diffusers(seen: Seen, folders: dict[str, Path]) -> None:
    from diffusers import ControlNetModel, UNet2DConditionModel

    inputs = (seen.latents, seen.timesteps, seen.context)
    hint = hint_of().expand(len(seen.latents), -1, -1, -1)
    with torch.no_grad():
        control = ControlNetModel.from_pretrained(folders["control"], torch_dtype=torch.float32).eval()
        down, mid = control(*inputs, hint, conditioning_scale=1.0, return_dict=False)
        del control
        unet = UNet2DConditionModel.from_pretrained(folders["base"] / "unet", torch_dtype=torch.float32)
        noise = unet.eval()(
            *inputs,
            down_block_additional_residuals=[STRENGTH * each for each in down],
            mid_block_additional_residual=STRENGTH * mid,
        ).sample
        bare = unet(*inputs).sample
    expected = [*down, mid]
    differences = [relative(found, each) for found, each in zip(seen.residuals, expected, strict=True)]
    print(f"\nlargest difference of a residual, relative: {max(differences):.1e}")
    print(
        f"noise: {relative(seen.noise, noise):.1e}; what the ControlNet changes: {relative(bare, noise):.1e}"
    )
    assert max(differences) < 1e-4
    assert relative(seen.noise, noise) < 1e-4
    assert relative(bare, noise) > 1e-2


def relative(found: Tensor, expected: Tensor) -> float:
    """The largest difference, against the largest value."""
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


def picture() -> Any:
    from PIL import Image

    image = Image.new("RGB", (SIDE, SIDE), (0, 0, 0))
    image.paste((255, 128, 0), (16, 8, 48, 40))
    return image


def png64() -> str:
    file = io.BytesIO()
    picture().save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def hint_of() -> Tensor:
    """Shape: (1, 3, side, side), from 0 to 1."""
    import numpy as np

    return torch.from_numpy(np.asarray(picture()) / 255.0).float().permute(2, 0, 1)[None]
