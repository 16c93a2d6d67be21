"""Where a model can be had: the endpoints, the user's order of them, and how each lists a repository's files."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Stop
from sd_chinese.registry.addresses import SourceError
from sd_chinese.registry.card import Card, Source
from sd_chinese.registry.download import Digest, RemoteFile
from sd_chinese.registry.web import Web, authority, shown

# What a user's order is made of: name -> (kind of a card's source, where it is asked). Local kinds have no address.
ENDPOINTS: dict[str, tuple[str, str]] = {
    "bundled": ("bundled", ""),
    "local": ("local", ""),
    "modelscope": ("modelscope", "https://www.modelscope.cn"),
    "hf-mirror": ("hf", "https://hf-mirror.com"),
    "hf": ("hf", "https://huggingface.co"),
    "npmmirror": ("npm", "https://registry.npmmirror.com"),
    "npm": ("npm", "https://registry.npmjs.org"),
}
# The variables by which other programs are told of a mirror.
_VARIABLES = {"hf": ("HF_ENDPOINT",), "npm": ("npm_config_registry", "NPM_CONFIG_REGISTRY")}
ORDER_VARIABLE, PROXY_VARIABLE = "SDZH_SOURCES", "SDZH_PROXY"
_PAGES = 50


@dataclass(frozen=True)
class Sources:
    """The user's choice of sources.

    Attributes:
        order: names of `ENDPOINTS`; what is not named is not asked.
        addresses: name -> address that takes the place of the table's.
        proxy: for `Web.proxy`.
        folder: a file or folder with the model's files, used instead of all others.
        timeout, patience, attempts, pause: for `Web`.
    """

    order: tuple[str, ...] = tuple(ENDPOINTS)
    addresses: Mapping[str, str] = field(default_factory=dict)
    proxy: str | None = None
    folder: Path | None = None
    timeout: float = 30.0
    patience: float = 8.0
    attempts: int = 5
    pause: float = 1.0

    def __post_init__(self) -> None:
        for name in (*self.order, *self.addresses):
            if name not in ENDPOINTS:
                raise SdzhError("source_unknown", name=name, choices=", ".join(ENDPOINTS))
        for address in self.addresses.values():
            if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
                raise SdzhError("source_address", address=address)

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Sources:
        """What the variables say: ``SDZH_SOURCES`` (names, with commas), ``SDZH_PROXY``, ``HF_ENDPOINT`` …"""
        order = tuple(filter(None, re.split(r"[,\s，]+", variables.get(ORDER_VARIABLE, ""))))
        addresses = {
            name: variables[variable]
            for name, choices in _VARIABLES.items()
            for variable in choices
            if variables.get(variable)
        }
        return cls(order or cls.order, addresses, variables.get(PROXY_VARIABLE))

    def address(self, name: str) -> str:
        return self.addresses.get(name, ENDPOINTS[name][1]).rstrip("/")

    def web(self) -> Web:
        """The line to these sources."""
        trusted = frozenset(authority(self.address(name)) for name in self.order if self.address(name))
        return Web(trusted, self.proxy, self.timeout, self.patience, self.attempts, self.pause)

    def offers(self, card: Card) -> list[Offer]:
        """Every way to get a card's files, in the user's order."""
        if self.folder:
            return [Offer("local", Source("local", path=str(self.folder)))]
        return [
            Offer(name, source, self.address(name))
            for name in self.order
            for source in card.sources
            if source.kind == ENDPOINTS[name][0]
        ]


@dataclass(frozen=True)
class Offer:
    """One way to get a card's files."""

    name: str
    source: Source
    address: str = ""


def list_files(offer: Offer, web: Web, stop: Stop) -> list[RemoteFile]:
    """Ask a source for the files of its repository.

    Raises:
        SourceError: it cannot be reached, refuses, has no such repository, or answers something else.
    """
    try:
        return _LISTERS[offer.source.kind](offer, web, stop)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise SourceError("source_answer", url=shown(offer.address)) from None


