"""A run that was broken off and taken up again ends with the weights of one that was not."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from sd_chinese.mini import autoencoder, denoiser  # noqa: E402
from sd_chinese.mini.training import Training, run  # noqa: E402

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"山月船松")
UNET = {**denoiser.UNET, "block_out_channels": [32, 32, 32]}
TEXT = {**denoiser.TEXT, "num_hidden_layers": 1}


def base_run(folder: Path) -> tuple[Training, object]:
    training = denoiser.new_training(folder, 6, WORDS, UNET, TEXT)
    latents = torch.randn(8, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    ids = np.random.default_rng(1).integers(5, len(WORDS), size=(8, 2, 32)).astype(np.uint16)
    return training, denoiser.loss_function(training, latents, ids, batch=2)


def autoencoder_run(folder: Path) -> tuple[Training, object]:
    config = {**autoencoder.CONFIG, "block_out_channels": [32, 32, 32, 32]}
    training = autoencoder.new_training(folder, 6, config)
    pictures = np.random.default_rng(1).integers(0, 256, size=(4, 64, 64, 3)).astype(np.uint8)
    return training, autoencoder.loss_function(training, pictures, batch=2, side=32)


@pytest.mark.parametrize("begin", [base_run, autoencoder_run])
def test_resumed_run_equals_uninterrupted_run(begin, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    whole, loss = begin(tmp_path / "whole")
    assert run(whole, "whole", loss, None)

    first, loss = begin(tmp_path / "broken")

    def broken() -> object:
        if first.step == 2:
            signal.raise_signal(signal.SIGINT)  # Ctrl-C in the middle of a step
        return loss()

    with pytest.raises(KeyboardInterrupt):
        run(first, "first", broken, None)
    second, loss = begin(tmp_path / "broken")
    assert second.step == 3
    assert run(second, "second", loss, None)

    for name in ("model", "average"):
        one = whole.model.state_dict() if name == "model" else whole.average
        two = second.model.state_dict() if name == "model" else second.average
        for key, value in one.items():
            assert torch.equal(value, two[key]), (name, key)
    assert not list(tmp_path.rglob("*.part"))


def test_minutes_stop_a_run_and_keep_its_state(tmp_path: Path) -> None:
    training, loss = base_run(tmp_path)
    assert not run(training, "short", loss, 0.0)  # type: ignore[arg-type]
    assert base_run(tmp_path)[0].step == training.step == 1
