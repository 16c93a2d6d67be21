"""Cards and their schema; the schema's keeper is compared with the jsonschema library."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.registry.card import card_schema, load_card
from sd_chinese.registry.schema import violations

GOOD: dict[str, Any] = {
    "id": "some-model",
    "kind": "base",
    "title": {"zh": "某模型", "en": "Some model"},
    "description": {"zh": "说明", "en": "Text"},
    "publisher": "someone",
    "homepage": "https://example.org/model",
    "licence": {
        "name": "Apache-2.0",
        "url": "https://example.org/licence",
        "commercial": "ask",
        "terms": {"name": "条款", "url": "https://example.org/terms"},
    },
    "family": "sd1",
    "resolution": 512,
    "sizes": [[512, 768]],
    "size_bytes": 4_180_000_000,
    "size_approximate": True,
    "encoder": {
        "context_length": 32,
        "norm_eps": 1e-7,
        "tokenizer": {"lower_case": True},
        "punctuation": {"positive": ["，。", ",."]},
    },
    "defaults": {"sampler": "Euler a", "steps": 20, "cfg": 7.5, "size": [512, 768], "triggers": ["水墨"]},
    "compatible": ["other"],
    "sources": [
        {
            "kind": "hf",
            "repo": "owner/name",
            "revision": "main",
            "folder": "miaobi_beta0.9",
            "needed": ["text_encoder/*", "tokenizer/*"],
            "files": [{"path": "unet/a.bin", "size": 3, "sha256": "0" * 64}],
        },
        {"kind": "modelscope", "repo": "owner/name", "files": [{"path": "a.bin"}]},
        {"kind": "npm", "package": "@scope/name", "revision": "1.2.3", "integrity": f"sha512-{'A' * 86}=="},
        {"kind": "local", "path": "D:/models/a"},
        {"kind": "bundled", "path": "sd_chinese/mini/weights/base"},
    ],
    "fits": "compatible",
    "hosts": {"only": ["a1111", "standalone"], "why": {"zh": "因为", "en": "because"}},
    "notes": {"zh": "注", "en": "note"},
    "uncertain": [{"zh": "没看过", "en": "not read"}],
}
# (path to what is changed, its new value); None takes it away.
BREAKS: list[tuple[tuple[str | int, ...], Any]] = [
    (("id",), None),
    (("id",), "Has Space"),
    (("id",), 3),
    (("id",), "ends-with."),
    (("id",), "x" * 65),
    (("kind",), "video"),
    (("title", "en"), None),
    (("title",), "only one"),
    (("title", "fr"), "titre"),
    (("surprise",), 1),
    (("licence", "commercial"), "maybe"),
    (("homepage",), "http://example.org"),
    (("resolution",), "512"),
    (("resolution",), True),
    (("resolution",), 32),
    (("defaults", "size"), [512]),
    (("defaults", "size"), [512, 512, 512]),
    (("defaults", "steps"), 20.5),
    (("defaults", "cfg"), 0),
    (("defaults", "triggers"), [""]),
    (("sources",), []),
    (("sources",), None),
    (("sources", 0, "repo"), None),
    (("sources", 0, "repo"), "no-owner"),
    (("sources", 0, "repo"), "../.."),
    (("sources", 0, "folder"), ".."),
    (("sources", 0, "needed"), []),
    (("sources", 0, "needed", 0), "/text_encoder/*"),
    (("sources", 2, "integrity"), "sha512-short"),
    (("licence", "terms", "url"), None),
    (("sizes", 0), [512]),
    (("size_approximate",), "yes"),
    (("size_approximate",), 1),
    (("encoder", "surprise"), 1),
    (("encoder", "context_length"), 4),
    (("encoder", "tokenizer", "kind"), "words"),
    (("encoder", "punctuation", "positive"), ["，"]),
    (("fits",), "all"),
    (("hosts", "only"), []),
    (("hosts", "only", 0), "comfyui"),
    (("hosts", "why"), None),
    (("uncertain", 0), "plain"),
    (("sources", 0, "kind"), "ftp"),
    (("sources", 0, "files", 0, "sha256"), "abc"),
    (("sources", 0, "files", 0, "path"), "../../etc/passwd"),
    (("sources", 0, "files", 0, "path"), "/etc/passwd"),
    (("sources", 0, "files", 0, "path"), "C:\\windows"),
    (("sources", 2, "revision"), None),
    (("sources", 3, "path"), None),
]


def changed(place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    card = copy.deepcopy(GOOD)
    target: Any = card
    for step in place[:-1]:
        target = target[step]
    if value is None:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return card


def write(folder: Path, content: Any, name: str = "some-model") -> Path:
    path = folder / f"{name}.json"
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_card_loads(tmp_path: Path) -> None:
    card = load_card(write(tmp_path, GOOD))
    assert (card.id, card.kind, card.title.zh, card.licence.commercial) == (
        "some-model",
        "base",
        "某模型",
        "ask",
    )
    assert card.defaults.given() == {
        "sampler": "Euler a",
        "steps": 20,
        "cfg": 7.5,
        "size": (512, 768),
        "triggers": ("水墨",),
    }
    assert card.sources[0].files[0].sha256 == "0" * 64
    assert [source.kind for source in card.sources] == ["hf", "modelscope", "npm", "local", "bundled"]
    assert (card.sizes, card.fits, card.sources[0].needed) == (
        ((512, 768),),
        "compatible",
        ("text_encoder/*", "tokenizer/*"),
    )
    assert card.licence.terms and card.hosts and card.hosts.only == ("a1111", "standalone")
    text = "\n".join(card.lines(Path("/x")))
    shown = (
        "某模型",
        "Apache-2.0",
        "https://example.org/terms",
        "owner/name",
        str(Path("/x")),
        "4.2 GB",
        "没看过",
    )
    assert [word for word in shown if word not in text] == []


@pytest.mark.parametrize(("place", "value"), BREAKS)
def test_a_broken_card_is_refused_as_jsonschema_would(tmp_path: Path, place: Any, value: Any) -> None:
    card = changed(place, value)
    with pytest.raises(SdzhError) as caught:
        load_card(write(tmp_path, card))
    assert caught.value.code == "card_invalid"
    # The named place is where the change was made, or above it.
    assert any("/" + "/".join(map(str, place[:n])) in caught.value.en for n in range(1, len(place) + 1))
    jsonschema = pytest.importorskip("jsonschema")
    assert list(jsonschema.Draft202012Validator(card_schema()).iter_errors(card))


def test_jsonschema_accepts_what_is_accepted() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(card_schema())
    jsonschema.validate(GOOD, card_schema())
    assert not list(violations(GOOD, card_schema()))


def test_an_unknown_schema_keyword_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="multipleOf"):
        list(violations(3, {"type": "integer", "multipleOf": 2}))


@pytest.mark.parametrize("content", ["model\n", "model\n\n", "\nmodel"])
def test_a_line_break_is_no_part_of_a_name(content: str) -> None:
    """Python's $, and with it jsonschema, would let one stand at the end."""
    assert list(violations(content, card_schema()["properties"]["id"]))


@pytest.mark.parametrize("content", ["", "{", "[1]", "3", '"text"', '{"id": "\\ud800"}'])
def test_files_that_are_no_cards(tmp_path: Path, content: str) -> None:
    with pytest.raises(SdzhError):
        load_card(write(tmp_path, content))
    (tmp_path / "gbk.json").write_bytes("{'水墨'}".encode("gbk"))
    with pytest.raises(SdzhError) as caught:
        load_card(tmp_path / "gbk.json")
    assert caught.value.code == "card_unreadable"
