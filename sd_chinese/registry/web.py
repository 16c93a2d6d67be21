"""Requests to the outside with the standard library alone: proxies, redirects that are looked at, a way to stop."""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from sd_chinese import __version__
from sd_chinese.errors import SdzhError
from sd_chinese.progress import Stop
from sd_chinese.registry.addresses import SourceError, is_inside
from sd_chinese.registry.connection import PORTS, Route, authorization

REDIRECTS = 8
JSON_LIMIT = 32 << 20
_REDIRECTED = (301, 302, 303, 307, 308)
# Worth another try a little later; everything else that is no success is the source's last word.
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_REFUSALS = {401: "source_forbidden", 403: "source_forbidden", 404: "source_missing", 410: "source_missing"}
_CHUNK = 1 << 18


class LineError(Exception):
    """The line broke or the server is busy: the same request may succeed later.

    Args:
        after: seconds that the server asks to wait.
        tries: how many it is worth in a row.
    """

    def __init__(self, reason: object, *, after: float = 0.0, tries: int = sys.maxsize) -> None:
        super().__init__(getattr(reason, "strerror", None) or str(reason) or type(reason).__name__)
        self.after = after
        self.tries = tries

    @classmethod
    def unanswered(cls, reason: Exception) -> LineError:
        """The server has said nothing: another source is soon better than patience with this one."""
        return cls(reason, tries=1 if isinstance(reason, TimeoutError) else 2)


