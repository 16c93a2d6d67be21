"""The conditioner's batches, long prompts, options, counter and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sd_chinese.errors import SdzhError
from sd_chinese.spec import AS_TYPED
from sd_chinese.text.conditioner import Conditioner, TokenCount
from sd_chinese.text.load import load_conditioner_from
from tests.text.families import randomize

pytestmark = pytest.mark.encoders

PAI, TAIYI, ALT = "PAI-Diffusion, 32 rows", "Taiyi v0.1, svjack", "AltDiffusion-m18"
LONG = "穿着红色连衣裙的少女，站在樱花树下，看着远方的雪山，阳光明媚，微风吹过，一只猫睡在她脚边"


@pytest.fixture
def pai(published: Callable) -> Conditioner:
    return load_conditioner_from(published(PAI).folder)


class Counting(torch.nn.Module):
    """An encoder that counts the contexts it is given."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder, self.contexts = encoder, 0

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None, clip_skip: int) -> torch.Tensor:
        self.contexts += len(ids)
        return self.encoder(ids, mask, clip_skip)


@pytest.fixture
def counting(pai: Conditioner) -> Conditioner:
    return Conditioner(Counting(pai.encoder), pai.tokenizer, pai.spec)


def test_a_long_prompt_is_its_contexts_one_after_another(pai: Conditioner, published: Callable) -> None:
    model = published(PAI)
    found = pai([LONG]).crossattn
    parts = ["穿着红色连衣裙的少女，站在樱花树下，看着远方的雪山，", "阳光明媚，微风吹过，一只猫睡在她脚边"]
    expected = model.family.reference(model.model, model.tokenizer, parts)
    assert found.shape == (1, 64, 32)
    torch.testing.assert_close(found[0], expected.flatten(0, 1), atol=1e-5, rtol=0)


def test_break_starts_a_new_context(pai: Conditioner) -> None:
    both = pai(["山 BREAK 水"]).crossattn
    torch.testing.assert_close(both, torch.cat([pai(["山"]).crossattn, pai(["水"]).crossattn], dim=1))


def test_shorter_texts_of_a_batch_are_filled_with_the_empty_prompt(pai: Conditioner) -> None:
    batch = pai(["山", LONG]).crossattn
    assert batch.shape == (2, 64, 32)
    torch.testing.assert_close(batch[0, :32], pai(["山"]).crossattn[0])
    torch.testing.assert_close(batch[0, 32:], pai([""]).crossattn[0])


def test_weights_multiply_the_rows_of_their_words(pai: Conditioner) -> None:
    plain = pai(["一条红裙"]).crossattn
    weighed = pai(["一条（红裙：1.5）"], emphasis="No norm").crossattn
    factor = torch.ones(32)
    factor[3:5] = 1.5
    torch.testing.assert_close(weighed, plain * factor[:, None])
    torch.testing.assert_close(pai(["一条(红裙:1.5)"], emphasis="Ignore").crossattn, plain)


def test_brackets_reach_the_encoder_where_emphasis_is_none(pai: Conditioner, published: Callable) -> None:
    model = published(PAI)
    prompt = "一条（红裙：1.5）"
    expected = model.family.reference(model.model, model.tokenizer, [prompt])
    torch.testing.assert_close(pai([prompt], emphasis="None").crossattn, expected, atol=1e-5, rtol=0)


def test_original_emphasis_is_finite_for_a_mean_of_zero(published: Callable) -> None:
    model = published(TAIYI)
    conditioner = load_conditioner_from(model.folder)
    norm = conditioner.encoder.transformer.encoder.layer[-1].output.LayerNorm
    with torch.no_grad():
        norm.weight.fill_(1)
        norm.bias.zero_()
    rows = conditioner(["一条(红裙:1.5)，((山))"]).crossattn
    assert rows.isfinite().all()
    assert rows.abs().max() < 100


def test_clip_skip_takes_an_earlier_layer_with_clips_norm(pai: Conditioner, published: Callable) -> None:
    model = published(PAI)
    ids = model.tokenizer(["月夜"], padding="max_length", max_length=32, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        output = model.model(ids, output_hidden_states=True)
        tower = getattr(model.model, "text_model", model.model)
        expected = tower.final_layer_norm(output.hidden_states[-2])
    torch.testing.assert_close(pai(["月夜"], clip_skip=2).crossattn, expected, atol=1e-5, rtol=0)
    assert not torch.equal(pai(["月夜"]).crossattn, pai(["月夜"], clip_skip=2).crossattn)


def test_altdiffusion_has_no_clip_skip(published: Callable) -> None:
    conditioner = load_conditioner_from(published(ALT).folder)
    assert torch.equal(conditioner(["月夜"], clip_skip=2).crossattn, conditioner(["月夜"]).crossattn)


def test_boxes_have_their_own_punctuation(published: Callable) -> None:
    taiyi = load_conditioner_from(published(TAIYI).folder)
    typed = Conditioner(taiyi.encoder, taiyi.tokenizer, replace(taiyi.spec, punctuation=AS_TYPED))
    prompt = "日出，海面上。"
    torch.testing.assert_close(taiyi([prompt]).crossattn, typed(["日出,海面上."]).crossattn)
    torch.testing.assert_close(taiyi([prompt], negative=True).crossattn, typed([prompt]).crossattn)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", TokenCount(0, 30)),
        ("月夜，小舟", TokenCount(5, 30)),
        ("(月夜:1.3)，[小舟]", TokenCount(5, 30)),
        ("山" * 30, TokenCount(30, 30)),
        ("山，" * 15 + "雪山", TokenCount(32, 60)),
        ("山 BREAK 水", TokenCount(31, 60)),
    ],
)
def test_count(pai: Conditioner, text: str, count: TokenCount) -> None:
    assert pai.count(text) == count


