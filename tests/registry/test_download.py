"""One file from a server that misbehaves: either whole and right in the end, or not there at all."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Stop
from sd_chinese.registry.addresses import SourceError
from sd_chinese.registry.download import Digest, Download, RemoteFile, Tally, digest_of
from sd_chinese.registry.sources import Sources
from sd_chinese.registry.transfer import fetch_files
from sd_chinese.registry.web import Web
from tests.registry.bad_server import Hub
from tests.registry.conftest import left_over

SIZE = 300_000


@pytest.fixture
def content(tmp_path: Path, hub: Hub) -> bytes:
    data = Random(0).randbytes(SIZE)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "a.bin").write_bytes(data)
    hub.repos["me/one"] = tmp_path / "repo"
    return data


@pytest.fixture
def web(sources: Sources) -> Web:
    return sources.web()


def remote(hub: Hub, content: bytes, path: str = "a.bin") -> RemoteFile:
    digest = Digest("sha256", hashlib.sha256(content).hexdigest())
    return RemoteFile(path, f"{hub.url}/me/one/resolve/main/a.bin", len(content), digest)


def fetch(web: Web, file: RemoteFile, target: Path, **rest: object) -> None:
    Download(web, file, target, Stop(), **rest).run()  # type: ignore[arg-type]


MENDED = [
    [],
    ["slow"],
    ["cut"],
    ["stall"],
    ["silent"],
    ["garbage"],
    ["429"],
    ["500", "503"],
    ["cut"] * 7,
    ["cut", "whole"],
    ["cut", "no_range"],
    ["cut", "wrong_range"],
    ["cut", "stall", "503", "whole"],
]


@pytest.mark.parametrize("published", [True, False], ids=["published", "unpublished"])
@pytest.mark.parametrize("faults", MENDED, ids="-".join)
def test_a_bad_line_is_mended(
    tmp_path: Path, hub: Hub, web: Web, content: bytes, faults: list[str], published: bool
) -> None:
    hub.faults["a.bin"] = list(faults)
    file = remote(hub, content)
    seen: list[int] = []
    target = tmp_path / "out" / "a.bin"
    fetch(web, file if published else replace(file, size=None, digest=None), target, on_bytes=seen.append)
    assert target.read_bytes() == content
    assert left_over(tmp_path / "out") == ["a.bin"]
    assert not hub.faults["a.bin"] and seen[-1] == SIZE


def test_spoilt_content_is_fetched_once_more(tmp_path: Path, hub: Hub, web: Web, content: bytes) -> None:
    hub.faults["a.bin"] = ["corrupt"]
    fetch(web, remote(hub, content), tmp_path / "out" / "a.bin")
    assert (tmp_path / "out" / "a.bin").read_bytes() == content


REFUSED = {
    "silent": "source_unreachable",
    "hang": "source_unreachable",
    "garbage": "source_unreachable",
    "503": "source_interrupted",
    "401": "source_forbidden",
    "403": "source_forbidden",
    "404": "source_missing",
    "short": "source_length",
    "long": "source_length",
    "endless": "source_length",
    "corrupt": "source_corrupt",
    "packed": "source_answer",
    "html": "source_page",
    "loop": "redirect_loop",
    "nowhere": "source_status",
    "elsewhere": "address_inside",
    "localhost": "address_inside",
    "lan": "address_inside",
    "lan6": "address_inside",
    "metadata": "address_inside",
    "disk": "address_scheme",
    "ftp": "address_scheme",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_mended_leaves_no_file(
    tmp_path: Path, hub: Hub, other: Hub, web: Web, content: bytes, name: str
) -> None:
    hub.faults["a.bin"] = [f"{name}…"]
    with pytest.raises(SourceError) as caught:
        fetch(web, remote(hub, content), tmp_path / "out" / "a.bin")
    assert caught.value.code == REFUSED[name]
    assert set(left_over(tmp_path / "out")) <= {"a.bin.part", "a.bin.part.json"}
    assert other.asked == []
    hub.faults.clear()  # and what it left does no harm
    fetch(web, remote(hub, content), tmp_path / "out" / "a.bin")
    assert (tmp_path / "out" / "a.bin").read_bytes() == content


def test_a_resume_asks_for_the_rest_only(tmp_path: Path, hub: Hub, web: Web, content: bytes) -> None:
    hub.faults["a.bin"] = ["cut", "403"]
    target = tmp_path / "out" / "a.bin"
    with pytest.raises(SourceError):
        fetch(web, remote(hub, content), target)
    hub.asked.clear()
    fetch(web, remote(hub, content), target)  # as a new process would
    assert [ranged for _, ranged in hub.asked] == [f"bytes={SIZE // 2}-"]
    assert hub.sent["a.bin"] == SIZE and target.read_bytes() == content
    fetch(web, remote(hub, content), target)  # nothing to do
    assert len(hub.asked) == 1


@pytest.mark.parametrize("etag", [True, False])
def test_another_version_is_never_joined_to_the_first(
    tmp_path: Path, hub: Hub, web: Web, content: bytes, etag: bool
) -> None:
    hub.faults["a.bin"], hub.etag = ["cut", "403"], etag
    target, unknown = tmp_path / "out" / "a.bin", replace(remote(hub, content), size=None, digest=None)
    with pytest.raises(SourceError):
        fetch(web, unknown, target)
    newer = Random(1).randbytes(SIZE)
    (tmp_path / "repo" / "a.bin").write_bytes(newer)
    fetch(web, unknown, target)
    assert target.read_bytes() == newer


def test_the_same_content_is_resumed_from_another_source(
    tmp_path: Path, hub: Hub, other: Hub, sources: Sources, content: bytes
) -> None:
    hub.faults["a.bin"] = ["cut", "403"]
    other.repos["me/one"] = tmp_path / "repo"
    web = replace(sources, addresses={"hf": hub.url, "modelscope": other.url}).web()
    file, target = remote(hub, content), tmp_path / "out" / "a.bin"
    with pytest.raises(SourceError):
        fetch(web, file, target)
    fetch(web, replace(file, url=file.url.replace(hub.url, other.url)), target)
    assert target.read_bytes() == content and other.sent["a.bin"] == SIZE - SIZE // 2


def test_a_file_of_unknown_length_is_bounded(tmp_path: Path, hub: Hub, web: Web, content: bytes) -> None:
    file = replace(remote(hub, content), size=None, digest=None)
    for faults in ([], ["endless"]):
        hub.faults["a.bin"] = faults
        with pytest.raises(SourceError) as caught:
            fetch(web, file, tmp_path / "out" / "a.bin", limit=SIZE - 1)
        assert caught.value.code == "source_length"
        assert left_over(tmp_path / "out") == []


def test_files_of_unknown_size_are_bounded_together(
    tmp_path: Path, hub: Hub, web: Web, content: bytes
) -> None:
    files = [replace(remote(hub, content, f"{n}.bin"), size=None, digest=None) for n in range(3)]
    limit = SIZE * 5 // 2
    with pytest.raises(SourceError) as caught:
        fetch_files(files, tmp_path / "out", web, lambda event: None, Stop(), limit=limit)
    assert caught.value.code == "source_too_large"
    assert sum(path.stat().st_size for path in (tmp_path / "out").glob("*.bin*")) <= limit + (1 << 20)


def test_what_comes_is_counted_as_it_comes(
    tmp_path: Path, hub: Hub, web: Web, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gigabytes are not read again for their checksum; what an earlier try has left is, and once."""
    reread: list[int] = []
    count = Tally.count_file

    def spy(tally: Tally, path: Path, size: int, stop: Stop) -> None:
        before = len(tally.counted)
        count(tally, path, size, stop)
        reread.append(len(tally.counted) - before)

    class Spied(Tally):
        counted = b""

        def count(self, chunk: bytes) -> None:
            self.counted += chunk
            super().count(chunk)

    monkeypatch.setattr("sd_chinese.registry.download.digest_of", None)
    monkeypatch.setattr(Tally, "count_file", spy)
    hub.faults["a.bin"] = ["cut", "403"]
    target, expected = tmp_path / "out" / "a.bin", hashlib.sha256(content).hexdigest()
    with pytest.raises(SourceError):
        fetch(web, remote(hub, content), target, tally=Spied())
    assert sum(reread) == 0
    hub.faults["a.bin"] = ["cut", "cut"]
    assert Download(web, remote(hub, content), target, Stop(), tally=Spied()).run() == expected
    assert sum(reread) == SIZE // 2
    hub.faults["a.bin"] = ["corrupt", "whole"]  # and one that starts anew counts anew
    target.unlink()
    assert Download(web, remote(hub, content), target, Stop(), tally=Spied()).run() == expected
    assert sum(reread) == SIZE // 2


