"""Routes on demand, judged by FastAPI's own client."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("fastapi")

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.routing import NoMatchFound

from sd_chinese.hosts.routes import add_on_demand, is_closing
from tests.fake_webui import FakeWebui, fake_webui  # noqa: F401


def app_with_routes() -> tuple[FastAPI, list[int]]:
    """A host's app that has answered before, and how often our routes were built."""
    app, built = FastAPI(), []
    app.get("/host")(lambda: "host")
    TestClient(app).get("/host")

    def build() -> list[object]:
        built.append(1)
        router = APIRouter(prefix="/ours/v1")
        router.get("/one")(lambda: 1)
        router.get("/two")(lambda: 2)
        return router.routes

    add_on_demand(app, "/ours/v1", build)
    return app, built


def test_the_first_request_for_them_builds_them_once() -> None:
    app, built = app_with_routes()
    client = TestClient(app)
    assert client.get("/host").json() == "host" and not built
    assert [client.get(f"/ours/v1/{name}").json() for name in ("one", "two", "one")] == [1, 2, 1]
    assert client.get("/ours/v1/three").status_code == 404
    assert client.get("/nothing").status_code == 404
    assert built == [1]


def test_the_list_of_all_routes_names_them() -> None:
    app, built = app_with_routes()
    assert set(TestClient(app).get("/openapi.json").json()["paths"]) == {
        "/host",
        "/ours/v1/one",
        "/ours/v1/two",
    }
    assert built == [1]


def test_other_names_are_still_found() -> None:
    app, _ = app_with_routes()
    assert app.url_path_for("openapi") == "/openapi.json"
    with pytest.raises(NoMatchFound):
        app.url_path_for("nobody")


def test_a_server_that_is_told_to_end_is_seen(fake_webui: FakeWebui) -> None:  # noqa: F811
    shared = fake_webui.module("shared")
    shared.demo = None
    assert not is_closing()
    shared.demo = SimpleNamespace(server=SimpleNamespace(should_exit=False))
    assert not is_closing()
    shared.demo.server.should_exit = True
    assert is_closing()
