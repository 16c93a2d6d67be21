"""The sources as they answer, the user's order of them, and what may not be followed."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Stop
from sd_chinese.registry.addresses import SourceError, is_inside
from sd_chinese.registry.card import Source
from sd_chinese.registry.catalog import Catalog
from sd_chinese.registry.download import Digest
from sd_chinese.registry.sources import ENDPOINTS, Offer, Sources, list_files
from sd_chinese.registry.web import Web, authority
from tests.registry.bad_server import Hub
from tests.registry.conftest import WEIGHTS


@pytest.mark.parametrize("kind", ["hf", "modelscope"])
def test_a_repository_is_listed(hub: Hub, sources: Sources, kind: str) -> None:
    offer = Offer(kind, Source(kind, repo="we/lora"), hub.url)
    (file,) = [
        each for each in list_files(offer, sources.web(), Stop()) if each.path.endswith(".safetensors")
    ]
    original = WEIGHTS / "lora-ink" / file.path
    assert file.size == original.stat().st_size
    assert file.digest == Digest("sha256", hashlib.sha256(original.read_bytes()).hexdigest())
    with sources.web().open(file.url, Stop()) as page:
        assert page.length == file.size
    hub.published = False
    assert {each.digest for each in list_files(offer, sources.web(), Stop())} == {None}


def test_an_npm_package_is_one_file(tmp_path: Path, hub: Hub, sources: Sources) -> None:
    (tmp_path / "verse-1.0.0.tgz").write_bytes(b"tarball")
    hub.repos["@we/verse"] = tmp_path
    source = Source("npm", package="@we/verse", revision="1.0.0")
    (file,) = list_files(Offer("npm", source, hub.url), sources.web(), Stop())
    assert file.digest == Digest("sha512", hashlib.sha512(b"tarball").hexdigest())
    with sources.web().open(file.url, Stop()) as page:
        assert page.read_all(100) == b"tarball"
    changed = Source("npm", package="@we/verse", revision="1.0.0", integrity="sha512-" + "A" * 86 + "==")
    with pytest.raises(SourceError) as caught:
        list_files(Offer("npm", changed, hub.url), sources.web(), Stop())
    assert caught.value.code == "source_changed"


REFUSED = {
    "404": "source_missing",
    "403": "source_forbidden",
    "html": "source_answer",
    "bad_json": "source_answer",
    "odd_json": "source_answer",
    "packed": "source_answer",
    "503": "source_interrupted",
    "hang": "source_unreachable",
    "loop": "redirect_loop",
    "elsewhere": "address_inside",
}


@pytest.mark.parametrize("fault", REFUSED)
@pytest.mark.parametrize("kind", ["hf", "modelscope"])
def test_a_listing_that_is_none(hub: Hub, sources: Sources, kind: str, fault: str) -> None:
    hub.faults["listing"] = [f"{fault}…"]
    with pytest.raises(SourceError) as caught:
        list_files(Offer(kind, Source(kind, repo="we/lora"), hub.url), sources.web(), Stop())
    assert caught.value.code == REFUSED[fault]


def test_sizes_and_checksums_that_are_none(hub: Hub, sources: Sources) -> None:
    offer = Offer("hf", Source("hf", repo="we/lora"), hub.url)
    for lie in ({"size": -1}, {"size": "12"}, {"sha256": "xyz"}, {"path": None}):
        hub.lies["pytorch_lora_weights.safetensors"] = lie
        with pytest.raises(SourceError) as caught:
            list_files(offer, sources.web(), Stop())
        assert caught.value.code == "source_answer"


def test_a_source_that_is_not_there(sources: Sources) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        closed = f"http://127.0.0.1:{server.server_address[1]}"
    web = Web(frozenset([authority(closed)]), "", 0.4, pause=0.001)
    with pytest.raises(SourceError) as caught:
        web.json(f"{closed}/x", Stop())
    assert caught.value.code == "source_unreachable"


class Pages(BaseHTTPRequestHandler):
    """A long listing in pages, and a proxy: it remembers what it was asked for."""

    asked: list[tuple[str, str]]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        page = int(self.path.partition("page=")[2] or 0)
        entry = {"type": "file", "path": f"{page}.bin", "size": 1, "oid": f"{page}" * 40}
        body = json.dumps([entry]).encode()
        self.send_response(200)
        if page < 2:
            host = (
                f"http://{self.headers['Host']}" if page else "https://huggingface.co"
            )  # as a careless mirror
            link = f"{host}/next?page={page + 1}"
            self.send_header("Link", f'<{link}>; rel="next"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def pages() -> Iterator[str]:
    Pages.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_long_listing_comes_in_pages(pages: str) -> None:
    sources = Sources(("hf",), {"hf": pages}, "")
    offer = Offer("hf", Source("hf", repo="a/b", revision="v/1"), pages)
    files = list_files(offer, sources.web(), Stop())
    assert [file.path for file in files] == ["0.bin", "1.bin", "2.bin"]
    assert files[0].digest == Digest("git", "0" * 40)
    assert "/tree/v%2F1?" in Pages.asked[0][0]


def test_a_proxy_is_used(pages: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    address = "http://hub.example"
    for chosen, expected in ((f"http://me:p%40ss@{pages[7:]}", "Basic bWU6cEBzcw=="), (pages[7:], "")):
        web = Sources(("hf",), {"hf": address}, chosen).web()
        web.json(f"{address}/x?y=1", Stop())
        assert Pages.asked[-1] == (f"{address}/x?y=1", expected)
    monkeypatch.setenv("http_proxy", pages)
    Sources(("hf",), {"hf": address}).web().json(f"{address}/system", Stop())
    assert Pages.asked[-1][0] == f"{address}/system"
    with pytest.raises(SdzhError) as caught:
        Sources(("hf",), {"hf": address}, "socks5://127.0.0.1:1").web().json(f"{address}/x", Stop())
    assert caught.value.code == "proxy_form"


def test_the_users_order_decides() -> None:
    card = Catalog.load().get("pai-diffusion-artist-large-zh")
    assert [offer.name for offer in Sources().offers(card)] == ["modelscope", "hf-mirror", "hf"]
    chosen = Sources(("hf", "modelscope"), {"hf": "https://mirror.example/"})
    assert [(offer.name, offer.address) for offer in chosen.offers(card)] == [
        ("hf", "https://mirror.example"),
        ("modelscope", "https://www.modelscope.cn"),
    ]
    assert chosen.web().trusted == {"mirror.example:443", "www.modelscope.cn:443"}
    local = Sources(folder=Path("/x")).offers(card)
    assert [(offer.name, offer.source.path) for offer in local] == [("local", str(Path("/x")))]


def test_the_environment_is_heard() -> None:
    said = Sources.from_environment(
        {"SDZH_SOURCES": "hf, modelscope", "HF_ENDPOINT": "https://mirror.example", "SDZH_PROXY": "p:1"}
    )
    assert (said.order, said.address("hf"), said.proxy) == (
        ("hf", "modelscope"),
        "https://mirror.example",
        "p:1",
    )
    assert Sources.from_environment({}).order == tuple(ENDPOINTS)
    for variables, code in (
        ({"SDZH_SOURCES": "ftp"}, "source_unknown"),
        ({"HF_ENDPOINT": "x"}, "source_address"),
    ):
        with pytest.raises(SdzhError) as caught:
            Sources.from_environment(variables)
        assert caught.value.code == code


INSIDE = """
    127.0.0.1 10.1.2.3 172.16.0.1 192.168.0.1 169.254.169.254 100.64.1.1 0.0.0.0 ::1 fe80::1%eth0 fd12::1 fec0::1
    2130706433 0x7f000001 0X7F.1 127.1 0177.0.0.1 017700000001 0 10.258 １２７.０.０.１ [::1] ::127.0.0.1
    ::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::a00:1 2002:7f00:1::1 localhost LocalHost a.localhost.
"""
OUTSIDE = "8.8.8.8 134744072 198.18.0.5 fc00::5 2606:4700::1 huggingface.co 172.32.0.1 0x.example 1.example"


@pytest.mark.parametrize("address", INSIDE.split())
def test_addresses_of_this_network(address: str) -> None:
    assert is_inside(address)


@pytest.mark.parametrize("address", OUTSIDE.split())
def test_addresses_outside_and_those_that_proxies_make_up(address: str) -> None:
    assert not is_inside(address)