def test_a_wrong_file_under_the_right_name_is_fetched_anew(
    tmp_path: Path, hub: Hub, web: Web, content: bytes
) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(content[:-1] + b"?")
    hub.faults["a.bin"] = ["cut"]
    fetch(web, remote(hub, content), target)
    assert target.read_bytes() == content


def test_it_can_be_stopped_while_the_line_is_dead(
    tmp_path: Path, hub: Hub, sources: Sources, content: bytes
) -> None:
    hub.faults["a.bin"] = ["stall"]
    stop, half = Stop(), threading.Event()

    def seen(done: int) -> None:
        if done >= SIZE // 2:
            half.set()

    download = Download(
        replace(sources, timeout=60).web(), remote(hub, content), tmp_path / "a.bin", stop, on_bytes=seen
    )
    errors: list[str] = []

    def run() -> None:
        try:
            download.run()
        except SdzhError as error:
            errors.append(error.code)

    thread = threading.Thread(target=run)
    thread.start()
    assert half.wait(10)
    stop.set()
    thread.join(10)
    assert errors == ["cancelled"] and not (tmp_path / "a.bin").exists()


def test_many_files_report_as_one(tmp_path: Path, hub: Hub, web: Web, content: bytes) -> None:
    files = [remote(hub, content, f"part{number}/a.bin") for number in range(6)]
    hub.faults["a.bin"] = ["cut", "slow", "stall", "", "503"]
    events: list[Progress] = []
    fetch_files(files, tmp_path / "out", web, events.append, Stop())
    assert all((tmp_path / "out" / file.path).read_bytes() == content for file in files)
    done = [event.done for event in events]
    assert done == sorted(done) and done[-1] == events[-1].total == 6 * SIZE


