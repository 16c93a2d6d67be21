"""Text encoders alone: out of every family's model comes a folder that encodes as the publisher does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sd_chinese.convert import find_converter
from sd_chinese.convert.checkpoint import convert_base_to_ldm
from sd_chinese.convert.encoder_folder import convert_encoder
from sd_chinese.errors import SdzhError
from sd_chinese.registry.identify import identify
from sd_chinese.text.load import load_conditioner_from
from tests.text.families import FAMILIES

PROMPT = ["月夜，一叶小舟，远山"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("form", ["folder", "part", "file"])
def test_it_encodes_as_the_whole_model(
    tmp_path: Path, model_folder: Callable[[str, str], Path], family: str, form: str
) -> None:
    model = model_folder("sd1", family)
    try:
        expected = load_conditioner_from(model)(PROMPT).crossattn
    except SdzhError:
        pytest.skip("asks for a hint")
    source = {"folder": model, "part": model / "text_encoder", "file": tmp_path / "model.safetensors"}[form]
    if form == "file":
        convert_base_to_ldm(model, source, dtype="float32")
    out = convert_encoder(source, tmp_path / "alone", dtype="float32")
    assert torch.equal(load_conditioner_from(out)(PROMPT).crossattn, expected)
    assert identify(out).kind == "encoder" and not list(tmp_path.rglob("*.part"))


def test_it_is_in_the_table_and_overwrites_nothing(
    tmp_path: Path, model_folder: Callable[[str, str], Path]
) -> None:
    source = model_folder("sd1", next(iter(FAMILIES))) / "text_encoder"
    assert find_converter("encoder", "transformers") is convert_encoder
    convert_encoder(source, tmp_path / "alone")
    with pytest.raises(SdzhError) as caught:
        convert_encoder(source, tmp_path / "alone")
    assert caught.value.code == "folder_exists"
