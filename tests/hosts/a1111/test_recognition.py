"""A Chinese checkpoint through the host's own loading, judged by the publishers' classes; all else untouched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from sd_chinese import strings, webui
from tests.fake_webui import Checkpoint, EnglishEncoder, FakeWebui
from tests.text.families import FAMILIES, randomize

PAI, TAIYI = "PAI-Diffusion, 32 rows", "Taiyi v0.1, svjack"
PROMPT = "月夜 一叶小舟"
WRAPPED = {
    "sd_models_config": ["find_checkpoint_config"],
    "sd_models": ["load_model_weights", "reload_model_weights"],
}


@pytest.fixture(autouse=True)
def started(fake_webui: FakeWebui, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(webui, "detect_host", lambda: "a1111")
    before = functions(fake_webui)
    webui.start()
    yield before
    webui.stop()


def functions(host: FakeWebui) -> list[object]:
    return [getattr(host.module(name), function) for name, each in WRAPPED.items() for function in each]


def choose(host: FakeWebui, path: Path) -> Any:
    host.selected = Checkpoint(filename=str(path))
    return host.module("sd_models").reload_model_weights()


def is_said(code: str, capsys: pytest.CaptureFixture[str]) -> bool:
    """One line, in both languages."""
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "sd-webui-chinese" in line]
    return all(text.rpartition("}")[2] in line for text in strings.TEXTS[code])


def foreign(path: Path, out: Path) -> Path:
    """The file as others make it: no metadata of ours."""
    from safetensors.torch import load_file, save_file

    save_file({k: v for k, v in load_file(path).items() if not k.startswith("sdzh.")}, out)
    return out


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_the_publishers(
    family: str, fake_webui: FakeWebui, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    if family.startswith("AltDiffusion"):
        pytest.skip("these scale models are narrower than the UNet: see the next test")
    model = choose(fake_webui, checkpoint(family))
    judge = FAMILIES[family]
    folder = judge.write(tmp_path / "judge", randomize(judge.build()))
    expected = judge.reference(randomize(judge.build()), judge.load_tokenizer(folder / "tokenizer"), [PROMPT])
    found = model.cond_stage_model([PROMPT])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_encoder_of_another_width_than_the_unet_is_refused(
    fake_webui: FakeWebui, checkpoint: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(fake_webui, checkpoint("AltDiffusion, -m9")) is None
    assert is_said("encoder_misfit", capsys)
    assert fake_webui.module("sd_models").model_data.sd_model is None


def test_foreign_taiyi_file_is_recognised(
    fake_webui: FakeWebui, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    ours = choose(fake_webui, checkpoint(TAIYI)).cond_stage_model([PROMPT])
    other = choose(fake_webui, foreign(checkpoint(TAIYI), tmp_path / "taiyi.safetensors"))
    assert other.cond_stage_model([PROMPT]).shape[-1] == ours.shape[-1]


def test_switching_builds_and_reuses_as_the_host_does(
    fake_webui: FakeWebui, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    english = tmp_path / "english.safetensors"
    from safetensors.torch import save_file

    save_file({"cond_stage_model.transformer.text_model.final_layer_norm.weight": torch.ones(4)}, english)
    first = choose(fake_webui, checkpoint(TAIYI))
    rows = first.cond_stage_model([PROMPT])
    model = choose(fake_webui, english)
    assert type(model.cond_stage_model) is EnglishEncoder
    assert model.used_config == str(fake_webui.config)
    again = choose(fake_webui, checkpoint(TAIYI))
    assert again.used_config == first.used_config
    torch.testing.assert_close(again.cond_stage_model([PROMPT]), rows, atol=0, rtol=0)
    assert choose(fake_webui, checkpoint(PAI)) is not again


def test_paths_of_ours_stay_short(
    fake_webui: FakeWebui, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    """Windows has 259 characters for a whole path, most of which are the user's."""
    choose(fake_webui, checkpoint(TAIYI))
    choose(fake_webui, checkpoint(PAI))
    written = [path.relative_to(tmp_path) for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(written) == 2
    assert all(len(str(path)) < 40 for path in written)


def test_empty_prompt_is_encoded_once_for_every_load(
    fake_webui: FakeWebui,
    checkpoint: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The host does it for a new model; where it fills an old one, nobody would."""
    from sd_chinese.hosts.a1111.embedder import ChineseEmbedder

    encoded: list[list[str]] = []
    forward = ChineseEmbedder.forward
    monkeypatch.setattr(
        ChineseEmbedder, "forward", lambda self, texts: encoded.append(texts) or forward(self, texts)
    )
    other = tmp_path / "other.safetensors"
    shutil.copy(checkpoint(PAI), other)
    model = choose(fake_webui, checkpoint(PAI))
    first = model.cond_stage_model_empty_prompt
    assert choose(fake_webui, other) is model
    assert model.cond_stage_model_empty_prompt is not first
    assert encoded == [[""]] * 2


def test_truncated_checkpoint_is_refused_before_the_model_is_put_away(
    fake_webui: FakeWebui,
    checkpoint: Callable[[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = choose(fake_webui, checkpoint(TAIYI))
    half = tmp_path / "half.safetensors"
    data = checkpoint(TAIYI).read_bytes()
    half.write_bytes(data[: len(data) // 2])
    assert choose(fake_webui, half) is model
    assert is_said("weights_truncated", capsys)
    assert fake_webui.module("sd_models").model_data.sd_model is model


def test_missing_tensor_is_never_silent(
    fake_webui: FakeWebui,
    checkpoint: Callable[[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    with safe_open(checkpoint(TAIYI), "pt") as file:
        metadata = file.metadata()
    tensors = load_file(checkpoint(TAIYI))
    del tensors["cond_stage_model.transformer.text_model.encoder.layer.1.output.dense.weight"]
    save_file(tensors, tmp_path / "thin.safetensors", metadata)
    choose(fake_webui, checkpoint(PAI))
    back = choose(fake_webui, tmp_path / "thin.safetensors")
    assert is_said("encoder_unfilled", capsys)
    assert back.sd_model_checkpoint == str(checkpoint(PAI))  # the host had let go of it


def test_counter_and_interface(fake_webui: FakeWebui, checkpoint: Callable[[str], Path]) -> None:
    embedder = choose(fake_webui, checkpoint(PAI)).cond_stage_model
    _, count = embedder.process_texts(["山水"])
    assert (count, embedder.get_target_prompt_token_count(count)) == (2, 30)
    _, count = embedder.process_texts(["山，" * 20])
    assert (count, embedder.get_target_prompt_token_count(count)) == (40, 60)
    assert embedder.encode_embedding_init_text("山水", 1).shape == (1, 32)
    assert hasattr(embedder, "transformer")  # modules/lowvram.py
    assert not hasattr(embedder, "model")  # modules/sd_models.py: Stable Diffusion 2


def test_options_reach_the_encoder(fake_webui: FakeWebui, checkpoint: Callable[[str], Path]) -> None:
    embedder = choose(fake_webui, checkpoint(TAIYI)).cond_stage_model
    options = fake_webui.module("shared").opts
    heavy, plain = embedder(["(山:1.5)水"]), embedder(["山水"])
    assert torch.isfinite(heavy).all()
    assert not torch.equal(heavy, plain)
    options.emphasis = "Ignore"
    torch.testing.assert_close(embedder(["(山:1.5)水"]), plain)
    assert fake_webui.module("sd_hijack").model_hijack.extra_generation_params == {"Emphasis": "Ignore"}
    options.CLIP_stop_at_last_layers = 2
    assert not torch.equal(embedder(["山水"]), plain)


def test_ten_reloads_leave_one_patch_and_stop_leaves_none(
    started: list[object], fake_webui: FakeWebui
) -> None:
    once = {kind: len(works) for kind, works in fake_webui.callbacks.items()}
    for _ in range(10):
        fake_webui.reload_ui(webui.start)
    assert {kind: len(works) for kind, works in fake_webui.callbacks.items()} == once
    webui.stop()
    assert functions(fake_webui) == started
