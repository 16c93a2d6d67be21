"""The project's own cards: whole, in two languages, consistent with each other, bound to known repositories."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sd_chinese import strings
from sd_chinese.hosts.standalone.samplers import SAMPLERS
from sd_chinese.registry.card import KINDS, REGISTRY, Card, Words, card_schema
from sd_chinese.registry.catalog import Catalog
from sd_chinese.registry.identify import identify
from sd_chinese.registry.schema import violations

PATHS = sorted(path for path in REGISTRY.rglob("*.json") if path.name != "card.schema.json")
CATALOG = Catalog.load()
CARDS = {card.id: card for card in CATALOG.all() if card.kind != "corpus"}
FETCHED = {name: card for name, card in CARDS.items() if card.sources[0].kind != "bundled"}
# Publishers' own names at the two hubs; a card that points anywhere else is a typing mistake or worse.
OWNERS = {
    "hf": {"alibaba-pai", "IDEA-CCNL", "svjack", "BAAI", "SkyworkAIGC", "ShineChen1024"},
    "modelscope": {"PAI", "Fengshenbang", "damo"},
}
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_every_card_is_read() -> None:
    assert CATALOG.broken == ()
    assert len(CATALOG.cards) == len(PATHS)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_schema_and_jsonschema_accept_it(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(violations(content, card_schema())) == []
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(content, card_schema())
    assert path.parent.name == content["kind"]


def test_all_of_pai_diffusion_is_here() -> None:
    """Zhu et al. 2023 (arXiv 2309.05534) count twelve: six bases, two LoRAs, four ControlNets."""
    kinds = [card.kind for card in CARDS.values() if card.id.startswith("pai-diffusion-")]
    assert {kind: kinds.count(kind) for kind in KINDS} == {
        "base": 6,
        "lora": 2,
        "controlnet": 4,
        "encoder": 0,
        "corpus": 0,
    }


def texts(card: Card) -> list[Words]:
    notes = [card.notes] if card.notes else []
    hosts = [card.hosts.why] if card.hosts else []
    return [card.title, card.description, *notes, *hosts, *card.uncertain]


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_texts_are_in_their_languages(card: Card) -> None:
    for words in texts(card):
        assert HAN.search(words.zh), words.zh
        # English quotes only what the user must type in Chinese.
        assert len(HAN.findall(words.en)) < 8, words.en
        assert not re.search("[，。：；！？（）“”]", words.en), words.en
    assert card.description.zh.endswith("。") and card.description.en.endswith(".")
    assert len(card.description.zh) <= 120 and len(card.description.en) <= 300


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_numbers_can_be_used(card: Card) -> None:
    sizes = [size for size in (card.defaults.size, *card.sizes) if size]
    assert all(side % 64 == 0 for size in sizes for side in size)
    assert card.defaults.sampler in (None, *SAMPLERS)
    if card.kind == "base":
        assert card.family and card.defaults.size
    if card.kind in ("lora", "controlnet"):
        assert card.defaults.strength


@pytest.mark.parametrize("card", FETCHED.values(), ids=lambda card: card.id)
def test_settings_are_given_or_said_to_be_unpublished(card: Card) -> None:
    given = card.defaults.given()
    if card.kind == "base" and not given.keys() >= {"sampler", "steps", "cfg"}:
        assert any("采样器" in words.zh for words in card.uncertain)
    if card.kind in ("lora", "controlnet"):
        assert card.compatible and given["strength"]
    assert card.kind in ("encoder", "corpus") or card.resolution or "分辨率没有查到" in str(card.uncertain)


@pytest.mark.parametrize("card", FETCHED.values(), ids=lambda card: card.id)
def test_what_is_fetched_says_where_from_and_what_is_not_known(card: Card) -> None:
    assert card.size_bytes and card.licence.url and card.homepage
    assert card.uncertain, "nothing of it was loaded here: the card must say what was not checked"
    for source in card.sources:
        assert source.repo.split("/")[0] in OWNERS[source.kind]
        assert not source.revision or re.fullmatch("[0-9a-f]{40}", source.revision)
    assert any(source.repo in card.homepage for source in card.sources)


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_compatible_bases_exist_and_are_of_the_family(card: Card) -> None:
    assert all((CARDS[name].kind, CARDS[name].family) == ("base", card.family) for name in card.compatible)
    assert card.kind == "base" or card.compatible


def test_a_second_card_of_one_source_agrees_with_the_first() -> None:
    """An encoder's card fetches a part of its base's repository: the same revision, the same licence."""
    bases = {
        source.repo: (source, card)
        for card in CARDS.values()
        if card.kind == "base"
        for source in card.sources
    }
    for card in (card for card in CARDS.values() if card.kind == "encoder"):
        for source in card.sources:
            base, owner = bases[source.repo]
            assert (source.revision, source.folder) == (base.revision, base.folder)
            assert card.licence == owner.licence and owner.id in card.compatible


@pytest.mark.parametrize("card", [card for card in CARDS.values() if card.bundled], ids=lambda card: card.id)
def test_what_comes_with_the_project_is_what_its_card_says(card: Card) -> None:
    (path,) = (REGISTRY.parent / source.path for source in card.sources)
    identity = identify(path)
    assert (identity.kind, identity.family, identity.reason) == (card.kind, card.family, "")
    assert card.licence.commercial == "yes"


def test_an_encoder_s_card_says_where_it_fits() -> None:
    lines = {name: "\n".join(CATALOG.get(name).lines()) for name in ("taiyi-text", "pai-text")}
    assert strings.both("fits_family") in lines["taiyi-text"]
    assert strings.both("fits_strict") in lines["pai-text"]
