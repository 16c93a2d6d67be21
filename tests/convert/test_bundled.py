"""The embedded family as it ships: every file of it converts, and nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sd_chinese.convert import find_converter
from sd_chinese.convert.lora import read_differences
from sd_chinese.convert.parts import read_base, read_controlnet
from sd_chinese.registry.catalog import Catalog
from sd_chinese.registry.identify import identify
from sd_chinese.text.load import load_conditioner_from

ROOT = Path(__file__).parents[2]
PATHS = {
    card.id: ROOT / source.path
    for card in Catalog.load().all()
    for source in card.sources
    if source.kind == "bundled"
}


def test_there_is_a_model_of_each_kind() -> None:
    assert [Catalog.load().get(name).kind for name in PATHS] == ["base", "lora", "controlnet"]


@pytest.mark.parametrize("name", PATHS)
def test_the_card_knows_its_size(name: str) -> None:
    files = [path for path in PATHS[name].rglob("*") if path.is_file()]
    assert Catalog.load().get(name).size_bytes == sum(path.stat().st_size for path in files)


@pytest.mark.parametrize("name", PATHS)
def test_the_embedded_family_converts(tmp_path: Path, name: str) -> None:
    source = PATHS[name]
    card, identity = Catalog.load().get(name), identify(source)
    assert (identity.kind, identity.family, identity.reason) == (card.kind, "mini", "")
    # The weights ship in half precision: nothing is rounded.
    out = find_converter(identity.kind, identity.layout)(source, tmp_path / "a.safetensors")
    before, after = tensors(card.kind, source), tensors(card.kind, out)
    assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    assert identify(out).kind == card.kind


def tensors(kind: str, path: Path) -> dict[str, torch.Tensor]:
    if kind == "lora":
        return read_differences(path)
    if kind == "controlnet":
        return read_controlnet(path).tensors()
    base = read_base(path)
    context = load_conditioner_from(path)(["月夜，一叶小舟，远山"]).crossattn
    return {**base.unet_tensors(), **base.vae_tensors(), "crossattn": context}
