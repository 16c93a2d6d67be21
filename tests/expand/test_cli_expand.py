"""The expand and lexicon commands, as a user runs them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from sd_chinese.cli_expand import add_parsers
from sd_chinese.errors import SdzhError


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers(required=True))
    options = parser.parse_args(arguments)
    return options.run(options) or 0


def test_readable_output_names_every_source(capsys: pytest.CaptureFixture[str]) -> None:
    run("expand", "飞流直下三千尺，旁边一位穿旗袍的女孩在吃夫妻肺片", "--candidates")
    out = capsys.readouterr().out
    assert "唐·李白《望庐山瀑布》" in out and "意象 / images" in out
    assert "\033" not in out


def test_json_of_one_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    run("expand", "飞流直下三千尺", "--json")
    data = json.loads(capsys.readouterr().out)
    assert data["input"] == "飞流直下三千尺"
    assert {
        "matches",
        "scene",
        "prompt_zh",
        "prompt_en",
        "negative_zh",
        "negative_en",
        "candidates",
    } <= data.keys()


@pytest.mark.parametrize(("lang", "word"), [("zh", "瀑布"), ("en", "waterfall"), ("tags", "waterfall")])
def test_one_language(capsys: pytest.CaptureFixture[str], lang: str, word: str) -> None:
    run("expand", "飞流直下三千尺", "--lang", lang)
    out = capsys.readouterr().out
    assert word in out and out.count("\n") == 1


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_of_prompts_gives_json_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    path = tmp_path / "prompts.txt"
    path.write_bytes("飞流直下三千尺\n\n守株待兔\n".encode(encoding))
    run("expand", "--file", str(path), "--json")
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["input"] for line in lines] == ["飞流直下三千尺", "守株待兔"]


def test_an_empty_file_gives_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    run("expand", "--file", str(tmp_path / "empty.txt"), "--json")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("expand",),
        ("expand", "山", "--file", "x.txt"),
        ("expand", "--file", "missing.txt"),
        ("expand", "山", "--style", "没有的画风"),
        ("expand", "山", "--strength", "huge"),
        ("lexicon", "find", "没有没有没有没有"),
        ("lexicon", "add", "守株待兔", "--kind", "nothing"),
        ("lexicon", "add", "守株待兔", "--subject", "only English"),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SdzhError) as caught:
        run(*arguments)
    assert caught.value.zh and caught.value.en


def test_own_entries_are_added_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("云卷天舒月", "云卷天舒星"):
        run(
            "lexicon", "add", word, "--kind", "images",
            "--subject", "翻卷的紫云 / rolling purple clouds", "--setting", "高天 / a high sky",
        )  # fmt: skip
    capsys.readouterr()
    run("expand", "云卷天舒月", "--lang", "en")
    assert "rolling purple clouds" in capsys.readouterr().out
    run("lexicon", "find", "云卷天舒星")
    assert "subject: 翻卷的紫云" in capsys.readouterr().out
    (path,) = (tmp_path / "home").rglob("own.txt")
    assert path.read_text(encoding="utf-8").count("[") == 2


def test_a_broken_own_entry_is_reported_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("lexicon", "add", "云卷天舒月", "--kind", "images", "--subject", "紫云 / purple clouds")
    (path,) = (tmp_path / "home").rglob("own.txt")
    path.write_text(path.read_text(encoding="utf-8") + "\n[坏条目]\n没有字段\n", encoding="utf-8")
    capsys.readouterr()
    run("expand", "云卷天舒月", "--lang", "en")
    shown = capsys.readouterr()
    assert "purple clouds" in shown.out
    assert "own.txt:5" in shown.err


def test_check_and_stats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "idioms" / "bad.txt"
    bad.parent.mkdir()
    bad.write_text("[守株待兔]\n", encoding="utf-8")
    assert run("lexicon", "check", str(bad)) == 1
    assert "bad.txt:1" in capsys.readouterr().out
    run("lexicon", "stats")
    assert "styles" in capsys.readouterr().out


def test_a_downloaded_corpus_is_baked_and_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    poem = {
        "title": "新題",
        "author": "某人",
        "tags": ["月亮"],
        "paragraphs": ["寒塘孤雁過西樓，明月空山照白頭。"],
    }
    path = tmp_path / "package" / "quantangshi" / "poet.tang.0.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([poem], ensure_ascii=False), encoding="utf-8")
    run("lexicon", "bake", str(tmp_path / "package"))
    assert "MIT" in capsys.readouterr().out
    run("expand", "寒塘孤雁過西樓", "--json")
    (match,) = json.loads(capsys.readouterr().out)["matches"]
    assert match["source"] == "寒塘孤雁过西楼 — 唐·某人《新题》"


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SdzhError, match="no poems"):
        run("lexicon", "bake", str(tmp_path))
