"""The hooks in a fake reForge: English passes through, Chinese gets no CLIP, what is damaged changes nothing.

Every behaviour names the file of Panchovix/stable-diffusion-webui-reForge (main) that it copies.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.hosts.patches import Patches
from sd_chinese.hosts.reforge.hollow_clip import HollowClip
from sd_chinese.hosts.reforge.recognition import Recognition

WEIGHTS = {"model.diffusion_model.x": 1, "cond_stage_model.transformer.y": 2}
CHINESE = SimpleNamespace(
    prediction_type="epsilon", unet={"cross_attention_dim": 768, "block_out_channels": [320]}
)


@dataclass
class FakeReforge:
    """modules/sd_models.py `load_model` and modules_forge/forge_loader.py, on plain objects."""

    sd_models: Any
    loader: Any
    options: dict[str, Any]
    seen: dict[str, Any] = field(default_factory=dict)
    said: list[SdzhError] = field(default_factory=list)
    loaded: list[tuple[Any, str, Any]] = field(default_factory=list)
    broken: bool = False

    def choose(self, name: str) -> Any:
        return self.sd_models.load_model(info(name))


def info(name: str) -> Any:
    return SimpleNamespace(filename=f"/models/{name}.safetensors", title=name)


def describe(path: Path) -> Any:
    if path.stem == "damaged":
        raise SdzhError("text_encoder_gone", name=path.stem, choices="")
    return CHINESE if path.stem == "chinese" else None


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> FakeReforge:
    sd_models, loader, shared = (ModuleType(name) for name in ("sd_models", "forge_loader", "shared"))
    fake = FakeReforge(sd_models, loader, {})

    def load_model(checkpoint_info: Any = None) -> Any:
        """Teardown of the model before comes first, and is not undone."""
        data = fake.sd_models.model_data
        if data.sd_model and data.sd_model.sd_checkpoint_info.filename == checkpoint_info.filename:
            return data.sd_model
        data.sd_model = None
        model = loader.load_model_for_a1111(
            timer=None, checkpoint_info=checkpoint_info, state_dict=dict(WEIGHTS)
        )
        model.sd_checkpoint_info = checkpoint_info
        data.sd_model = model
        return model

    def load_model_for_a1111(timer: Any, checkpoint_info: Any = None, state_dict: Any = None) -> Any:
        found = loader.load_checkpoint_guess_config(state_dict, output_clip=True)
        return SimpleNamespace(
            forge_objects=found, vocabulary=found.clip.tokenizer.clip_l.tokenizer.get_vocab()
        )

    def load_checkpoint_guess_config(ckpt: Any, output_clip: bool = True) -> Any:
        fake.seen = {"keys": set(ckpt), "output_clip": output_clip}
        if fake.broken:
            raise RuntimeError("ERROR: Could not detect model type of: provided state dict")
        clip = SimpleNamespace(tokenizer=SimpleNamespace(clip_l=SimpleNamespace(tokenizer=FakeTokenizer())))
        return SimpleNamespace(clip=clip if output_clip else None)

    sd_models.load_model = load_model  # type: ignore[attr-defined]
    sd_models.model_data = SimpleNamespace(sd_model=None)  # type: ignore[attr-defined]
    sd_models.checkpoints_list = {}  # type: ignore[attr-defined]
    sd_models.select_checkpoint = lambda: info("english")  # type: ignore[attr-defined]
    loader.load_model_for_a1111 = load_model_for_a1111  # type: ignore[attr-defined]
    loader.load_checkpoint_guess_config = load_checkpoint_guess_config  # type: ignore[attr-defined]
    shared.opts = SimpleNamespace(data=fake.options)  # type: ignore[attr-defined]
    packages = {
        "modules": SimpleNamespace(sd_models=sd_models, shared=shared),
        "modules_forge": SimpleNamespace(forge_loader=loader),
    }
    for name, module in packages.items():
        monkeypatch.setitem(sys.modules, name, module)  # type: ignore[arg-type]
    return fake


class FakeTokenizer:
    def get_vocab(self) -> dict[str, int]:
        return {",</w>": 267}


@pytest.fixture
def patches(host: FakeReforge) -> Patches:
    placed = Patches()
    when_loaded: Callable[..., None] = lambda *what: host.loaded.append(what)  # noqa: E731
    Recognition(describe, lambda found: found, host.said.append, when_loaded).install(placed)
    return placed


def test_english_passes_through(host: FakeReforge, patches: Patches) -> None:
    model = host.choose("english")
    assert host.seen == {"keys": set(WEIGHTS), "output_clip": True}
    assert model.vocabulary == {",</w>": 267}
    assert not hasattr(model, "_separate_te_loaded")
    assert [(path.stem, described) for _, path, described in host.loaded] == [("english", None)]


def test_chinese_is_loaded_without_clip(host: FakeReforge, patches: Patches) -> None:
    model = host.choose("chinese")
    assert host.seen == {"keys": {"model.diffusion_model.x"}, "output_clip": False}
    assert isinstance(model.forge_objects.clip, HollowClip)
    assert model._separate_te_loaded
    assert host.loaded[0][2] is CHINESE
    host.choose("english")
    assert host.seen["output_clip"]


def test_damaged_checkpoint_is_refused_before_the_host_lets_go(host: FakeReforge, patches: Patches) -> None:
    before = host.choose("english")
    assert host.choose("damaged") is before
    assert host.options["sd_model_checkpoint"] == "english"
    assert [error.code for error in host.said] == ["text_encoder_gone"]


def test_foreign_unet_is_a_sentence_and_the_model_of_before_comes_back(
    host: FakeReforge, patches: Patches, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.choose("english")
    original = host.loader.load_checkpoint_guess_config

    def once(ckpt: Any, output_clip: bool = True) -> Any:
        host.broken = not output_clip
        return original(ckpt, output_clip=output_clip)

    # The way a host's own function fails: under our wrapper, for this checkpoint alone.
    patches.undo()
    monkeypatch.setattr(host.loader, "load_checkpoint_guess_config", once)
    Recognition(describe, lambda found: found, host.said.append, lambda *what: None).install(patches)
    model = host.choose("chinese")
    assert model.sd_checkpoint_info.title == "english"
    assert "chinese" in str(host.said[0]) and "320" in str(host.said[0])


def test_first_load_of_a_damaged_checkpoint_leaves_no_model(host: FakeReforge, patches: Patches) -> None:
    assert host.choose("damaged") is None
    assert host.said


def test_first_load_passes_over_a_damaged_checkpoint(host: FakeReforge, patches: Patches) -> None:
    host.sd_models.checkpoints_list.update({name: info(name) for name in ("damaged", "english")})
    assert host.choose("damaged").sd_checkpoint_info.title == "english"
    assert [error.code for error in host.said] == ["text_encoder_gone"]


def test_undo_gives_the_hosts_functions_back(host: FakeReforge, patches: Patches) -> None:
    assert len(patches) == 3
    patches.undo()
    model = host.choose("chinese")
    assert host.seen["output_clip"] and model.vocabulary


def test_hollow_clip_is_what_the_host_takes_apart() -> None:
    """modules_forge/forge_loader.py, modules/sd_hijack_clip.py, ldm_patched/modules/sd.py."""
    hollow = HollowClip()
    words = hollow.cond_stage_model.clip_l.transformer.text_model.embeddings.token_embedding
    assert words.weight.numel() == 1
    assert hollow.tokenizer.clip_l.tokenizer.get_vocab() == {}
    assert hollow.clone().cond_stage_model is hollow.cond_stage_model
    assert hollow.add_patches({"a": 1}, 1.0) == []
