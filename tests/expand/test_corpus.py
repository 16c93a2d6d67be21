"""Baking verse from the chinese-poetry package, unpacked or as downloaded."""

from __future__ import annotations

import io
import json
import random
import tarfile
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.expand.corpus import Baked, bake_corpus
from sd_chinese.expand.expander import Expander

SAMPLE = Path(__file__).parent / "lexicon_sample"
FILES = {
    "quantangshi/poet.tang.0.json": [
        {"title": "早發白帝城", "author": "李白", "tags": ["唐詩三百首"],
         "paragraphs": ["朝辭白帝彩雲間，千里江陵一日還。", "兩岸猨聲啼不盡（一作住），輕舟已過萬重山。"]},
        {"title": "無標簽", "author": "某", "paragraphs": ["此詩沒有標簽所以不收。"]},
    ],
    "quantangshi/poet.song.0.json": [
        {"title": "惠崇春江晚景", "author": "蘇軾", "tags": "春天", "paragraphs": ["竹外桃花三兩枝，春江水暖鴨先知。"]},
    ],
    "quantangshi/error/poet.tang.9.json": [
        {"title": "壞", "author": "壞", "tags": ["x"], "paragraphs": ["壞掉的句子在這裏。"]}
    ],
    "quantangshi/authors.tang.json": [{"name": "李白", "desc": "詩人"}],
    "shijing/shijing.json": [{"title": "子衿", "chapter": "國風", "content": ["青青子衿，悠悠我心。"]}],
    "mengxue/other.json": {"title": "不收"},
}  # fmt: skip


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, records in FILES.items():
        path = tmp_path / "package" / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return tmp_path / "package"


def test_poems_are_baked(package: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus.txt"
    assert bake_corpus(package, out) == Baked(3, 8)
    text = out.read_text(encoding="utf-8")
    assert "Copyright (c) 2016 JackeyGao" in text
    assert (
        "= 早发白帝城 · 李白 · 唐 · 唐诗三百首\n朝辞白帝彩云间 千里江陵一日还 两岸猿声啼不尽 轻舟已过万重山\n"
        in text
    )
    assert "= 惠崇春江晚景 · 苏轼 · 宋 · 春天\n" in text
    assert "= 子衿 · 诗经 · 先秦\n青青子衿 悠悠我心\n" in text
    assert not list(tmp_path.glob("*.part"))


def test_the_archive_gives_the_same(package: Path, tmp_path: Path) -> None:
    bake_corpus(package, tmp_path / "folder.txt")
    archive = tmp_path / "chinese-poetry.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(package, "package")
    bake_corpus(archive, tmp_path / "archive.txt")
    assert (tmp_path / "archive.txt").read_bytes() == (tmp_path / "folder.txt").read_bytes()


def test_what_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SdzhError, match="no poems"):
        bake_corpus(tmp_path / "empty", tmp_path / "out.txt")
    (tmp_path / "broken.tgz").write_bytes(b"no archive")
    with pytest.raises(SdzhError, match="cannot be read"):
        bake_corpus(tmp_path / "broken.tgz", tmp_path / "out.txt")
    assert not (tmp_path / "out.txt").exists()


def archive(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as out:
        for info, content in members:
            info.size = info.size or len(content)
            out.addfile(info, io.BytesIO(content + bytes(max(0, info.size - len(content)))))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


def test_members_that_are_no_plain_files_are_passed_over(tmp_path: Path) -> None:
    """Links, devices, names that lead out: nothing is followed and nothing unpacked."""
    poem = json.dumps(FILES["shijing/shijing.json"]).encode()
    secret = tmp_path / "shijing" / "secret.json"
    secret.parent.mkdir()
    secret.write_bytes(poem.replace("子衿".encode("unicode-escape"), b"x"))
    odd = [
        member("package/shijing/a.json", tarfile.SYMTYPE, str(secret)),
        member("package/shijing/b.json", tarfile.LNKTYPE, "../../shijing/secret.json"),
        member("package/shijing/c.json", tarfile.CHRTYPE),
        member("package/shijing/d.json", tarfile.FIFOTYPE),
        member("package/shijing/e.json", tarfile.DIRTYPE),
    ]
    names = ["/shijing/f.json", "../../shijing/g.json", "package/shijing/h.json"]
    path = archive(
        tmp_path / "odd.tgz", [*((each, b"") for each in odd), *((member(n), poem) for n in names)]
    )
    before = sorted(tmp_path.rglob("*"))
    assert bake_corpus(path, tmp_path / "out.txt").poems == 1
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "out.txt"])


@pytest.mark.parametrize("bomb", ["file", "archive", "json", "nested", "cut"])
def test_archives_that_would_fill_the_memory(
    tmp_path: Path, bomb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sd_chinese.expand.corpus.FILE_LIMIT", 1 << 20)
    monkeypatch.setattr("sd_chinese.expand.corpus.ARCHIVE_LIMIT", 2 << 20)
    members = {
        "file": [(member("shijing/a.json", size=(1 << 20) + 1), b"")],
        "archive": [(member(f"{n}.bin", size=1 << 20), b"") for n in range(3)],
        "json": [(member("shijing/a.json"), b"[1, 2")],
        "nested": [(member("shijing/a.json"), b"[" * 200_000)],
        "cut": [(member("shijing/a.json"), b"[]" + random.Random(0).randbytes(5000))],
    }
    path = archive(tmp_path / "bomb.tgz", members[bomb])
    if bomb == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(SdzhError) as caught:
        bake_corpus(path, tmp_path / "out.txt")
    assert caught.value.code == "corpus_unreadable"
    assert not (tmp_path / "out.txt").exists()


def test_lines_of_the_corpus_are_read_with_their_neighbours(package: Path, tmp_path: Path) -> None:
    bake_corpus(package, tmp_path / "corpus.txt")
    expander = Expander.open(data=SAMPLE, corpus=tmp_path / "corpus.txt", cache=tmp_path)
    data = expander.expand("輕舟已過萬重山").to_json()
    (match,) = data["matches"]
    assert match["source"] == "轻舟已过万重山 — 唐·李白《早发白帝城》"
    assert match["kind"] == "verse" and 0 < match["confidence"] < 0.8
    assert "山峰" in data["prompt_zh"] and "mountains" in data["prompt_en"]
    known = expander.records.known(expander.index.find("千里江陵一日还"))
    assert known.neighbours()[0] == "朝辞白帝彩云间"
    typo = expander.expand("竹外桃花三两支").parts[0].match
    assert (typo.canonical, typo.how) == ("竹外桃花三两枝", "variant")
