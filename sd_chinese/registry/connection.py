"""One connection to a host: its addresses tried in turn and within seconds, those inside this network refused."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, unquote

from sd_chinese.progress import Stop
from sd_chinese.registry.addresses import SourceError, is_inside

PORTS = {"http": 80, "https": 443}
_EACH = 3.0  # seconds for one of many addresses: where one is blocked, another may not be

_Address = tuple[Any, ...]  # what `socket.getaddrinfo` finds


@dataclass(frozen=True)
class Route:
    """Where to, and how.

    Attributes:
        foreign: a host that nobody here has chosen: it must not lie inside this network.
        patience: seconds until it must have answered.
    """

    scheme: str
    host: str
    port: int
    proxy: SplitResult | None
    foreign: bool
    patience: float
    stop: Stop

    def connect(self) -> http.client.HTTPConnection:
        """
        Raises:
            SourceError: ``address_inside``.
            OSError, http.client.HTTPException, UnicodeError: it cannot be reached.
        """
        if self.foreign and (is_inside(self.host) or (self.proxy and self._seems_inside())):
            raise SourceError("address_inside", host=self.host)
        connection = self._connection()
        connection._create_connection = self._dial  # type: ignore[attr-defined]
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _connection(self) -> http.client.HTTPConnection:
        ends = (self.host, self.port)
        if self.proxy:
            ends = (self.proxy.hostname or "", self.proxy.port or PORTS[self.proxy.scheme])
        if self.scheme == "http":
            return http.client.HTTPConnection(*ends)
        connection = http.client.HTTPSConnection(*ends, context=_certificates())
        if self.proxy:
            connection.set_tunnel(self.host, self.port, headers=authorization(self.proxy))
        return connection

    def _dial(self, ends: tuple[str, int], *_: object) -> socket.socket:
        """The first address that answers. It is the address that is judged, and not the name: that may mean another
        one a moment later."""
        found = socket.getaddrinfo(*ends, type=socket.SOCK_STREAM)
        if self.foreign and not self.proxy and any(is_inside(str(each[4][0])) for each in found):
            raise SourceError("address_inside", host=self.host)
        end = time.monotonic() + self.patience
        each = max(_EACH, self.patience / max(1, len(found)))
        failure: OSError = TimeoutError("timed out")
        for family, kind, protocol, _name, address in _by_turns(found):
            left = end - time.monotonic()
            if left <= 0:
                break
            dialled = socket.socket(family, kind, protocol)
            dialled.settimeout(min(left, each))
            try:
                with self.stop.watching(dialled):
                    dialled.connect(address)
            except OSError as error:
                failure = error
                dialled.close()
                self.stop.check()
            except BaseException:
                dialled.close()
                raise
            else:
                dialled.settimeout(self.patience)
                return dialled
        raise failure

    def _seems_inside(self) -> bool:
        """What the name means here, when it is a proxy that will look it up: most often the same."""
        with suppress(OSError, UnicodeError):
            return any(is_inside(str(each[4][0])) for each in socket.getaddrinfo(self.host, self.port))
        return False


def authorization(proxy: SplitResult) -> dict[str, str]:
    """The header by which a proxy knows its user."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")}


def _by_turns(found: Iterable[_Address]) -> list[_Address]:
    """One address of each family after the other: where IPv6 leads nowhere, IPv4 is the second to be tried."""
    families: dict[int, list[_Address]] = {}
    for each in found:
        families.setdefault(each[0], []).append(each)
    places = {id(each): place for group in families.values() for place, each in enumerate(group)}
    return sorted((each for group in families.values() for each in group), key=lambda each: places[id(each)])


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """The system's, and certifi's where it is installed: python.org's Python on macOS has none of its own."""
    context = ssl.create_default_context()
    try:
        import certifi
    except ImportError:
        return context
    context.load_verify_locations(certifi.where())
    return context
