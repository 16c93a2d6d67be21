"""How a route answers: access first, a bounded body, and every error as `{code, zh, en}`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sd_chinese.api.access import Access
from sd_chinese.errors import SdzhError

MAX_BODY = 1 << 20
_GONE = 499  # nginx's "client closed request"
#: What is not a mistake in the request itself (400).
STATUS = {
    "login_needed": 401,
    "cross_site": 403,
    "access_disabled": 403,
    "job_unknown": 404,
    "job_finished": 409,
    "licence_unread": 409,
    "convert_unlisted": 404,
    "remove_nothing": 404,
    "verify_unknown": 404,
    "card_unknown": 404,
    "model_missing": 404,
    "model_not_installed": 409,
    "body_too_large": 413,
    "prompt_too_long": 413,
    "request_invalid": 422,
    "request_unreadable": 422,
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def error_reply(error: SdzhError, request: Request) -> JSONResponse:
    """A browser's own login box is kept away from the page's requests, which carry `Sec-Fetch-Mode`.

    The sentence may repeat what was sent, a half of a character even.
    """
    headers = {}
    if error.code == "login_needed" and "sec-fetch-mode" not in request.headers:
        headers["WWW-Authenticate"] = 'Basic realm="sdzh"'
    said = {"zh": error.zh, "en": error.en}
    content = {
        "code": error.code,
        **{name: text.encode("utf-8", "replace").decode() for name, text in said.items()},
    }
    return JSONResponse(content, STATUS.get(error.code, 400), headers)


def route_class(access: Access) -> type[APIRoute]:
    """The class of all our routes; nothing is set on the host's own app."""

    class SdzhRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    access.check(request)
                    await _check_body(request)
                    return await handle(request)
                except SdzhError as error:
                    return error_reply(error, request)
                except RequestValidationError as error:
                    return error_reply(_invalid(error), request)
                except (HTTPException, UnicodeEncodeError) as error:
                    # A body that is no JSON at all; a half of a character, which no answer can repeat.
                    return error_reply(SdzhError("request_unreadable", reason=_reason(error)), request)
                except ClientDisconnect:  # the next key was pressed; a host would print it as an error
                    return Response(status_code=_GONE)

            return answer

    return SdzhRoute


async def _check_body(request: Request) -> None:
    """Read the body, which the route then finds read, but no more of it than `MAX_BODY`."""
    if _length(request) > MAX_BODY:
        raise SdzhError("body_too_large", limit=MAX_BODY)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise SdzhError("body_too_large", limit=MAX_BODY)
    request._body = body


def _length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isdigit() else 0


def _reason(error: HTTPException | UnicodeEncodeError) -> str:
    return str(error.detail) if isinstance(error, HTTPException) else error.reason


def _invalid(error: RequestValidationError) -> SdzhError:
    faults = [f"{'.'.join(str(each) for each in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
    return SdzhError("request_invalid", faults="; ".join(faults)[:500])
