"""How a host is reached: within seconds, by whichever of its addresses answers, and never inside this network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Stop
from sd_chinese.registry.addresses import SourceError
from sd_chinese.registry.connection import Route
from sd_chinese.registry.web import Web
from tests.registry.bad_server import Hub

V4, V6 = socket.AF_INET, socket.AF_INET6
LookUp = Any


@pytest.fixture
def dead_port() -> Iterator[int]:
    """It accepts nobody: whoever connects waits, as at a blocked address."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):  # the queue of those that wait to be accepted is full
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        with socket.socket() as probe:
            probe.settimeout(0.3)
            if not probe.connect_ex(server.getsockname()):
                pytest.skip("this system accepts on behalf of the server")
        yield server.getsockname()[1]


def look_up(monkeypatch: pytest.MonkeyPatch, *answers: list[tuple[int, str, int]]) -> list[str]:
    """Let names mean what a test says, each time the next answer; the last one lasts. Returns the names asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, *_: object, **__: object) -> LookUp:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address, port in found]

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    return asked


def route(port: int, *, foreign: bool = False, proxy: str = "", patience: float = 0.5, **rest: Any) -> Route:
    chosen = urlsplit(proxy) if proxy else None
    return Route("http", "cdn.example", port, chosen, foreign, patience, rest.get("stop") or Stop())


def test_another_address_is_tried(hub: Hub, dead_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    port = urlsplit(hub.url).port or 0
    look_up(monkeypatch, [(V4, "127.0.0.1", dead_port), (V4, "127.0.0.1", port)])
    monkeypatch.setattr("sd_chinese.registry.connection._EACH", 0.1)
    connection = route(port, patience=2.0).connect()
    assert connection.sock.getpeername()[1] == port
    connection.close()


def test_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four IPv6 addresses that lead nowhere do not keep IPv4 waiting."""
    tried: list[str] = []

    class Deaf(socket.socket):
        def connect(self, address: Any) -> None:
            tried.append(address[0])
            raise OSError("no route")

    look_up(monkeypatch, [*((V6, f"2001:db8::{n}", 80) for n in range(4)), (V4, "192.0.2.1", 80)])
    monkeypatch.setattr("socket.socket", Deaf)
    with pytest.raises(OSError, match="no route"):
        route(80).connect()
    assert tried[:3] == ["2001:db8::0", "192.0.2.1", "2001:db8::1"] and len(tried) == 5


def test_a_host_that_never_answers_is_left_after_one_try(
    hub: Hub, dead_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = look_up(monkeypatch, [(V4, "127.0.0.1", dead_port)])
    web = Web(frozenset(["hub.example:80"]), "", patience=0.3)
    with pytest.raises(SourceError) as caught:
        web.json("http://hub.example/x", Stop())
    assert caught.value.code == "source_unreachable" and "hub.example" in caught.value.zh
    assert asked == ["hub.example"]


def test_waiting_for_a_connection_can_be_stopped(dead_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up(monkeypatch, [(V4, "127.0.0.1", dead_port)])
    stop, ended = Stop(), []

    def run() -> None:
        try:
            route(dead_port, patience=60, stop=stop).connect()
        except SdzhError as error:
            ended.append(error.code)

    thread = Thread(target=run)
    thread.start()
    while not stop._enders:
        thread.join(0.01)
    stop.set()
    thread.join(10)
    assert ended == ["cancelled"]


INSIDE = {"loopback": (V4, "127.0.0.1"), "lan": (V4, "10.0.0.8"), "mapped": (V6, "::ffff:192.168.1.1")}


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
@pytest.mark.parametrize("where", INSIDE)
def test_a_name_that_leads_inside(
    hub: Hub, other: Hub, where: str, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is written and whoever looks it up: nothing is sent."""
    family, address = INSIDE[where]
    port = urlsplit(other.url).port or 0
    look_up(monkeypatch, [(V4, "203.0.113.9", port), (family, address, port)])
    web = Web(frozenset(), hub.url if proxied else "", patience=0.3)
    with pytest.raises(SourceError) as caught, web.open(f"http://cdn.example:{port}/x", Stop()):
        pass
    assert caught.value.code == "address_inside" and not other.asked and not hub.asked


def test_a_name_that_changes_its_meaning(other: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is judged is what is dialled: there is no second look-up for a rebinding name to lie in."""
    port = urlsplit(other.url).port or 0
    asked = look_up(monkeypatch, [(V4, "203.0.113.9", port)], [(V4, "127.0.0.1", port)])
    dialled: list[str] = []

    class Watched(socket.socket):
        def connect(self, address: Any) -> None:
            dialled.append(address[0])
            raise OSError("far away")

    monkeypatch.setattr("socket.socket", Watched)
    with pytest.raises(OSError, match="far away"):
        route(port, foreign=True).connect()
    assert asked == ["cdn.example"] and dialled == ["203.0.113.9"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:10.0.0.1]", "localhost"]
)
def test_a_proxy_is_not_sent_inside(hub: Hub, host: str) -> None:
    web = Web(frozenset(), hub.url, patience=0.3)
    with pytest.raises(SourceError) as caught, web.open(f"http://{host}:8188/", Stop()):
        pass
    assert caught.value.code == "address_inside" and hub.asked == []


def test_a_proxy_may_know_names_that_this_machine_does_not(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any, **more: Any) -> LookUp:
        if host == "cdn.example":
            raise socket.gaierror(-2, "Name or service not known")
        return real(host, *rest, **more)

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    web = Web(frozenset(), hub.url, patience=5)
    with pytest.raises(SourceError) as caught, web.open("http://cdn.example/x", Stop()):
        pass
    assert caught.value.code == "source_missing" and len(hub.asked) == 1
