"""The shipped folders load with diffusers and transformers themselves, and stay small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from sd_chinese.mini import sampling, vocabulary  # noqa: E402
from sd_chinese.mini.folders import WEIGHTS  # noqa: E402
from sd_chinese.mini.ship import LIMIT  # noqa: E402

BASE = WEIGHTS / "base"


def test_all_weights_fit_the_budget() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) <= LIMIT


def test_weights_are_half_precision() -> None:
    from safetensors import safe_open

    files = list(WEIGHTS.rglob("*.safetensors"))
    assert len(files) == 6
    for path in files:
        with safe_open(path, "pt") as tensors:
            kinds = {tensors.get_slice(key).get_dtype() for key in tensors.keys()}  # noqa: SIM118
        assert kinds <= {"F16", "I64"}, path


def test_text_encoder_keeps_the_published_key_names() -> None:
    from safetensors import safe_open

    with safe_open(BASE / "text_encoder" / "model.safetensors", "pt") as tensors:
        assert all(key.startswith("text_model.") for key in tensors.keys())  # noqa: SIM118
        rows = tensors.get_slice("text_model.embeddings.position_embedding.weight").get_shape()[0]
    assert rows == vocabulary.POSITIONS


def test_text_encoder_is_filled_from_the_file() -> None:
    from transformers import CLIPTextModel

    model, report = CLIPTextModel.from_pretrained(BASE / "text_encoder", output_loading_info=True)
    assert not [key for key in report["missing_keys"] if "position_ids" not in key]
    assert not report["unexpected_keys"]
    vocabulary_rows = len((BASE / "tokenizer" / "vocab.txt").read_text(encoding="utf-8").splitlines())
    assert model.config.vocab_size == vocabulary_rows


def test_tokenizer_pads_and_wraps_as_bert() -> None:
    parts = sampling.load_parts(BASE)
    ids = parts.tokenizer("一轮明月", padding="max_length", max_length=32, truncation=True).input_ids
    assert ids[0] == vocabulary.CLS
    assert ids[5:] == [vocabulary.SEP] + [vocabulary.PAD] * 26
    assert ids[1:5] == list(vocabulary.encode(["一轮明月"], _words())[0, 1:5])


def _words() -> list[str]:
    return (BASE / "tokenizer" / "vocab.txt").read_text(encoding="utf-8").splitlines()


def test_pipeline_components_load_and_draw() -> None:
    index = json.loads((BASE / "model_index.json").read_text(encoding="utf-8"))
    assert index["tokenizer"] == ["transformers", "BertTokenizer"]
    parts = sampling.load_parts(BASE)
    pipeline = diffusers.StableDiffusionPipeline(
        vae=parts.vae, text_encoder=parts.text_encoder, tokenizer=parts.tokenizer, unet=parts.unet,
        scheduler=parts.scheduler, safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(0)
    picture = pipeline("月夜", num_inference_steps=2, height=128, width=128, output_type="np").images[0]
    assert picture.shape == (128, 128, 3)
    assert np.isfinite(picture).all()


def test_autoencoder_keeps_what_a_drawing_shows() -> None:
    from sd_chinese.mini import data
    from sd_chinese.mini.denoiser import encode_pictures
    from sd_chinese.mini.scenes.drawing import draw

    pictures = np.stack([np.asarray(draw(data.scene_at(n, data.UNSEEN))) for n in range(6)])
    vae = sampling.load_parts(BASE).vae
    latents = encode_pictures(vae, pictures)
    assert latents.shape == (6, 4, 16, 16)
    assert 0.6 < float(latents.std()) < 1.5
    error = np.abs(sampling.decode(vae, latents).astype(int) - pictures).mean() / 255
    assert error < 0.06


def test_controlnet_loads_and_moves_the_prediction() -> None:
    from sd_chinese.mini.controlnet import hints

    net = diffusers.ControlNetModel.from_pretrained(WEIGHTS / "controlnet-canny").float().eval()
    x, states = torch.randn(1, 4, 16, 16), torch.randn(1, 32, 256)
    edges = np.zeros((1, 128, 128), np.uint8)
    edges[:, 40:90, 64] = 255
    with torch.no_grad():
        down, mid = net(x, torch.tensor([500]), states, hints(edges), return_dict=False)
    assert mid.abs().max() > 1e-3
    assert max(float(residual.abs().max()) for residual in down) > 1e-3


def test_every_file_is_plain_or_safetensors() -> None:
    names = {path.suffix for path in Path(WEIGHTS).rglob("*") if path.is_file()}
    assert names <= {".safetensors", ".json", ".txt"}
