"""Who may ask: routes that are added to a started host have no authentication of their own.

Source: modules/api/api.py (`--api-auth`) and gradio/routes.py (`app.tokens`, the cookies `access-token…`).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from sd_chinese.errors import SdzhError

PAGE_HEADER = "x-sdzh-page"
_COOKIE = "access-token"
_READING = ("GET", "HEAD")


def no_logins() -> Mapping[str, object]:
    return {}


@dataclass(frozen=True)
class Access:
    """The host's rules.

    Attributes:
        page_login: the page asks for a login (`--gradio-auth`).
        logins: the tokens of those who are logged in, as gradio keeps them.
        users: API credentials (`--api-auth`), as (user, password).
        may_install: whether models may be installed from the page (`--disable-extension-access` forbids it).
        page_token: written into the page: where the page is open, who reads it may use it.
    """

    page_login: bool = False
    logins: Callable[[], Mapping[str, object]] = no_logins
    users: Sequence[tuple[str, str]] = ()
    may_install: bool = True
    page_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def check(self, request: Request) -> None:
        """
        Raises:
            SdzhError: ``login_needed``, or ``cross_site`` for a change that another site's page asks for.
        """
        if request.method not in _READING and request.headers.get("sec-fetch-site") == "cross-site":
            raise SdzhError("cross_site")
        if not (self.page_login or self.users):
            return
        if not (self._from_page(request) or self._has_credentials(request)):
            raise SdzhError("login_needed")

    def check_install(self) -> None:
        """
        Raises:
            SdzhError: ``access_disabled``.
        """
        if not self.may_install:
            raise SdzhError("access_disabled")

    def _from_page(self, request: Request) -> bool:
        if self.page_login:
            logins = self.logins()
            return any(value in logins for name, value in request.cookies.items() if name.startswith(_COOKIE))
        return _same(request.headers.get(PAGE_HEADER, ""), self.page_token)

    def _has_credentials(self, request: Request) -> bool:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(coded, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return False
        # All are compared, so that the time taken tells nothing.
        return sum(_same(given, f"{user}:{password}") for user, password in self.users) > 0


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8"), wanted.encode("utf-8"))
