"""Who gets in, under every combination of the host's flags."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from sd_chinese.api.access import PAGE_HEADER, Access

USERS = (("画师", "墨:纸"), ("second", "b"))
LOGINS = {"issued-token": "somebody"}
OPEN = Access(page_token="page")
PAGE = Access(page_login=True, logins=lambda: LOGINS, page_token="page")
API = Access(users=USERS, page_token="page")
BOTH = Access(page_login=True, logins=lambda: LOGINS, users=USERS, page_token="page")

COOKIE = {"headers": {"cookie": "access-token-abc=issued-token"}}
OLD_COOKIE = {"headers": {"cookie": "access-token-unsecure=issued-token"}}
FORGED = {"headers": {"cookie": "access-token=guess"}}
CREDENTIALS = {"auth": tuple(name.encode("utf-8") for name in USERS[0])}
WRONG = {"auth": ("second", "c")}
HEADER = {"headers": {PAGE_HEADER: "page"}}
WRONG_HEADER = {"headers": {PAGE_HEADER: "other"}}
NOTHING: dict[str, object] = {}


@pytest.mark.parametrize(
    ("access", "sent", "status"),
    [
        (OPEN, NOTHING, 200),
        (PAGE, COOKIE, 200),
        (PAGE, OLD_COOKIE, 200),
        (PAGE, FORGED, 401),
        (PAGE, NOTHING, 401),
        (PAGE, CREDENTIALS, 401),
        (PAGE, HEADER, 401),
        (API, CREDENTIALS, 200),
        (API, WRONG, 401),
        (API, NOTHING, 401),
        (API, COOKIE, 401),
        (API, HEADER, 200),
        (API, WRONG_HEADER, 401),
        (API, {"headers": {"authorization": "Basic ???"}}, 401),
        (API, {"headers": {"authorization": "Bearer page"}}, 401),
        (BOTH, CREDENTIALS, 200),
        (BOTH, COOKIE, 200),
        (BOTH, HEADER, 401),
        (BOTH, NOTHING, 401),
    ],
)
def test_flags(
    client_of: Callable[[Access], TestClient], access: Access, sent: dict[str, object], status: int
) -> None:
    client = client_of(access)
    assert client.get("/sdzh/v1/jobs", **sent).status_code == status  # type: ignore[arg-type]
    reply = client.post("/sdzh/v1/complete", json={"before": "守株"}, **sent)  # type: ignore[arg-type]
    assert reply.status_code == status
    if status == 401:
        assert reply.json()["code"] == "login_needed"


def test_every_route_asks(client_of: Callable[[Access], TestClient]) -> None:
    client = client_of(API)
    paths = client.get("/openapi.json").json()["paths"]
    asked = [
        (
            path,
            method,
            client.request(method, path.format(card_id="mini", job_id="x", kind="base")).status_code,
        )
        for path, methods in paths.items()
        for method in methods
    ]
    assert len(asked) >= 14
    assert {status for _, _, status in asked} == {401}


def test_a_browser_shows_no_login_box_of_its_own(client_of: Callable[[Access], TestClient]) -> None:
    client = client_of(API)
    assert "www-authenticate" in client.get("/sdzh/v1/jobs").headers
    page = client.get("/sdzh/v1/jobs", headers={"sec-fetch-mode": "cors"})
    assert "www-authenticate" not in page.headers


def test_another_site_changes_nothing(client: TestClient) -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    reply = client.post("/sdzh/v1/models/mini/install", json={}, headers=foreign)
    assert (reply.status_code, reply.json()["code"]) == (403, "cross_site")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/models/mini/install", {}),
        ("POST", "/models/convert", {"name": "x"}),
        ("DELETE", "/models/mini", None),
        ("POST", "/jobs/install-1/cancel", {}),
    ],
)
def test_no_installs_where_the_host_forbids_them(
    client_of: Callable[[Access], TestClient], method: str, path: str, body: object
) -> None:
    client = client_of(Access(may_install=False))
    reply = client.request(method, f"/sdzh/v1{path}", json=body)
    assert (reply.status_code, reply.json()["code"]) == (403, "access_disabled")
    assert client.get("/sdzh/v1/models").status_code == 200