def test_the_same_prompt_is_encoded_once(counting: Conditioner) -> None:
    first = counting(["山", "山", "水"]).crossattn
    assert counting.encoder.contexts == 2
    assert torch.equal(counting(["山", "山", "水"]).crossattn, first)
    assert counting.encoder.contexts == 2
    for options in ({"negative": True}, {"emphasis": "No norm"}, {"clip_skip": 2}):
        before = counting.encoder.contexts
        counting(["山"], **options)
        assert counting.encoder.contexts == before + 1


def test_what_was_returned_is_the_callers(pai: Conditioner) -> None:
    first = pai(["山"]).crossattn
    expected = first.clone()
    first.zero_()
    assert torch.equal(pai(["山"]).crossattn, expected)


def test_memory_is_bounded_and_can_be_dropped(counting: Conditioner) -> None:
    counting(["山"])
    for i in range(40):
        counting([f"水{i}"])
    before = counting.encoder.contexts
    counting(["山"])
    assert counting.encoder.contexts == before + 1
    counting.forget()
    counting(["山"])
    assert counting.encoder.contexts == before + 2


def change_in_place(conditioner: Conditioner) -> None:
    with torch.no_grad():
        next(conditioner.encoder.parameters()).mul_(2)


def change_by_loading(conditioner: Conditioner) -> None:
    other = {
        key: value + 1 for key, value in conditioner.encoder.state_dict().items() if value.is_floating_point()
    }
    conditioner.encoder.load_state_dict(other, strict=False)


def change_the_module(conditioner: Conditioner) -> None:
    conditioner.encoder.transformer = type(conditioner.encoder)(conditioner.spec).transformer.eval()


def change_the_data(conditioner: Conditioner) -> None:
    randomize(conditioner.encoder, seed=1)


@pytest.mark.parametrize("change", [change_in_place, change_by_loading, change_the_module, change_the_data])
def test_changed_weights_are_never_answered_from_memory(
    pai: Conditioner, change: Callable[[Conditioner], None]
) -> None:
    before, identity = pai(["山"]).crossattn, pai.identity
    change(pai)
    after = pai(["山"]).crossattn
    assert not torch.allclose(before, after)
    assert torch.equal(after, Conditioner(pai.encoder, pai.tokenizer, pai.spec)(["山"]).crossattn)
    assert pai.identity != identity


def test_identity_is_the_contents_not_the_place(published: Callable, tmp_path: Path) -> None:
    folder = published(PAI).folder
    moved = tmp_path / "elsewhere"
    moved.symlink_to(folder)
    assert load_conditioner_from(moved).identity == load_conditioner_from(folder).identity
    spec = load_conditioner_from(folder).spec
    other = load_conditioner_from(folder, spec=replace(spec, context_length=16))
    assert other.identity != load_conditioner_from(folder).identity


def test_half_precision(pai: Conditioner) -> None:
    full = pai(["月夜(小舟:1.2)"]).crossattn
    half = pai.to(dtype=torch.bfloat16)(["月夜(小舟:1.2)"]).crossattn
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), full, atol=0.1, rtol=0.1)


def test_no_graph_is_kept_and_inference_mode_is_welcome(pai: Conditioner) -> None:
    assert not pai(["山"]).crossattn.requires_grad
    with torch.inference_mode():
        inside = pai(["水"]).crossattn
    assert torch.equal(inside, pai(["水"]).crossattn)


def test_options_are_checked(pai: Conditioner) -> None:
    wrong = [({"clip_skip": 0}, "clip_skip_range"), ({"clip_skip": 4}, "clip_skip_range")]
    for options, code in [*wrong, ({"emphasis": "Loud"}, "emphasis_unknown")]:
        with pytest.raises(SdzhError) as caught:
            pai(["山"], **options)
        assert caught.value.code == code
    with pytest.raises(SdzhError) as caught:
        pai(["山" * 20_001])
    assert caught.value.code == "prompt_too_long"


@pytest.mark.parametrize("text", ["\ud800", "\x00", "😀" * 400, "（" * 300, "BREAK " * 20])
def test_odd_texts_are_encoded(pai: Conditioner, text: str) -> None:
    assert pai([text]).crossattn.isfinite().all()
