"""An encoder of ours before an English checkpoint: put in, taken out, and what the host remembers with it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sd_chinese import webui
from sd_chinese.spec import SPEC_KEY
from tests.fake_webui import Checkpoint, FakeWebui, Request
from tests.hosts.checkpoints import write_lora
from tests.text.families import FAMILIES, randomize

NAME, FAMILY = "太乙", "Taiyi v0.1, svjack"
PROMPT = "月夜 一叶小舟"


@pytest.fixture
def script(fake_webui: FakeWebui, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Our script in a host that has an English checkpoint, and one encoder in its folder."""
    from safetensors.torch import save_file

    family = FAMILIES[FAMILY]
    family.write(tmp_path / "models" / "SDZH-Encoder" / NAME, randomize(family.build()))
    english = fake_webui.bases / "english.safetensors"
    save_file({"cond_stage_model.transformer.text_model.final_layer_norm.weight": torch.ones(4)}, english)
    fake_webui.selected = Checkpoint(str(english))
    monkeypatch.setattr(webui, "detect_host", lambda: "a1111")
    script_class = webui.start()
    assert script_class is not None
    fake_webui.module("sd_models").load_model()
    yield script_class()
    webui.stop()


def request(script: Any, host: FakeWebui, wanted: str) -> Request:
    host.module("shared").opts.data["sdzh_text_encoder"] = wanted
    p = Request()
    script.process(p)
    return p


def caches(host: FakeWebui) -> list[list[Any]]:
    processing = host.module("processing")
    first, hires = processing.StableDiffusionProcessing, processing.StableDiffusionProcessingTxt2Img
    return [first.cached_c, first.cached_uc, hires.cached_hr_c, hires.cached_hr_uc]


def test_option_is_there_before_the_first_load(fake_webui: FakeWebui, script: Any) -> None:
    options = fake_webui.module("shared").opts
    assert options.data["sdzh_text_encoder"] == "automatic"
    info = options.data_labels["sdzh_text_encoder"]
    assert info.component_args()["choices"] == ["automatic", "none", NAME]
    assert info.infotext == "SDZH Text encoder"
    webui.stop()
    assert "sdzh_text_encoder" not in options.data_labels
    assert options.data["sdzh_text_encoder"] == "automatic"  # what the user chose outlives a reload


def test_rows_caches_and_empty_prompt_follow_the_encoder(
    fake_webui: FakeWebui, script: Any, tmp_path: Path
) -> None:
    model = fake_webui.module("shared").sd_model
    own, own_empty = model.cond_stage_model, model.cond_stage_model_empty_prompt
    for cache in caches(fake_webui):
        cache[:] = ["key", "rows"]
    p = request(script, fake_webui, NAME)
    assert p.extra_generation_params == {"SDZH Text encoder": NAME}
    assert caches(fake_webui) == [[None, None]] * 4
    judge = FAMILIES[FAMILY]
    tokenizer = judge.load_tokenizer(tmp_path / "models" / "SDZH-Encoder" / NAME / "tokenizer")
    for prompt, found in (
        (PROMPT, model.cond_stage_model([PROMPT])),
        ("", model.cond_stage_model_empty_prompt),
    ):
        expected = judge.reference(randomize(judge.build()), tokenizer, [prompt])
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert fake_webui.module("sd_hijack").model_hijack.clip is model.cond_stage_model
    for cache in caches(fake_webui):
        cache[:] = ["key", "rows"]
    assert request(script, fake_webui, "automatic").extra_generation_params == {}
    assert caches(fake_webui) == [[None, None]] * 4
    assert model.cond_stage_model is own
    assert model.cond_stage_model_empty_prompt is own_empty
    assert fake_webui.embedding_loads == 2


def test_nothing_changes_without_a_choice(fake_webui: FakeWebui, script: Any) -> None:
    for cache in caches(fake_webui):
        cache[:] = ["key", "rows"]
    for wanted in ("automatic", "none"):
        p = request(script, fake_webui, wanted)
        assert (p.extra_generation_params, p.comments) == ({}, [])
    assert caches(fake_webui) == [["key", "rows"]] * 4


