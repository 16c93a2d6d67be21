"""What a card or a server may name: addresses outside this network, and files inside their folder."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from pathlib import Path

from sd_chinese.errors import SdzhError


class SourceError(SdzhError):
    """One source failed; another may do."""


# Not `is_private`: 198.18.0.0/15 and fc00::/8 must stay open, proxies give every name such an address (fake-ip).
_INSIDE = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
        "::/96",
        "fd00::/8",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
]
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

_PART = re.compile(r'[^\x00-\x1f\x7f<>:"|?*\\/\ud800-\udfff]+')
_PART_BYTES = 200  # of the 255 that file systems allow: a download adds an ending of its own
_DEVICES = re.compile(
    r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]|con(in|out)\$|clock\$) *(\..*)?", re.IGNORECASE | re.ASCII
)


def is_inside(address: str) -> bool:
    """Whether an address, or a host that is written as one, belongs to this machine or this network."""
    name = unicodedata.normalize("NFKC", address).lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    ip = _ip(name.partition("%")[0].strip("[]"))
    if ip is None:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _TRANSLATED:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip.ipv4_mapped or ip.sixtofour:
            ip = ip.ipv4_mapped or ip.sixtofour or ip
    return any(ip in network for network in _INSIDE)


def _ip(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address in any spelling: resolvers also take ``2130706433``, ``0x7f.1`` and ``0177.0.0.1``."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name)) if name[:1].isdigit() else None
    except (OSError, UnicodeError):
        return None


def safe_path(folder: Path, name: str) -> Path:
    """``name``, a path with slashes that somebody else wrote, below ``folder`` on any operating system.

    Raises:
        SourceError: ``name_unsafe``: it leads out of the folder, or no file can be named so.
    """
    parts = name.split("/")
    if not all(_is_safe(part) for part in parts) or len(parts) > 16:
        raise SourceError("name_unsafe", name=ascii(name[:80]))
    return folder.joinpath(*parts)


def _is_safe(part: str) -> bool:
    return (
        bool(_PART.fullmatch(part))
        and len(part.encode("utf-8")) <= _PART_BYTES
        and not part.endswith((".", " "))
        and not part.startswith(" ")
        and not _DEVICES.fullmatch(part)
    )
