"""What the routes answer, and how they refuse."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from sd_chinese.api.access import Access
from sd_chinese.progress import Progress, Report, Stop
from sd_chinese.workflows.open_desk import Desk
from tests.registry.layouts import key_list, write
from tests.registry.test_identify import clip, under

V1 = "/sdzh/v1"
LINE = "飞流直下三千尺，旁边一位穿旗袍的女孩在吃夫妻肺片"


def post(client: TestClient, path: str, **body: object) -> dict[str, object]:
    reply = client.post(V1 + path, json=body)
    assert reply.status_code in (200, 202), reply.text
    found: dict[str, object] = reply.json()
    return found


def test_expand_shows_a_card_for_each_phrase(client: TestClient) -> None:
    reply = client.post(f"{V1}/expand", json={"prompt": LINE}).json()
    first, *_, last = reply["cards"]
    assert LINE[first["start"] : first["end"]] == first["text"] == "飞流直下三千尺"
    assert first["pinyin"] == "fēi liú zhí xià sān qiān chǐ"
    assert first["poem"] == {"title": "望庐山瀑布", "author": "李白", "dynasty": "唐"}
    assert "人肺" in last["trap"]["zh"]
    assert reply["candidates"][0]["name"] == "直绘"
    for candidate in reply["candidates"]:
        for language in ("zh", "en"):
            runs = candidate[f"runs_{language}"]
            assert "".join(run["text"] for run in runs) == candidate[f"prompt_{language}"]
            assert all(run["text"] in LINE for run in runs if not run["added"])


def test_what_is_written_keeps_its_schema(client: TestClient) -> None:
    """These two are not checked by the server at run time."""
    from sd_chinese.api.schemas import CompleteReply, ExpandReply

    found = ExpandReply(**post(client, "/expand", prompt=LINE))
    assert [card.text for card in found.cards] == ["飞流直下三千尺", "穿旗袍的女孩", "夫妻肺片"]
    assert CompleteReply(**post(client, "/complete", before="守株")).completions[0].word == "守株待兔"


def test_switching_off_keeps_the_card_and_drops_the_picture(client: TestClient) -> None:
    on = client.post(f"{V1}/expand", json={"prompt": LINE}).json()
    chip = on["cards"][0]["draws"][1]["zh"]
    off = client.post(f"{V1}/expand", json={"prompt": LINE, "off": [chip, "夫妻肺片"]}).json()
    assert [card["on"] for card in off["cards"]] == [card["text"] != "夫妻肺片" for card in on["cards"]]
    assert [draw["on"] for draw in off["cards"][0]["draws"]][:2] == [True, False]
    assert chip in on["prompt_zh"] and chip not in off["prompt_zh"]
    assert "夫妻肺片" in off["prompt_zh"]


def test_complete_by_characters_and_initials(client: TestClient) -> None:
    words = {
        typed: [
            (each["word"], each["replaces"])
            for each in post(client, "/complete", before=typed)["completions"]
        ]  # type: ignore[attr-defined]
        for typed in ("一只猫，守株", "masterpiece, szdt", "<lora:szdt", "守", "")
    }
    assert words["一只猫，守株"][0] == ("守株待兔", 2)
    assert words["masterpiece, szdt"][0] == ("守株待兔", 4)
    assert words["<lora:szdt"] == words["守"] == words[""] == []


def test_tokens_equal_the_tokenizer_of_the_model(client: TestClient) -> None:
    transformers = pytest.importorskip("transformers")
    from tests.api.conftest import MINI

    judge = transformers.BertTokenizer.from_pretrained(MINI / "tokenizer")
    text = "月夜，一叶小舟，远山"
    reply = post(client, "/tokens", text=text)
    assert reply["contexts"] == [judge(text, add_special_tokens=False)["input_ids"]]
    assert post(client, "/tokens", text=text, model="mini")["tokens"] == reply["tokens"]


def test_what_only_the_host_can_count_is_asked_of_it(desk: Desk, client: TestClient, tmp_path: Path) -> None:
    """CLIP's vocabulary is the host's; the file of an English checkpoint holds none."""
    english = under("cond_stage_model.transformer.text_model.", clip(49408))
    write(
        tmp_path / "english.safetensors", {**key_list("sd1_unet", "ldm", "model.diffusion_model."), **english}
    )
    desk.chosen = lambda: (tmp_path / "english.safetensors", None)
    assert client.post(f"{V1}/tokens", json={"text": "a cat"}).json()["code"] == "spec_ambiguous"
    desk.count_by_host = lambda text, negative: (len(text.split()), 75)
    reply = post(client, "/tokens", text="a cat")
    assert (reply["model"], reply["tokens"], reply["limit"], reply["contexts"]) == ("english", 2, 75, [])


def test_styles_sizes_and_inspiration(client: TestClient) -> None:
    styles = client.get(f"{V1}/styles").json()
    assert "水墨" in [style["name"] for style in styles]
    host = client.get(f"{V1}/host").json()
    assert host["model"]["name"] == "mini" and host["model"]["language"] == "zh"
    assert {"ratio": "1:1", "width": 128, "height": 128} in host["sizes"]
    for day, season in (
        ("2026-01-20", "冬"),
        ("2026-02-04", "春"),
        ("2026-08-07", "秋"),
        ("2026-06-01", "夏"),
    ):
        found = client.get(f"{V1}/inspiration", params={"day": day}).json()
        assert found["season"] == season and found["line"]


def test_models_are_listed_without_a_path_of_this_machine(client: TestClient, desk: Desk) -> None:
    reply = client.get(f"{V1}/models")
    rows = {row["name"]: row for row in reply.json()}
    assert rows["mini"]["state"] == "installed"
    assert str(desk.host.folder("base").parent) not in reply.text
    assert client.get(f"{V1}/encoders").status_code == 200
    assert client.get(f"{V1}/doctor").json()["lines"]


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/expand", b"{", 422, "request_invalid"),
        ("/expand", b"[]", 422, "request_invalid"),
        ("/expand", b'{"prompt": 7.5e999, "seed": "x"}', 422, "request_invalid"),
        ("/expand", json.dumps({"prompt": "守" * 10_000_000}).encode(), 413, "body_too_large"),
        ("/expand", json.dumps({"prompt": "a" * 20_001}).encode(), 413, "prompt_too_long"),
        (
            "/expand",
            json.dumps({"prompt": "守株待兔", "style": "<img onerror=x>"}).encode(),
            400,
            "style_unknown",
        ),
        ("/expand", json.dumps({"prompt": "守株待兔", "view": "?"}).encode(), 400, "expand_option"),
        ("/tokens", json.dumps({"text": "a", "model": "/etc/passwd"}).encode(), 404, "model_missing"),
        ("/models/nobody/install", b"{}", 404, "card_unknown"),
        ("/models/nobody/verify", b"{}", 404, "verify_unknown"),
        ("/models/convert", b'{"name": "../../x"}', 404, "convert_unlisted"),
        ("/jobs/install-99/cancel", b"{}", 404, "job_unknown"),
    ],
)
def test_refusals_are_sentences(
    client: TestClient, path: str, content: bytes, status: int, code: str
) -> None:
    reply = client.post(V1 + path, content=content, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.json()["zh"] and reply.json()["en"]


def test_two_hundred_at_once(client: TestClient) -> None:
    bodies = [{"prompt": f"{LINE}，{number}"} for number in range(200)]
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda body: client.post(f"{V1}/expand", json=body), bodies))
    assert {reply.status_code for reply in replies} == {200}
    assert [reply.json()["input"] for reply in replies] == [body["prompt"] for body in bodies]


def test_events_are_not_packed(client_of: Callable[[Access], TestClient], desk: Desk) -> None:
    """As every host packs its answers: a packer keeps what it has until there is enough of it."""
    from starlette.middleware.gzip import GZipMiddleware

    client = client_of(Access())
    client.app.add_middleware(GZipMiddleware, minimum_size=1)  # type: ignore[attr-defined]  # FastAPI has it
    job = desk.jobs.start("install", "x", lambda report, stop: report(Progress("download", 1, 2)))
    desk.jobs.join(job.id)
    reply = client.get(f"{V1}/jobs/{job.id}/events", headers={"accept-encoding": "gzip"})
    assert reply.headers["content-encoding"] == "identity" and "data: {" in reply.text
    assert (
        client.get(f"{V1}/models", headers={"accept-encoding": "gzip"}).headers["content-encoding"] == "gzip"
    )


def test_a_job_is_followed_and_cancelled_once(client: TestClient, desk: Desk) -> None:
    begun = threading.Event()

    def work(report: Report, stop: Stop) -> None:
        report(Progress("download", 1, 4))
        begun.set()
        while True:
            stop.sleep(0.01)

    job = desk.jobs.start("install", "<img onerror=x>", work)
    assert begun.wait(5)
    first = client.post(f"{V1}/jobs/{job.id}/cancel", json={"discard": True})
    assert (first.status_code, first.json()["state"]) == (200, "cancelled")
    second = client.post(f"{V1}/jobs/{job.id}/cancel", json={})
    assert (second.status_code, second.json()["code"]) == (409, "job_finished")
    stream = client.get(f"{V1}/jobs/{job.id}/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    last = json.loads(stream.text.strip().rsplit("data: ", 1)[1])
    assert (last["state"], last["progress"]["done"]) == ("cancelled", 1)
    assert [each["id"] for each in client.get(f"{V1}/jobs").json()] == [job.id]
    assert client.get(f"{V1}/jobs/{job.id}").json()["subject"] == "<img onerror=x>"


def test_a_stream_ends_with_the_server(client: TestClient, desk: Desk) -> None:
    """A server that is told to end waits for its answers: a job's stream must not last as long as the job."""
    job = desk.jobs.start("install", "slow", lambda report, stop: [stop.sleep(0.01) for _ in range(10_000)])
    desk.closing = lambda: True
    try:
        said = json.loads(client.get(f"{V1}/jobs/{job.id}/events").text.strip().rsplit("data: ", 1)[1])
        assert said["state"] == "running"
    finally:
        desk.jobs.cancel(job.id)


def test_who_hangs_up_is_no_error(client: TestClient) -> None:
    """The page drops a request when the next key is pressed: a host's middleware prints what a route raises."""
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": f"{V1}/complete", "raw_path": b"", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "root_path": "",
    }  # fmt: skip
    asyncio.run(client.app(scope, receive, send))
    assert sent[0]["status"] == 499
