"""The prompt's routes under what a careless client, an impatient one and a host that is painting do to them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sd_chinese.api.access import Access
from sd_chinese.api.routes import build_router
from sd_chinese.hosts import pages
from sd_chinese.workflows.expand_generation import Wish
from sd_chinese.workflows.open_desk import Desk
from tests.api.test_routes import LINE, V1, post
from tests.fake_webui import FakeWebui, fake_webui  # noqa: F401


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("/expand", b"", "request_invalid"),
        ("/expand", b"[" * 200_000, "request_unreadable"),
        ("/expand", b"\xff\xfe{", "request_unreadable"),
        ("/expand", b'{"prompt": "\\ud800"}', "request_unreadable"),
        ("/expand", b'{"prompt": "a", "off": ["\\ud800"], "view": "\\ud800"}', "expand_option"),
        ("/expand", b'{"prompt": "a", "style": "\\ud800"}', "style_unknown"),
        ("/expand", b'{"prompt": "a", "limit": 0}', "request_invalid"),
        ("/complete", b'{"before": "szdt", "limit": 0}', "request_invalid"),
    ],
)
def test_a_careless_body_is_a_sentence(client: TestClient, path: str, content: bytes, code: str) -> None:
    reply = client.post(V1 + path, content=content, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (422 if code.startswith("request") else 400, code)
    assert reply.json()["zh"] and reply.json()["en"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/jobs/none", 404, "job_unknown"),
        ("GET", "/jobs/none/events", 404, "job_unknown"),
        ("DELETE", "/models/none", 404, "card_unknown"),
        ("GET", "/models?kind=%3Cb%3E", 400, "expand_option"),
        ("GET", "/inspiration?day=yesterday", 422, "request_invalid"),
        ("POST", "/folders/secret/open", 400, "folder_elsewhere"),
    ],
)
def test_what_is_unknown_is_a_sentence(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    reply = client.request(method, V1 + path)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.json()["zh"] and reply.json()["en"]


def test_what_a_request_leaves_out_is_as_the_settings_say(client: TestClient, desk: Desk) -> None:
    wish = {"view": "意境", "style": "青绿山水", "language": "en", "avoid": False}
    desk.defaults = lambda: Wish(**wish)  # type: ignore[arg-type]  # as the table names them
    assert client.get(f"{V1}/host").json()["defaults"] == wish
    default = post(client, "/expand", prompt=LINE)
    said = post(client, "/expand", prompt=LINE, view="直绘", style="", avoid=True)
    assert "青绿" in str(default["prompt_zh"]) and "青绿" not in str(said["prompt_zh"])
    readings = {each["name"]: each["prompt_zh"] for each in said["candidates"]}  # type: ignore[attr-defined]
    assert said["prompt_zh"] == readings["直绘"] != readings["意境"]
    assert (default["negative_zh"], default["negative_en"]) == ("", "")
    assert "人肺" in str(said["negative_zh"])


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("月夜，<lora:水墨:0.8>一叶小舟", "月夜，一叶小舟"),
        ("月夜 AND 一叶小舟，远山", " 一叶小舟，远山"),
        ("[月夜:一叶小舟，远山:0.5]", "一叶小舟，远山"),
        ("[雪|一叶小舟]，远山", "一叶小舟，远山"),
    ],
)
def test_tokens_are_those_of_the_longest_text_that_is_read(client: TestClient, text: str, same: str) -> None:
    found = post(client, "/tokens", text=text)
    assert found["contexts"] == post(client, "/tokens", text=same)["contexts"]
    assert found["tokens"]


def test_no_picture_is_waited_for(desk: Desk, fake_webui: FakeWebui) -> None:  # noqa: F811
    """In a host that is painting: its queue's lock is held, and the model that paints is asked for as in a host."""
    desk.chosen = partial(pages.chosen_model, desk.host, lambda host: {})
    app = FastAPI()
    app.include_router(build_router(desk, Access()))
    client = TestClient(app)
    asked = [
        partial(client.post, f"{V1}/expand", json={"prompt": LINE}),
        partial(client.post, f"{V1}/complete", json={"before": "守株"}),
        *(
            partial(client.get, f"{V1}/{name}")
            for name in ("host", "styles", "inspiration", "models", "jobs")
        ),
    ]
    with fake_webui.module("call_queue").queue_lock, ThreadPoolExecutor(len(asked)) as pool:
        replies = [each.result(timeout=60) for each in [pool.submit(ask) for ask in asked]]
    assert [reply.status_code for reply in replies] == [200] * len(asked)


def test_two_hundred_at_the_same_moment(client: TestClient) -> None:
    """All are let go at once; a small question among them is answered as well."""
    start = threading.Barrier(200)

    def ask(number: int) -> str:
        start.wait(60)
        if number == 100:
            return str(client.get(f"{V1}/jobs").json())
        reply = client.post(f"{V1}/expand", json={"prompt": f"{LINE}，{number}"})
        return str(reply.json()["input"])

    with ThreadPoolExecutor(200) as pool:
        found = list(pool.map(ask, range(200)))
    assert found == ["[]" if number == 100 else f"{LINE}，{number}" for number in range(200)]
