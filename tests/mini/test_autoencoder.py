"""Folding the latents' statistics changes their scale, and nothing that can be seen."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from sd_chinese.mini import autoencoder  # noqa: E402

TINY = {**autoencoder.CONFIG, "block_out_channels": [32, 32, 32, 32]}


def test_fold_statistics() -> None:
    torch.manual_seed(3)
    vae = diffusers.AutoencoderKL(**TINY).eval()
    x = torch.rand(6, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        before = vae.encode(x).latent_dist
        seen = vae.decode(before.mean).sample
        autoencoder.fold_statistics(vae, before.mean.mean((0, 2, 3)), before.mean.std((0, 2, 3)))
        after = vae.encode(x).latent_dist
        scaled = after.mean * autoencoder.SCALE
        assert torch.allclose(vae.decode(after.mean).sample, seen, atol=2e-4)
    assert torch.allclose(scaled.mean((0, 2, 3)), torch.zeros(4), atol=1e-3)
    assert torch.allclose(scaled.std((0, 2, 3)), torch.ones(4), atol=1e-3)
    ratio = (after.std / before.std).mean((0, 2, 3)) / (
        after.mean.std((0, 2, 3)) / before.mean.std((0, 2, 3))
    )
    assert torch.allclose(ratio, torch.ones(4), atol=1e-2)
