"""The list of the library: cards, files, what is installed and why something does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Stop
from sd_chinese.registry.card import REGISTRY
from sd_chinese.registry.catalog import Catalog
from sd_chinese.workflows.install_model import install_model
from sd_chinese.workflows.jobs import Jobs
from sd_chinese.workflows.library import Library
from sd_chinese.workflows.list_models import ListedModel, list_models
from sd_chinese.workflows.show_library import show_library
from tests.registry.layouts import drop_file, drop_folder, key_list, part_shapes, write
from tests.registry.test_identify import attention_lora, clip, under

FOLDERS = {"base": "Stable-diffusion", "lora": "Lora", "controlnet": "ControlNet", "encoder": "SDZH-Encoder"}


class SomeHost:
    """A host of some name over a folder of models."""

    language = "zh"

    def __init__(self, models: Path, name: str = "AUTOMATIC1111") -> None:
        self.models, self.name = models, name

    def folder(self, kind: str) -> Path:
        return self.models / FOLDERS[kind]


def rows(host: SomeHost, **options: str) -> dict[str, ListedModel]:
    return {row.name: row for row in list_models(Catalog.load(), host, **options)}


def test_nothing_but_the_embedded_family_is_installed_at_first(tmp_path: Path) -> None:
    listed = rows(SomeHost(tmp_path, "standalone"))
    installed = {name for name, row in listed.items() if row.path and row.kind != "corpus"}
    assert installed == {"mini", "mini-ink", "mini-canny"}
    assert set(listed) == set(Catalog.load().cards)
    assert all(row.fit.level == "yes" for row in listed.values())


def test_a_webui_has_to_be_given_the_embedded_family(tmp_path: Path) -> None:
    """It looks in its own folders only: what comes with the package is not in its list of checkpoints."""
    host = SomeHost(tmp_path)
    library = Library(host, Catalog.load())
    assert rows(host)["mini"].path is None
    shown = {row["name"]: row["state"] for row in show_library(library, Jobs())}
    assert shown["mini"] == "bundled" and shown["taiyi-1b-zh"] == "available"
    install_model("mini", library, lambda progress: None, Stop())
    assert rows(host)["mini"].path == host.folder("base") / "mini.safetensors"


def test_what_does_not_fit_says_why(tmp_path: Path) -> None:
    listed = rows(SomeHost(tmp_path))
    unfit = {
        name: row.fit.reason.zh for name, row in listed.items() if row.fit.level == "no" and row.fit.reason
    }
    assert list(unfit) == ["mini-canny"] and "320" in unfit["mini-canny"]
    forge = rows(SomeHost(tmp_path, "Forge"))
    assert {name for name, row in forge.items() if row.fit.level == "no"} == {
        "mini",
        "mini-ink",
        "mini-canny",
    }
    assert {name for name, row in forge.items() if row.fit.level == "maybe"} == {
        "altdiffusion-m18",
        "modelscope-zh-v1.0",
    }


def test_add_ons_are_judged_against_a_base(tmp_path: Path) -> None:
    host = SomeHost(tmp_path)
    english = {
        **key_list("sd1_unet", "ldm", "model.diffusion_model."),
        **under("cond_stage_model.transformer.text_model.", clip(49408)),
    }
    write(host.folder("base") / "英文模型.safetensors", english)
    write(host.folder("lora") / "big.safetensors", attention_lora("kohya", 2048))
    listed = rows(host, base="英文模型")
    levels = {row.name: row.fit.level for row in listed.values() if row.kind in ("encoder", "lora")}
    assert levels == {
        "taiyi-text": "maybe",
        "skypaint-text": "maybe",
        "miaobi-text": "maybe",
        "pai-text": "no",
        "altdiffusion-text": "no",
        "mini-ink": "no",
        "pai-diffusion-artist-large-zh-lora-25d": "maybe",
        "pai-diffusion-artist-large-zh-lora-poem": "maybe",
        "big": "no",
    }
    assert rows(host, kind="encoder", base="taiyi-1b-zh")["taiyi-text"].fit.level == "yes"
    with pytest.raises(SdzhError) as caught:
        rows(host, base="没有这个")
    assert caught.value.code == "model_missing"


def test_hand_dropped_models_are_listed_as_what_they_are(tmp_path: Path) -> None:
    host = SomeHost(tmp_path)
    drop_folder("pai-diffusion-food-large-zh", host.folder("base") / "吃的")
    drop_file("skypaint", host.folder("base") / "sky.safetensors")
    listed = rows(host, kind="base")
    found = {name: row.found.identity for name, row in listed.items() if row.found}
    assert {name: identity.make and identity.make.id for name, identity in found.items()} == {
        "吃的": "pai",
        "sky": "skypaint",
    }
    assert all(listed[name].path for name in found) and listed["skypaint"].path is None


def test_a_folder_under_its_card_s_name_is_that_card(tmp_path: Path) -> None:
    host = SomeHost(tmp_path)
    name = "pai-diffusion-food-large-zh"
    folder = drop_folder(name, host.folder("base") / name)
    row = rows(host)[name]
    assert (row.path, row.found) == (folder, None)


def test_a_renamed_install_stands_in_its_card_s_place(tmp_path: Path) -> None:
    host = SomeHost(tmp_path)
    shapes = part_shapes({"keys": "sd1_controlnet"}, "ldm", "control_model.")
    card = "pai-diffusion-artist-large-zh-controlnet-canny"
    path = write(host.folder("controlnet") / "线稿.safetensors", shapes, {"sdzh.card": card})
    listed = rows(host)
    assert card not in listed
    row = listed["线稿"]
    assert row.card and (row.card.id, row.path, row.fit.level) == (card, path, "yes")


def test_a_user_s_cards_are_listed_and_broken_ones_named(tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    mine = json.loads((REGISTRY / "base" / "skypaint.json").read_text(encoding="utf-8"))
    (cards / "my-own.json").write_text(json.dumps({**mine, "id": "my-own"}), encoding="utf-8")
    (cards / "torn.json").write_text('{"id": "torn"', encoding="utf-8")
    catalog = Catalog.load([cards])
    listed = {row.name for row in list_models(catalog, SomeHost(tmp_path))}
    assert "my-own" in listed and "torn" not in listed
    assert ["torn.json" in error.zh for error in catalog.broken] == [True]