def test_the_first_failure_ends_all(tmp_path: Path, hub: Hub, web: Web, content: bytes) -> None:
    files = [remote(hub, content, f"{number}.bin") for number in range(8)]
    hub.faults["a.bin"] = ["", "404…"]
    with pytest.raises(SourceError):
        fetch_files(files, tmp_path / "out", web, lambda event: None, Stop(), parallel=2)
    assert len(hub.asked) <= 4
    assert not [name for name in left_over(tmp_path / "out") if not name.endswith((".bin", ".part", ".json"))]


def test_a_full_disk_is_told_beforehand(
    tmp_path: Path, hub: Hub, web: Web, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": SIZE - 1}))
    with pytest.raises(SdzhError) as caught:
        fetch_files([remote(hub, content)], tmp_path / "out", web, lambda event: None, Stop())
    assert caught.value.code == "disk_full" and hub.asked == []


TRAVERSALS = [
    "../a",
    "a/../../b",
    "/etc/passwd",
    "C:/a",
    "C:a",
    "//host/share",
    "a\\b",
    "\\\\host\\a",
    "a//b",
    "..\\a",
]
DEVICES = [
    "con.txt",
    "CON",
    "con .txt",
    "x/aux.json",
    "NUL",
    "com1",
    "com¹.bin",
    "lpt9.x.y",
    "conin$",
    "CLOCK$",
]
UNNAMEABLE = [
    "a.",
    " a",
    "a ",
    "a\0b",
    "a\nb",
    "a\x7f",
    "",
    ".",
    "..",
    "a\ud800",
    "a:b",
    "a?",
    "a/" * 20 + "b",
]
LONG = ["x" * 201, "水" * 67]  # of 255 bytes, of which a download needs some for itself
OURS = ["a.bin.part", "a.bin.part.json", "A.PART"]


@pytest.mark.parametrize("name", [*TRAVERSALS, *DEVICES, *UNNAMEABLE, *LONG, *OURS], ids=ascii)
def test_names_cannot_leave_the_folder(tmp_path: Path, hub: Hub, web: Web, content: bytes, name: str) -> None:
    with pytest.raises(SourceError) as caught:
        fetch_files([remote(hub, content, name)], tmp_path / "out", web, lambda event: None, Stop())
    assert caught.value.code == "name_unsafe" and hub.asked == []
    assert left_over(tmp_path) == ["repo/a.bin"]


@pytest.mark.parametrize("name", ["x" * 200, "水" * 66, "console.txt", "com10", "a.b/.c", ".a"])
def test_odd_names_that_are_fine(tmp_path: Path, hub: Hub, web: Web, content: bytes, name: str) -> None:
    fetch_files([remote(hub, content, name)], tmp_path / "out", web, lambda event: None, Stop())
    assert (tmp_path / "out" / name).read_bytes() == content


ONE = [["A.bin", "a.bin"], ["é.bin", "e\u0301.bin"], ["ß", "SS"], ["a", "a/b"], ["b/c/d", "B"], ["a"] * 2]


@pytest.mark.parametrize(
    "names", [*ONE, [f"{number}.json" for number in range(201)]], ids=lambda each: each[0]
)
def test_names_that_are_one_on_some_disks_or_too_many(
    tmp_path: Path, hub: Hub, web: Web, content: bytes, names: list[str]
) -> None:
    files = [remote(hub, content, name) for name in names]
    with pytest.raises(SourceError) as caught:
        fetch_files(files, tmp_path / "out", web, lambda event: None, Stop())
    assert caught.value.code == "name_unsafe" and hub.asked == []


def test_checksums(tmp_path: Path) -> None:
    file = tmp_path / "hello"
    file.write_bytes(b"hello\n")
    assert digest_of(file, "git") == "ce013625030ba8dba906f756967f9e9ca394464a"  # as `git hash-object` says
    assert digest_of(file, "sha1") == hashlib.sha1(b"hello\n").hexdigest()
    assert len(digest_of(file, "sha512")) == 128
