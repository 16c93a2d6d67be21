"""Every family against its publisher's own pipeline: the definition of correct."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sd_chinese.spec import AS_TYPED
from sd_chinese.text.conditioner import Conditioner
from sd_chinese.text.load import load_conditioner_from
from tests.text import families
from tests.text.families import FAMILIES

pytestmark = pytest.mark.encoders

TOLERANCE = 1e-5
PROMPTS = {
    "empty": "",
    "short": "月夜，一叶小舟，远山",
    "mixed": "1girl, 穿着红色连衣裙的少女, masterpiece, best quality, 4K壁纸",
    "rare": "龘靐齉㐀𠀀𪚥彁",
    "emoji": "雪山🏔️日出🌅👩‍👩‍👧 ❤️",
    "traditional": "臺灣的龍鳳與飛簷，鬱鬱蔥蔥",
    "full-width": "「春江」，ＡＢ１２！？；：…《清明》。",
    "accents": "café naïve Ångström 北京",
    "spaces": "  雪　山 \t 日出\n ",
}


def as_published(conditioner: Conditioner) -> Conditioner:
    spec = replace(conditioner.spec, punctuation=AS_TYPED)
    return Conditioner(conditioner.encoder, conditioner.tokenizer, spec)


def exactly_full(name: str, conditioner: Conditioner) -> str:
    family = FAMILIES[name]
    text = family.fill * (family.rows - 2)
    while conditioner.count(text).used > family.rows - 2:
        text = text[: -len(family.fill)]
    assert conditioner.count(text).used == family.rows - 2
    return text


@pytest.mark.parametrize("name", FAMILIES)
def test_equals_the_publishers_pipeline(name: str, published: Callable, parity: dict[str, float]) -> None:
    model = published(name)
    conditioner = as_published(load_conditioner_from(model.folder))
    prompts = {**PROMPTS, "exactly full": exactly_full(name, conditioner)}
    worst = 0.0
    for case, prompt in prompts.items():
        expected = model.family.reference(model.model, model.tokenizer, [prompt])
        found = conditioner([prompt]).crossattn
        assert found.shape == expected.shape, case
        difference = (found - expected).abs().max().item()
        assert difference <= TOLERANCE, case
        worst = max(worst, difference)
    parity[name] = worst


@pytest.mark.parametrize("name", FAMILIES)
def test_a_batch_equals_its_texts(name: str, published: Callable) -> None:
    model = published(name)
    conditioner = as_published(load_conditioner_from(model.folder))
    prompts = list(PROMPTS.values())
    expected = model.family.reference(model.model, model.tokenizer, prompts)
    torch.testing.assert_close(conditioner(prompts).crossattn, expected, atol=TOLERANCE, rtol=0)


# Family -> the sizes of the published model; XLM-RoBERTa keeps the scale vocabulary, the others have their own.
FULL_SIZE = {
    "PAI-Diffusion, 77 rows": {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12},
    "Taiyi v0.1, svjack": {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12},
    "AltDiffusion-m18": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL_SIZE)
def test_full_size(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parity: dict[str, float]
) -> None:
    sizes = {**FULL_SIZE[name], "num_attention_heads": FULL_SIZE[name]["hidden_size"] // 64}
    monkeypatch.setattr(families, "SIZES", sizes)
    family = FAMILIES[name]
    model = family.build().eval()
    folder = family.write(tmp_path / "model", model)
    conditioner = as_published(load_conditioner_from(folder))
    expected = family.reference(model, family.load_tokenizer(folder / "tokenizer"), [PROMPTS["mixed"]])
    difference = (conditioner([PROMPTS["mixed"]]).crossattn - expected).abs().max().item()
    assert difference <= TOLERANCE
    parity[f"{name}, full size"] = difference