def _list_hf(offer: Offer, web: Web, stop: Stop) -> list[RemoteFile]:
    """https://huggingface.co/docs/hub/api: one page of entries, the next one in the ``Link`` header."""
    repo, revision = quote(offer.source.repo), quote(offer.source.revision or "main", safe="")
    url: str | None = f"{offer.address}/api/models/{repo}/tree/{revision}?recursive=true"
    files = []
    for _ in range(_PAGES):
        entries, headers = web.json_page(str(url), stop)
        for entry in entries:
            if entry["type"] == "file":
                link = f"{offer.address}/{repo}/resolve/{revision}/{quote(entry['path'])}"
                files.append(RemoteFile(entry["path"], link, _size(entry["size"]), _hf_digest(entry)))
        url = _next_page(headers.get("Link", ""))
        if url is None:
            return files
        url = url.replace(ENDPOINTS["hf"][1], offer.address, 1)  # as a mirror may have passed it on
    raise SourceError("source_answer", url=shown(offer.address))


def _hf_digest(entry: Mapping[str, Any]) -> Digest | None:
    """Large files carry their SHA-256, small ones git's name for their content."""
    if entry.get("lfs"):
        return _digest("sha256", entry["lfs"].get("oid") or entry["lfs"].get("sha256"))
    return _digest("git", entry.get("oid"))


def _next_page(link: str) -> str | None:
    found = re.search(r'<([^<>]+)>\s*;\s*rel="next"', link)
    return found[1] if found else None


def _list_modelscope(offer: Offer, web: Web, stop: Stop) -> list[RemoteFile]:
    repo, revision = quote(offer.source.repo), offer.source.revision or "master"
    api = f"{offer.address}/api/v1/models/{repo}/repo"
    answer = web.json(f"{api}/files?{urlencode({'Revision': revision, 'Recursive': 'True'})}", stop)
    if not answer.get("Success", True) or answer.get("Code", 200) != 200:
        raise SourceError("source_missing", url=shown(api), status=answer.get("Code"))
    return [
        RemoteFile(
            entry["Path"],
            f"{api}?{urlencode({'Revision': revision, 'FilePath': entry['Path']})}",
            _size(entry.get("Size")),
            _digest("sha256", entry.get("Sha256")),
        )
        for entry in answer["Data"]["Files"]
        if entry.get("Type") != "tree"
    ]


def _list_npm(offer: Offer, web: Web, stop: Stop) -> list[RemoteFile]:
    """One file: the package as it was published."""
    package, version = quote(offer.source.package, safe="@"), quote(offer.source.revision)
    published = web.json(f"{offer.address}/{package}/{version}", stop)["dist"]
    integrity = published.get("integrity") or ""
    if offer.source.integrity and integrity != offer.source.integrity:
        raise SourceError("source_changed", path=offer.source.package)
    algorithm, _, value = integrity.partition("-")
    if algorithm == "sha512":
        digest = _digest("sha512", base64.b64decode(value, validate=True).hex())
    else:
        digest = _digest("sha1", published["shasum"])
    return [RemoteFile("package.tgz", published["tarball"], None, digest)]


_LISTERS: dict[str, Callable[[Offer, Web, Stop], list[RemoteFile]]] = {
    "hf": _list_hf,
    "modelscope": _list_modelscope,
    "npm": _list_npm,
}
_LENGTHS = {"sha256": 64, "sha512": 128, "sha1": 40, "git": 40}


def _digest(algorithm: str, value: object) -> Digest | None:
    """A checksum as the source gives it; None where it gives none."""
    if not value:
        return None
    text = str(value).lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_LENGTHS[algorithm]}}}", text):
        raise ValueError(text)
    return Digest(algorithm, text)


def _size(value: object) -> int | None:
    """
    Raises:
        ValueError: no size that a file can have.
    """
    if value is None:
        return None
    if not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value