def test_second_request_puts_nothing_in_again(fake_webui: FakeWebui, script: Any) -> None:
    request(script, fake_webui, NAME)
    embedder = fake_webui.module("shared").sd_model.cond_stage_model
    caches(fake_webui)[0][:] = ["key", "rows"]
    request(script, fake_webui, NAME)
    assert fake_webui.module("shared").sd_model.cond_stage_model is embedder
    assert caches(fake_webui)[0] == ["key", "rows"]


def test_encoder_that_is_gone_is_said_and_the_own_one_serves(
    fake_webui: FakeWebui, script: Any, tmp_path: Path
) -> None:
    model = fake_webui.module("shared").sd_model
    own = model.cond_stage_model
    request(script, fake_webui, NAME)
    shutil.rmtree(tmp_path / "models" / "SDZH-Encoder" / NAME)
    p = request(script, fake_webui, NAME)
    assert NAME in p.comments[0] and "/" in p.comments[0]
    assert model.cond_stage_model is own


@pytest.mark.parametrize("mark, family", [("is_sdxl", "SDXL"), ("is_sd3", "SD3")])
def test_other_families_are_refused(fake_webui: FakeWebui, script: Any, mark: str, family: str) -> None:
    setattr(fake_webui.module("shared").sd_model, mark, True)
    p = request(script, fake_webui, NAME)
    assert family in p.comments[0]
    assert p.extra_generation_params == {}


def test_wrong_width_is_refused(fake_webui: FakeWebui, script: Any) -> None:
    model = fake_webui.module("shared").sd_model
    model.model.diffusion_model.attn2.to_k = torch.nn.Linear(768, 8, bias=False)
    assert "768" in request(script, fake_webui, NAME).comments[0]