@dataclass(frozen=True)
class Web:
    """How to reach out.

    Attributes:
        trusted: hosts with port (``huggingface.co:443``) that the user or the project chose. All other hosts are
            reached through redirects only, and must not lie inside this network.
        proxy: its URL; None for the system's settings, empty for none.
        timeout: seconds without a byte after which a line counts as dead.
        patience: seconds until a server must have answered at all.
        attempts: tries in a row without a new byte.
        pause: seconds before the second try; doubled for each further one.
    """

    trusted: frozenset[str] = frozenset()
    proxy: str | None = None
    timeout: float = 30.0
    patience: float = 8.0
    attempts: int = 5
    pause: float = 1.0

    @contextmanager
    def open(self, url: str, stop: Stop, headers: Mapping[str, str] | None = None) -> Iterator[Page]:
        """GET, redirects followed.

        Raises:
            LineError: worth another try.
            SourceError: ``address_scheme``, ``address_inside``, ``redirect_loop``, ``source_certificate``, or the
                server's refusal. Status 416 is the caller's to understand.
        """
        for _ in range(REDIRECTS):
            connection = self._connect(urlsplit(url), stop)
            try:
                line = connection.sock
                assert line is not None
                with stop.watching(line):
                    response = self._request(connection, url, headers or {})
                    line.settimeout(self.timeout)
                    if response.status not in _REDIRECTED:
                        yield _checked(Page(response.status, response.headers, url, response, stop))
                        return
                    location = response.headers.get("Location")
            finally:
                connection.close()
            if not location:
                raise SourceError("source_status", url=shown(url), status=response.status)
            url = self._next(url, location)
        raise SourceError("redirect_loop", url=shown(url))

    def json(self, url: str, stop: Stop) -> Any:
        """Ask for JSON, patiently.

        Raises:
            SourceError: ``source_answer``, ``source_interrupted``, ``source_unreachable``, or as `open`.
        """
        return self.json_page(url, stop)[0]

    def json_page(self, url: str, stop: Stop) -> tuple[Any, HTTPMessage]:
        """JSON and the headers that came with it."""
        attempt = 0
        while True:
            try:
                with self.open(url, stop, {"Accept": "application/json"}) as page:
                    return json.loads(page.read_all(JSON_LIMIT).decode("utf-8")), page.headers
            except (ValueError, RecursionError):
                raise SourceError("source_answer", url=shown(url)) from None
            except LineError as error:
                attempt += 1
                self.back_off(attempt, error, url, stop)

    def back_off(self, failures: int, error: LineError, url: str, stop: Stop, granted: int = 1) -> None:
        """Wait after so many failures in a row, counted from 1.

        Args:
            granted: tries that the server has earned, whatever the error.

        Raises:
            SourceError: ``source_interrupted``, ``source_unreachable``: enough.
        """
        if failures >= min(self.attempts, max(error.tries, granted)):
            code = "source_interrupted" if error.tries == sys.maxsize else "source_unreachable"
            raise SourceError(code, url=shown(url), host=urlsplit(url).hostname, reason=error) from error
        stop.sleep(min(60.0, max(error.after, self.pause * 2 ** (failures - 1))))

    def _next(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
            raise SourceError("address_scheme", url=shown(target))
        return target

    def _connect(self, target: SplitResult, stop: Stop) -> http.client.HTTPConnection:
        try:
            host, port = target.hostname or "", target.port or PORTS.get(target.scheme, 0)
        except ValueError:
            host, port = "", 0
        if target.scheme not in PORTS or not host:
            raise SourceError("address_scheme", url=shown(target.geturl()))
        foreign = f"{host}:{port}" not in self.trusted
        proxy = self._proxy(target.scheme, host)
        try:
            return Route(target.scheme, host, port, proxy, foreign, self.patience, stop).connect()
        except ssl.SSLCertVerificationError as error:
            raise SourceError("source_certificate", host=host, reason=error.verify_message) from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            stop.check()  # what `Stop` has shut fails too
            raise LineError.unanswered(error) from error

    def _proxy(self, scheme: str, host: str) -> SplitResult | None:
        chosen = self.proxy
        if chosen is None:
            known = urllib.request.getproxies()
            chosen = known.get(scheme) or known.get("all") or ""
            if urllib.request.proxy_bypass(host):
                return None
        if not chosen or is_inside(host):
            return None
        proxy = urlsplit(chosen if "://" in chosen else f"http://{chosen}")
        if proxy.scheme not in PORTS or not proxy.hostname:
            raise SdzhError("proxy_form", scheme=proxy.scheme)
        return proxy

    def _request(
        self, connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        target = urlsplit(url)
        path = quote((target.path or "/") + (f"?{target.query}" if target.query else ""), safe=_KEPT)
        sent = {"User-Agent": f"sd-webui-chinese/{__version__}", "Accept-Encoding": "identity", **headers}
        proxy = self._proxy(target.scheme, target.hostname or "")
        if proxy and target.scheme == "http":
            path = f"http://{target.netloc.rpartition('@')[2]}{path}"
            sent.update(authorization(proxy))
        try:
            connection.request("GET", path, headers=sent)
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise LineError.unanswered(error) from error


@dataclass(frozen=True)
class Page:
    """An answer whose body has not been read yet."""

    status: int
    headers: HTTPMessage
    url: str
    _response: http.client.HTTPResponse = field(repr=False)
    _stop: Stop = field(repr=False)

    @property
    def length(self) -> int | None:
        """Of the body, as the server says."""
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def is_web_page(self) -> bool:
        return self.headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml"))

    def read(self) -> bytes:
        """Some more of the body; empty at its end.

        Raises:
            LineError: the line broke, or nothing came for too long.
            SdzhError: ``cancelled``.
        """
        try:
            data = self._response.read1(_CHUNK)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._stop.check()
            raise LineError(error) from error
        self._stop.check()  # a socket that `Stop` has shut reads as an end
        return data

    def read_all(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            LineError: it is shorter than announced.
            SourceError: ``source_answer``: it is longer than ``limit``, or a web page.
        """
        if self.is_web_page or (self.length or 0) > limit:
            raise SourceError("source_answer", url=shown(self.url))
        data = bytearray()
        while chunk := self.read():
            data += chunk
            if len(data) > limit:
                raise SourceError("source_answer", url=shown(self.url))
        if self.length is not None and len(data) < self.length:
            raise LineError(f"{len(data)} < {self.length}")
        return bytes(data)


def shown(url: str) -> str:
    """A URL for a message: without what signs it, and not endless."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:200]


def authority(url: str) -> str:
    """``host:port`` of a URL, as `Web.trusted` spells it."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or PORTS.get(parts.scheme, 0)}"


_KEPT = "/%?=&:@+,;!$'()*~-._[]"


def _checked(page: Page) -> Page:
    if page.status in _BUSY:
        after = page.headers.get("Retry-After", "")
        raise LineError(f"HTTP {page.status}", after=float(after) if after.isdigit() else 0.0)
    if page.status not in (200, 206, 416):
        code = _REFUSALS.get(page.status, "source_status")
        raise SourceError(code, url=shown(page.url), status=page.status)
    if page.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise SourceError("source_answer", url=shown(page.url))
    return page
