"""The LoRA carries PAI's key names, and merging it equals running it beside the UNet."""

from __future__ import annotations

import re

import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from sd_chinese.mini import denoiser, lora  # noqa: E402
from sd_chinese.mini.folders import WEIGHTS  # noqa: E402

PUBLISHED = re.compile(
    r"(down_blocks\.\d|mid_block|up_blocks\.\d)\.attentions\.\d\.transformer_blocks\.0"
    r"\.attn[12]\.processor\.to_(q|k|v|out)_lora\.(down|up)\.weight"
)


def small_unet() -> object:
    torch.manual_seed(0)
    config = {**denoiser.UNET, "block_out_channels": [32, 32, 32], "cross_attention_dim": 16}
    return diffusers.UNet2DConditionModel(**config).eval()


def test_merged_equals_attached() -> None:
    attached, merged = small_unet(), small_unet()
    pairs = lora.attach(attached, rank=3)
    for parameter in pairs.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    lora.merge(merged, lora.published_tensors(pairs.state_dict()))
    inputs = (torch.randn(2, 4, 16, 16), torch.tensor([10, 900]), torch.randn(2, 5, 16))
    with torch.no_grad():
        one, two, plain = (unet(*inputs).sample for unet in (attached, merged, small_unet()))
    assert torch.allclose(one, two, atol=1e-4)
    assert not torch.allclose(one, plain, atol=1e-2)


def test_fresh_lora_changes_nothing() -> None:
    unet = small_unet()
    inputs = (torch.randn(1, 4, 16, 16), torch.tensor([10]), torch.randn(1, 5, 16))
    with torch.no_grad():
        before = unet(*inputs).sample
        lora.attach(unet)
        assert torch.equal(unet(*inputs).sample, before)


def test_shipped_lora_has_published_keys_for_every_attention() -> None:
    from safetensors.torch import load_file

    tensors = load_file(WEIGHTS / "lora-ink" / "pytorch_lora_weights.safetensors")
    assert all(PUBLISHED.fullmatch(key) for key in tensors)
    unet = diffusers.UNet2DConditionModel.from_pretrained(WEIGHTS / "base" / "unet")
    stems = [stem for stem, _ in lora.attention_layers(unet)]
    assert set(tensors) == {f"{stem}.{side}.weight" for stem in stems for side in ("down", "up")}
    assert {value.shape[0] for key, value in tensors.items() if ".down." in key} == {lora.RANK}