def test_own_encoder_is_back_before_the_host_loads_weights(
    fake_webui: FakeWebui, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request(script, fake_webui, NAME)
    model = fake_webui.module("shared").sd_model
    seen: list[str] = []
    load = fake_webui.load_model_weights
    monkeypatch.setattr(
        fake_webui.module("sd_models"),
        "load_model_weights",
        lambda model, *rest: (seen.append(type(model.cond_stage_model).__name__), load(model, *rest)),
    )
    other = fake_webui.bases / "other.safetensors"
    shutil.copy(fake_webui.bases / "english.safetensors", other)
    fake_webui.module("sd_models").reload_model_weights(info=Checkpoint(str(other)))
    assert seen == ["EnglishEncoder"]
    assert type(model.cond_stage_model).__name__ == "Embedder"  # and serves the new checkpoint at once


def test_stop_gives_the_model_its_encoder_back(fake_webui: FakeWebui, script: Any) -> None:
    model = fake_webui.module("shared").sd_model
    own = model.cond_stage_model
    request(script, fake_webui, NAME)
    webui.stop()
    assert model.cond_stage_model is own


def test_embedding_of_the_host_is_a_word(fake_webui: FakeWebui, script: Any) -> None:
    request(script, fake_webui, NAME)
    embedder = fake_webui.module("shared").sd_model.cond_stage_model
    plain = embedder(["月夜 水墨风"])
    vectors = torch.randn(2, 32)
    fake_webui.embeddings["水墨风"] = SimpleNamespace(name="水墨风", vec=vectors, shorthash="abc")
    assert not torch.equal(embedder(["月夜 水墨风"]), plain)
    assert fake_webui.module("sd_hijack").model_hijack.extra_generation_params["TI hashes"] == "水墨风: abc"
    _, count = embedder.process_texts(["月夜 水墨风"])
    assert count == 4
    words = embedder.transformer.encoder.transformer.get_input_embeddings()
    first = embedder.spec.vocabulary_size
    torch.testing.assert_close(words(torch.tensor([[first, first + 1]]))[0], vectors)


def test_low_vram_mode_brings_the_encoder_in_and_the_rest_out(fake_webui: FakeWebui, script: Any) -> None:
    """modules/lowvram.py `send_me_to_gpu`."""
    moved: list[str] = []
    fake_webui.module("lowvram").module_in_gpu = SimpleNamespace(to=moved.append)
    model = fake_webui.module("shared").sd_model
    model.lowvram = True
    request(script, fake_webui, NAME)
    assert moved == ["cpu"]
    assert fake_webui.module("lowvram").module_in_gpu is model.cond_stage_model


def test_text_part_of_a_foreign_lora_is_silent(
    fake_webui: FakeWebui, script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """extensions-builtin/Lora/networks.py: `loaded_networks`, each with its multipliers."""
    made = {
        "clip": {"lora_te_text_model_encoder_layers_0_self_attn_q_proj": (32, 32)},
        "bert": {"lora_te_encoder_layer_0_attention_self_query": (32, 32)},
        "unet": {"lora_unet_mid_block_attentions_0_proj_in": (32, 32)},
    }
    networks = []
    for name, keys in made.items():
        file = write_lora(tmp_path / f"{name}.safetensors", keys)
        disk = SimpleNamespace(filename=str(file))
        modules = {key: SimpleNamespace(sd_key=key) for key in keys}
        networks.append(SimpleNamespace(name=name, te_multiplier=0.8, network_on_disk=disk, modules=modules))
    loaded = list(networks)
    host = SimpleNamespace(loaded_networks=loaded, networks_in_memory={})
    monkeypatch.setitem(sys.modules, "networks", host)
    request(script, fake_webui, NAME)
    assert loaded == []  # matched with the encoder of before
    loaded.extend(networks)
    p = Request()
    script.after_extra_networks_activate(p)
    assert len(p.comments) == 1 and "clip" in p.comments[0]
    embedder = fake_webui.module("shared").sd_model.cond_stage_model
    heard: list[dict[str, float]] = []
    embedder.transformer.register_forward_pre_hook(
        lambda *call: heard.append({n.name: n.te_multiplier for n in networks})
    )
    embedder([PROMPT])
    assert heard == [{"clip": 0.0, "bert": 0.8, "unet": 0.8}]
    assert {n.te_multiplier for n in networks} == {0.8}  # a refiner may be what "clip" was made for
    (module,) = networks[1].modules.values()
    assert "transformer" in module.sd_key[:20]  # network.py `multiplier`: the text part's
    assert all(module.sd_key == key for key, module in networks[2].modules.items())


def test_lora_made_for_chinese_clip_speaks(
    fake_webui: FakeWebui, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    from sd_chinese.hosts.lora_family import is_made_for
    from sd_chinese.spec import read_spec

    spec = read_spec(checkpoint("PAI-Diffusion, 32 rows"))
    keys = {"lora_te_text_model_encoder_layers_0_self_attn_q_proj": (32, 32)}
    assert not is_made_for(write_lora(tmp_path / "a.safetensors", keys), spec)
    learned = write_lora(tmp_path / "b.safetensors", keys, **{SPEC_KEY: spec.to_json()})
    assert is_made_for(learned, spec)


@pytest.mark.parametrize("said", ["by the file", "by the base"])
def test_converted_lora_speaks_where_its_original_would(
    fake_webui: FakeWebui, checkpoint: Callable[[str], Path], tmp_path: Path, said: str
) -> None:
    from sd_chinese.convert.lora import convert_lora
    from sd_chinese.hosts.lora_family import is_made_for
    from sd_chinese.spec import read_spec

    spec = read_spec(checkpoint("PAI-Diffusion, 32 rows"))
    keys = {"text_encoder.text_model.encoder.layers.0.self_attn.q_proj": (32, 32)}
    metadata = {SPEC_KEY: spec.to_json()} if said == "by the file" else {}
    source = write_lora(tmp_path / "a.safetensors", keys, **metadata)
    known = spec if said == "by the base" else None
    assert is_made_for(convert_lora(source, tmp_path / "b.safetensors", spec=known), spec)
    nobodys = write_lora(tmp_path / "c.safetensors", keys)
    assert not is_made_for(convert_lora(nobodys, tmp_path / "d.safetensors"), spec)
