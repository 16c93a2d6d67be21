"""The adapter in a fake Forge, judged by the publishers' classes; what is not Chinese is untouched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from sd_chinese import webui
from sd_chinese.errors import SdzhError
from tests.hosts.checkpoints import write_lora
from tests.hosts.forge.fake_forge import FakeForge
from tests.text.families import FAMILIES, randomize

PAI, TAIYI = "PAI-Diffusion, 32 rows", "Taiyi v0.1, svjack"
PROMPT = "月夜 一叶小舟"
WRAPPED = (
    ("modules.sd_models", "forge_model_reload"),
    ("modules.sd_models", "forge_loader"),
    ("modules.sd_models", "list_models"),
    ("modules.processing", "forge_model_reload"),
    ("backend.loader", "load_huggingface_component"),
    ("networks", "load_lora_for_models"),
)
UNET_KEYS = {"lora_unet_mid_block": (8, 8)}
CLIP_KEYS = {f"lora_te_text_model_encoder_layers_{n}_self_attn_q_proj": (32, 32) for n in range(12)}
BERT_KEYS = {f"lora_te_encoder_layer_{n}_attention_self_query": (32, 32) for n in range(3)}

Checkpoint = Callable[[str], Path]


@pytest.fixture(autouse=True)
def adapter(forge: FakeForge, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(webui, "detect_host", lambda: "forge")
    webui.start()
    assert webui._adapter is not None
    yield webui._adapter
    webui.stop()


def functions() -> list[object]:
    return [getattr(sys.modules[module], name) for module, name in WRAPPED]


def english(tmp_path: Path, name: str = "english") -> Path:
    from safetensors.torch import save_file

    key = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
    save_file({key: torch.ones(4)}, tmp_path / f"{name}.safetensors")
    return tmp_path / f"{name}.safetensors"


def reference(family: str, tmp_path: Path) -> torch.Tensor:
    judge = FAMILIES[family]
    folder = judge.write(tmp_path / "judge", randomize(judge.build()))
    model = randomize(judge.build()).half().float()
    embeddings = [m for m in model.modules() if isinstance(m, torch.nn.Embedding)]
    assert embeddings
    return judge.reference(model, judge.load_tokenizer(folder / "tokenizer"), [PROMPT])


def put_encoder(forge: FakeForge, family: str, name: str) -> None:
    judge = FAMILIES[family]
    folder = judge.write(forge.folder / "written", randomize(judge.build(), seed=1))
    target = forge.folder / "SDZH-Encoder" / name
    target.parent.mkdir(exist_ok=True)
    for file in (folder / "tokenizer").iterdir():
        file.rename(folder / "text_encoder" / file.name)
    (folder / "text_encoder").rename(target)


def test_rows_are_computed_elsewhere_than_weights_are_kept(forge: FakeForge, checkpoint: Checkpoint) -> None:
    """backend/memory_management.py keeps in main memory what the device has no room for."""
    engine = forge.choose(checkpoint(PAI)).text_processing_engine
    encoder = engine._conditioner.encoder
    encoder.register_forward_hook(lambda module, inputs, rows: rows.to("meta"))
    assert engine(["(月夜:1.2) 小舟"]).device.type == "meta"


@pytest.mark.parametrize("family", [PAI, TAIYI])
def test_rows_are_the_publishers(
    forge: FakeForge, checkpoint: Checkpoint, tmp_path: Path, family: str
) -> None:
    """With weights in half precision and sums in single, as the host keeps its CLIP."""
    model = forge.choose(checkpoint(family))
    rows = model.get_learned_conditioning([PROMPT])
    assert rows.dtype == torch.float32
    torch.testing.assert_close(rows, reference(family, tmp_path), atol=1e-5, rtol=0)
    assert len(forge.resident) == 1


def test_english_checkpoint_is_the_hosts(forge: FakeForge, checkpoint: Checkpoint, tmp_path: Path) -> None:
    forge.choose(checkpoint(TAIYI))
    model = forge.choose(english(tmp_path))
    forge.process(webui._adapter)
    assert model.get_learned_conditioning([PROMPT]) == "english"
    assert model.forge_objects.clip.cond_stage_model == "the host's clip"
    assert "text_processing_engine" in vars(model) and "get_learned_conditioning" not in vars(model)
    assert not forge.resident


def test_hollow_clip_has_the_layers_that_lora_look_for(forge: FakeForge, checkpoint: Checkpoint) -> None:
    clip = forge.choose(checkpoint(TAIYI)).forge_objects.clip.cond_stage_model
    assert sum(weight.numel() for weight in clip.parameters()) < 10_000
    assert any("layers.1.self_attn.q_proj" in name for name, _ in clip.named_parameters())


def test_hollow_clip_is_not_saved(forge: FakeForge, checkpoint: Checkpoint) -> None:
    with pytest.raises(SdzhError) as raised:
        forge.choose(checkpoint(TAIYI)).save_checkpoint("out.safetensors")
    assert raised.value.code == "forge_save"


def test_counter_and_infotext(forge: FakeForge, checkpoint: Checkpoint) -> None:
    engine = forge.choose(checkpoint(PAI)).text_processing_engine
    _, count = engine.process_texts(["山水"])
    assert (count, engine.get_target_prompt_token_count(count)) == (2, 30)
    _, count = engine.process_texts(["山，" * 20])
    assert (count, engine.get_target_prompt_token_count(count)) == (40, 60)
    assert forge.process(webui._adapter).extra_generation_params == {"SDZH Text encoder": "automatic"}


def test_encoder_of_choice_comes_goes_and_empties_the_caches(forge: FakeForge, tmp_path: Path) -> None:
    put_encoder(forge, TAIYI, "太乙")
    model = forge.choose(english(tmp_path))
    cache = sys.modules["modules.processing"].StableDiffusionProcessing.cached_c  # type: ignore[attr-defined]
    cache[0] = "stale"
    p = forge.process(webui._adapter, sdzh_text_encoder="太乙")
    assert p.extra_generation_params == {"SDZH Text encoder": "太乙"}
    assert model.get_learned_conditioning([PROMPT]).shape == (1, 512, 32)
    assert cache == [None, None, None]
    cache[0] = "fresh"
    forge.process(webui._adapter)
    assert cache[0] == "fresh"
    forge.process(webui._adapter, sdzh_text_encoder="automatic")
    assert (cache[0], model.get_learned_conditioning([PROMPT])) == (None, "english")
    assert not forge.resident


def test_checkpoint_that_is_loaded_meanwhile_gets_the_encoder_too(forge: FakeForge, tmp_path: Path) -> None:
    put_encoder(forge, TAIYI, "太乙")
    forge.choose(english(tmp_path))
    forge.process(webui._adapter, sdzh_text_encoder="太乙")
    refiner = forge.choose(english(tmp_path, "refiner"))
    assert refiner.get_learned_conditioning([PROMPT]).shape == (1, 512, 32)


@pytest.mark.parametrize(("context", "code"), [(32, "gone"), (64, "unfit")])
def test_encoder_that_cannot_serve_is_said_in_a_line(
    forge: FakeForge, tmp_path: Path, context: int, code: str
) -> None:
    put_encoder(forge, TAIYI, "太乙")
    forge.context = context
    model = forge.choose(english(tmp_path))
    forge.process(webui._adapter, sdzh_text_encoder={"gone": "没有", "unfit": "太乙"}[code])
    (line,) = forge.comments
    assert " / " in line and "\n" not in line
    assert model.get_learned_conditioning([PROMPT]) == "english"


def test_encoder_deleted_while_selected_gives_way(forge: FakeForge, tmp_path: Path) -> None:
    put_encoder(forge, TAIYI, "太乙")
    model = forge.choose(english(tmp_path))
    forge.process(webui._adapter, sdzh_text_encoder="太乙")
    (forge.folder / "SDZH-Encoder").rename(tmp_path / "away")
    forge.process(webui._adapter)
    assert model.get_learned_conditioning([PROMPT]) == "english"
    assert "太乙" in forge.comments[0]


def test_damaged_checkpoint_leaves_the_one_before(
    forge: FakeForge, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    model = forge.choose(checkpoint(TAIYI))
    data = checkpoint(TAIYI).read_bytes()
    half = tmp_path / "half.safetensors"
    half.write_bytes(data[: len(data) // 2])
    assert forge.choose(half) is model
    forge.process(webui._adapter)
    assert "half" in forge.comments[0]
    assert forge.choose(checkpoint(TAIYI)) is model


def test_damaged_checkpoint_alone_is_an_error(
    forge: FakeForge, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    half = tmp_path / "half.safetensors"
    half.write_bytes(checkpoint(TAIYI).read_bytes()[:5000])
    with pytest.raises(SdzhError):
        forge.choose(half)


def test_first_load_passes_over_a_half_copied_checkpoint(
    forge: FakeForge, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    half = tmp_path / "half.safetensors"
    half.write_bytes(checkpoint(TAIYI).read_bytes()[:5000])
    models = forge.module("modules.sd_models")
    for path in (half, english(tmp_path)):
        models.CheckpointInfo(str(path)).register()
    assert Path(forge.choose(half).sd_checkpoint_info.filename).stem == "english"
    forge.process(webui._adapter)
    assert "half" in forge.comments[0]


def test_unet_that_the_host_does_not_know_is_a_sentence(
    forge: FakeForge, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    model = forge.choose(checkpoint(TAIYI))
    forge.context = None  # type: ignore[assignment]
    assert model is not None
    forge.data.sd_model = None
    with pytest.raises(SdzhError) as raised:
        forge.choose(checkpoint(PAI))
    assert raised.value.code == "forge_unet"
    with pytest.raises(ValueError):
        forge.choose(english(tmp_path))


def test_lora_divides_where_our_encoder_reads(
    forge: FakeForge, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    model = forge.choose(checkpoint(TAIYI))
    forge.process(webui._adapter)
    plain = model.get_learned_conditioning([PROMPT])
    for name, keys, applies in (("clip", CLIP_KEYS, False), ("bert", BERT_KEYS, True)):
        file = write_lora(tmp_path / f"{name}.safetensors", {**UNET_KEYS, **keys}, 1.0)
        apply_lora(model, file)
        forge.comments.clear()
        forge.process(webui._adapter)
        rows = model.get_learned_conditioning([PROMPT])
        assert model.forge_objects.unet == [
            "lora_unet_mid_block.lora_down.weight",
            "lora_unet_mid_block.lora_up.weight",
        ]
        assert torch.equal(rows, plain) != applies
        assert bool(forge.comments) != applies
    apply_lora(model)
    forge.process(webui._adapter)
    assert torch.equal(model.get_learned_conditioning([PROMPT]), plain)


def apply_lora(model: Any, *files: Path) -> None:
    """extensions-builtin/sd_forge_lora/networks.py `load_networks`."""
    from safetensors.torch import load_file

    unet: Any = []
    clip = model.forge_objects.clip
    for file in files:
        unet, clip = sys.modules["networks"].load_lora_for_models(  # type: ignore[attr-defined]
            unet, clip, load_file(file), 1.0, 1.0, filename=str(file), online_mode=False
        )
    model.forge_objects.unet = sorted(unet)
    model.forge_objects_after_applying_lora.clip = clip


def test_ten_reloads_leave_one_patch_and_stop_leaves_none(forge: FakeForge, checkpoint: Checkpoint) -> None:
    webui.stop()
    before = functions()
    webui.start()
    model = forge.choose(checkpoint(TAIYI))
    for _ in range(10):
        webui.start()
        forge.process(webui._adapter)
    assert all(not hasattr(f.__wrapped__, "__wrapped__") for f in functions())  # type: ignore[attr-defined]
    webui.stop()
    assert functions() == before
    assert model.get_learned_conditioning([PROMPT]).shape == (1, 512, 32)
