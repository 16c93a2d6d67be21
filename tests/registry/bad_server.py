"""A hub on the loopback that keeps repositories as HuggingFace, ModelScope and npm do, and misbehaves when told to.

Faults are named per file (`Hub.faults`): each request takes the next one of its list, and "" is good behaviour; the
last one of a list that ends with "…" lasts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

FAULTS: dict[str, Callable[[Handler, Path, int], None]] = {}


@dataclass
class Hub:
    """The repositories (name -> folder), what goes wrong, and what has been asked for.

    Attributes:
        published: whether checksums are.
        etag: whether answers carry a strong validator.
        lies: path -> what the listing says of a file instead of the truth.
        other: address of another server, for redirects.
        pace: seconds that every 64 KB of a file take.
    """

    repos: dict[str, Path] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    lies: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: bool = True
    etag: bool = True
    pace: float = 0.0
    other: str = ""
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    closing: threading.Event = field(default_factory=threading.Event)
    digests: dict[Path, str] = field(default_factory=dict)

    def next_fault(self, path: str) -> str:
        waiting = self.faults.get(path, [])
        if not waiting:
            return ""
        return waiting[0].removesuffix("…") if waiting[0].endswith("…") else waiting.pop(0)

    def sha256(self, file: Path) -> str:
        if file not in self.digests:
            state = hashlib.sha256()
            with file.open("rb") as source:
                while chunk := source.read(1 << 20):
                    state.update(chunk)
            self.digests[file] = state.hexdigest()
        return self.digests[file]


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Bound(Handler):
        pass

    Bound.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.closing.set()
        server.shutdown()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        place, query = unquote(parts.path), {k: v[0] for k, v in parse_qs(parts.query).items()}
        self.hub.asked.append((place, self.headers.get("Range", "")))
        for repo, folder in self.hub.repos.items():
            if place.startswith(f"/api/models/{repo}/tree/"):
                return self.send_json(self.hf_listing(folder), "listing")
            if place == f"/api/v1/models/{repo}/repo/files":
                files = [
                    {"Path": e["path"], "Size": e["size"], "Type": "blob", "Sha256": e["sha256"]}
                    for e in self.entries(folder)
                ]
                return self.send_json({"Code": 200, "Success": True, "Data": {"Files": files}}, "listing")
            if place == f"/api/v1/models/{repo}/repo":
                return self.send_path(folder, query["FilePath"])
            if place.startswith(f"/{repo}/resolve/"):
                return self.send_path(folder, place.split("/resolve/")[1].partition("/")[2])
            if place == f"/{repo}/1.0.0":
                (tarball,) = folder.iterdir()
                digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
                dist = {"tarball": f"{self.hub.url}/{repo}/resolve/x/{tarball.name}"}
                return self.send_json({"dist": {**dist, "integrity": f"sha512-{digest}"}}, "listing")
        self.reply(404, b"no such thing")

    def entries(self, folder: Path) -> list[dict[str, Any]]:
        listed = []
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = file.relative_to(folder).as_posix()
            digest = self.hub.sha256(file) if self.hub.published else None
            entry = {"path": name, "size": file.stat().st_size, "sha256": digest}
            listed.append({**entry, **self.hub.lies.get(name, {})})
        return listed

    def hf_listing(self, folder: Path) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = [{"type": "directory", "path": "unet", "oid": "0", "size": 0}]
        for entry in self.entries(folder):
            lfs = {"lfs": {"oid": entry["sha256"], "size": entry["size"]}} if entry["sha256"] else {}
            entries.append({"type": "file", "path": entry["path"], "size": entry["size"], **lfs})
        return entries

    def send_json(self, content: object, name: str) -> None:
        fault = self.hub.next_fault(name)
        if fault:
            return FAULTS[fault](self, Path(__file__), 0)
        self.reply(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def send_path(self, folder: Path, name: str) -> None:
        file = folder / name
        if not file.is_file():
            return self.reply(404, b"gone")
        start = 0
        asked = self.headers.get("Range", "")
        valid = self.headers.get("If-Range") in (None, self.tag(file))
        if asked and valid:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        fault = self.hub.next_fault(name)
        if fault:
            return FAULTS[fault](self, file, start)
        if asked and valid and start >= file.stat().st_size:
            return self.reply(416, b"", {"Content-Range": f"bytes */{file.stat().st_size}"})
        self.send_body(file, start)

    def tag(self, file: Path) -> str:
        return f'"{file.stat().st_mtime_ns:x}"'

    def send_body(self, file: Path, start: int, stop_at: int | None = None, pause: float = 0.0) -> None:
        """The file from ``start`` on; with ``stop_at`` fewer bytes than announced."""
        size = file.stat().st_size
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - start))
        self.send_header("Content-Type", "application/octet-stream")
        if self.hub.etag:
            self.send_header("ETag", self.tag(file))
        self.end_headers()
        with file.open("rb") as source:
            source.seek(start)
            left = (size if stop_at is None else stop_at) - start
            piece = 4096 if pause else 1 << 16 if self.hub.pace else 1 << 20
            while left > 0 and (chunk := source.read(min(left, piece))):
                self.wfile.write(chunk)
                self.hub.sent[file.name] += len(chunk)
                left -= len(chunk)
                time.sleep(pause or self.hub.pace)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def fault(function: Callable[[Handler, Path, int], None]) -> Callable[[Handler, Path, int], None]:
    FAULTS[function.__name__] = function
    return function


def half(file: Path, start: int) -> int:
    return start + (file.stat().st_size - start) // 2


@fault
def cut(handler: Handler, file: Path, start: int) -> None:
    handler.send_body(file, start, half(file, start))
    handler.close_connection = True


@fault
def stall(handler: Handler, file: Path, start: int) -> None:
    handler.send_body(file, start, half(file, start))
    handler.wfile.flush()
    handler.hub.closing.wait(20)
    handler.close_connection = True


@fault
def hang(handler: Handler, file: Path, start: int) -> None:
    handler.hub.closing.wait(20)
    handler.close_connection = True


@fault
def slow(handler: Handler, file: Path, start: int) -> None:
    handler.send_body(file, start, pause=0.001)


@fault
def silent(handler: Handler, file: Path, start: int) -> None:
    handler.close_connection = True


@fault
def garbage(handler: Handler, file: Path, start: int) -> None:
    handler.wfile.write(b"SSH-2.0-whatever\r\n\r\n")
    handler.close_connection = True


@fault
def short(handler: Handler, file: Path, start: int) -> None:
    handler.reply(200, file.read_bytes()[:-7])


@fault
def long(handler: Handler, file: Path, start: int) -> None:
    handler.reply(200, file.read_bytes() + b"more")


@fault
def endless(handler: Handler, file: Path, start: int) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(4 + 2 * file.stat().st_size // 65536):
        handler.wfile.write(b"10000\r\n" + b"\0" * 65536 + b"\r\n")
    handler.close_connection = True


@fault
def corrupt(handler: Handler, file: Path, start: int) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    handler.reply(200, bytes(data))


@fault
def packed(handler: Handler, file: Path, start: int) -> None:
    handler.reply(200, file.read_bytes(), {"Content-Encoding": "gzip"})


@fault
def html(handler: Handler, file: Path, start: int) -> None:
    handler.reply(200, b"<!DOCTYPE html><title>Log in</title>", {"Content-Type": "text/html; charset=utf-8"})


@fault
def whole(handler: Handler, file: Path, start: int) -> None:
    """Ranges are not understood."""
    handler.send_body(file, 0)


@fault
def wrong_range(handler: Handler, file: Path, start: int) -> None:
    size = file.stat().st_size
    handler.reply(206, file.read_bytes()[1:], {"Content-Range": f"bytes 1-{size - 1}/{size}"})


@fault
def no_range(handler: Handler, file: Path, start: int) -> None:
    handler.reply(416, b"", {"Content-Range": "bytes */3"})


@fault
def bad_json(handler: Handler, file: Path, start: int) -> None:
    handler.reply(200, b'[{"type": "file"', {"Content-Type": "application/json"})


@fault
def odd_json(handler: Handler, file: Path, start: int) -> None:
    handler.reply(200, b'[{"type": "file", "path": 3, "size": "big"}]', {"Content-Type": "application/json"})


def refusal(status: int) -> Callable[[Handler, Path, int], None]:
    return lambda handler, file, start: handler.reply(status, b"no", {"Retry-After": "0"})


def redirect(target: Callable[[Handler], str]) -> Callable[[Handler, Path, int], None]:
    return lambda handler, file, start: handler.reply(302, b"", {"Location": target(handler)})


FAULTS |= {str(status): refusal(status) for status in (401, 403, 404, 429, 500, 503)}
FAULTS |= {
    "loop": redirect(lambda handler: handler.path),
    "elsewhere": redirect(lambda handler: f"{handler.hub.other}{handler.path}"),
    "localhost": redirect(lambda handler: f"{handler.hub.other.replace('127.0.0.1', 'localhost')}/"),
    "lan": redirect(lambda handler: "http://192.168.1.1/admin"),
    "lan6": redirect(lambda handler: "http://[::ffff:10.0.0.1]/"),
    "metadata": redirect(lambda handler: "http://169.254.169.254/latest/"),
    "disk": redirect(lambda handler: "file:///etc/passwd"),
    "ftp": redirect(lambda handler: "ftp://127.0.0.1/x"),
    "nowhere": redirect(lambda handler: ""),
}
