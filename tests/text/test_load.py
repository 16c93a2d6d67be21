"""Conditioners from every form that an encoder is published in, and from files that will not do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sd_chinese.errors import SdzhError
from sd_chinese.spec import SPEC_KEY, VOCABULARY_KEY, read_spec
from sd_chinese.text.load import load_conditioner_from
from sd_chinese.vocabulary import bundled_vocabulary
from tests.text.families import FAMILIES

pytestmark = pytest.mark.encoders

PAI = "PAI-Diffusion, 32 rows"
PROMPT = "月夜，一叶(小舟:1.2)，masterpiece"


def single_file(model: object, path: Path, form: str) -> Path:
    """An LDM checkpoint that carries its spec, as heads and eps are not to be seen in shapes."""
    tensors = model.family.tensors(model.model, form)
    tensors["model.diffusion_model.out.2.bias"] = torch.zeros(4)
    path.parent.mkdir(exist_ok=True)
    save_file(tensors, path, metadata={SPEC_KEY: read_spec(model.folder).to_json()})
    return path


@pytest.mark.parametrize("name", FAMILIES)
def test_single_file_equals_folder(name: str, published: Callable, tmp_path: Path) -> None:
    model = published(name)
    path = single_file(model, tmp_path / "model.safetensors", model.family.ldm)
    for file, data in model.family.tokenizer_files().items():
        (tmp_path / f"model.{file}").write_bytes(data)
    expected = load_conditioner_from(model.folder)
    found = load_conditioner_from(path)
    assert torch.equal(found([PROMPT]).crossattn, expected([PROMPT]).crossattn)
    assert found.identity == expected.identity


@pytest.mark.parametrize(
    ("name", "form"),
    [
        # AUTOMATIC1111 renames BERT's keys like CLIP's before anyone sees them
        ("Taiyi v0.1, svjack", "cond_stage_model.transformer.text_model.{}"),
        ("PAI-Diffusion, 32 rows", "cond_stage_model.transformer.text_model.{}"),
        # transformers 5 saves CLIP without its level
        ("PAI-Diffusion, 32 rows", "cond_stage_model.transformer.{}"),
        ("PAI-Diffusion, 32 rows", "{}"),
        ("ModelScope zh-SD", "text_model.{}"),
    ],
)
def test_other_names_of_the_same_tensors(name: str, form: str, published: Callable, tmp_path: Path) -> None:
    model = published(name)
    path = single_file(model, tmp_path / "model.safetensors", form)
    expected = load_conditioner_from(model.folder)([PROMPT]).crossattn
    assert torch.equal(load_conditioner_from(path)([PROMPT]).crossattn, expected)


def test_pickled_weights(published: Callable, tmp_path: Path) -> None:
    model = published(PAI)
    folder = shutil.copytree(model.folder, tmp_path / "model")
    weights = folder / "text_encoder" / "model.safetensors"
    state = load_file(weights)
    state["text_model.embeddings.position_ids"] = torch.arange(32)[None]
    torch.save(state, folder / "text_encoder" / "pytorch_model.bin")
    weights.unlink()
    expected = load_conditioner_from(model.folder)([PROMPT]).crossattn
    assert torch.equal(load_conditioner_from(folder)([PROMPT]).crossattn, expected)


@pytest.mark.parametrize("as_tensor", [False, True])
def test_vocabulary_in_the_checkpoint_comes_first(
    published: Callable, tmp_path: Path, as_tensor: bool
) -> None:
    model = published(PAI)
    tensors = model.family.tensors(model.model, model.family.ldm)
    metadata = {SPEC_KEY: read_spec(model.folder).to_json()}
    data = bundled_vocabulary().data
    if as_tensor:
        tensors[VOCABULARY_KEY] = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    else:
        metadata[VOCABULARY_KEY] = data.decode()
    save_file(tensors, tmp_path / "moved.safetensors", metadata=metadata)
    (tmp_path / "vocab.txt").write_text("[UNK]\n", encoding="utf-8")
    found = load_conditioner_from(tmp_path / "moved.safetensors")
    assert found.tokenizer.vocabulary.data == data


def test_folder_without_a_tokenizer_has_the_bundled_vocabulary_or_none(
    published: Callable, tmp_path: Path
) -> None:
    chinese = shutil.copytree(published(PAI).folder, tmp_path / "chinese")
    shutil.rmtree(chinese / "tokenizer")
    assert load_conditioner_from(chinese)([PROMPT]).crossattn.shape == (1, 32, 32)

    multilingual = shutil.copytree(published("SkyPaint").folder, tmp_path / "multilingual")
    shutil.rmtree(multilingual / "tokenizer")
    with pytest.raises(SdzhError) as caught:
        load_conditioner_from(multilingual)
    assert caught.value.code == "vocabulary_missing"
    assert "105879" in caught.value.en

    shutil.copytree(published(PAI).folder / "tokenizer", multilingual / "tokenizer")
    with pytest.raises(SdzhError) as caught:
        load_conditioner_from(multilingual)
    assert caught.value.code == "vocabulary_unfit"


def test_every_tensor_must_be_in_the_file(published: Callable, tmp_path: Path) -> None:
    model = published(PAI)
    tensors = model.family.tensors(model.model, model.family.ldm)
    lost = tensors.pop("cond_stage_model.transformer.text_model.encoder.layers.1.self_attn.q_proj.bias")
    path = tmp_path / "model.safetensors"
    save_file(tensors, path, metadata={SPEC_KEY: read_spec(model.folder).to_json()})
    assert lost.numel()
    with pytest.raises(SdzhError) as caught:
        load_conditioner_from(path)
    assert caught.value.code == "encoder_unfilled"
    assert "encoder.layers.1.self_attn.q_proj.bias" in caught.value.en


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"layers": 2}, "encoder_left_over"),
        ({"layers": 4}, "encoder_unfilled"),
        ({"width": 64}, "encoder_shape"),
    ],
)
def test_a_spec_that_does_not_describe_the_weights_is_refused(
    published: Callable, values: dict[str, int], code: str
) -> None:
    folder = published(PAI).folder
    with pytest.raises(SdzhError) as caught:
        load_conditioner_from(folder, spec=read_spec(folder).with_overrides(values))
    assert caught.value.code == code


def test_unknown_architecture_lists_the_known(published: Callable) -> None:
    folder = published(PAI).folder
    with pytest.raises(SdzhError, match="bert, clip, xlmr"):
        load_conditioner_from(folder, spec=read_spec(folder).with_overrides({"architecture": "chatglm"}))


def test_broken_files_are_refused(published: Callable, tmp_path: Path) -> None:
    folder = shutil.copytree(published(PAI).folder, tmp_path / "model")
    weights = folder / "text_encoder" / "model.safetensors"
    whole = weights.read_bytes()
    for broken in (whole[: len(whole) // 2], whole[:20], b"", b"<html>not found</html>"):
        weights.write_bytes(broken)
        with pytest.raises(SdzhError):
            load_conditioner_from(folder)
    weights.write_bytes(whole)
    (folder / "text_encoder" / "config.json").write_text(json.dumps([]), encoding="utf-8")
    with pytest.raises(SdzhError):
        load_conditioner_from(folder)


def test_buffers_and_modes(published: Callable) -> None:
    """Nothing of the meta device is left, and nothing is random."""
    for name in (PAI, "Taiyi v0.1, svjack", "AltDiffusion-m18"):
        encoder = load_conditioner_from(published(name).folder).encoder
        assert not encoder.training
        assert all(p.device.type == "cpu" and not p.requires_grad for p in encoder.parameters())
        for key, buffer in encoder.named_buffers():
            counted = torch.arange(buffer.shape[-1]).expand_as(buffer)
            assert torch.equal(buffer, counted if key.endswith("position_ids") else torch.zeros_like(buffer))
