"""Jobs: they run beside the caller, tell how far they are, and end when they are asked to."""

from __future__ import annotations

import io
import socket
import threading
import time

import pytest

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, ProgressLine, Report, Stop, describe, display_width
from sd_chinese.workflows.jobs import KEPT, Jobs


def test_a_job_reports_and_finishes() -> None:
    jobs, go = Jobs(), threading.Event()

    def work(report: Report, stop: Stop) -> str:
        assert go.wait(10)
        for done in range(3):
            report(Progress("download", done, 3))
        return "placed"

    job = jobs.start("install", "mini", work)
    assert jobs.start("install", "mini", work).id == job.id
    assert jobs.start("install", "other", lambda report, stop: None).id != job.id
    events = jobs.events(job.id, heartbeat=0.01)
    assert [next(events).state, next(events).state] == ["running", "running"]
    go.set()
    last = jobs.join(job.id)
    assert (last.state, last.result, last.progress) == ("done", "placed", Progress("download", 2, 3))
    assert last.ended is not None and last.ended >= last.started
    assert [each.subject for each in jobs.list()] == ["other", "mini"]
    assert list(jobs.events(job.id))[-1] == last


def test_a_job_is_cancelled_wherever_it_waits() -> None:
    jobs = Jobs()
    near, far = socket.socketpair()
    reading = threading.Event()

    def from_a_socket(report: Report, stop: Stop) -> None:
        with stop.watching(near):
            reading.set()
            near.recv(1)
            stop.check()

    def between_reports(report: Report, stop: Stop) -> None:
        while True:
            report(Progress("convert"))
            time.sleep(0.001)

    waits = [from_a_socket, lambda report, stop: stop.sleep(60), between_reports]
    started = [jobs.start("install", str(number), work) for number, work in enumerate(waits)]
    assert reading.wait(10)
    for job in started:
        jobs.cancel(job.id)
        jobs.cancel(job.id)
        last = jobs.join(job.id)
        assert last.state == "cancelled" and last.error and last.error.code == "cancelled"
        assert jobs.cancel(job.id) == last
    near.close(), far.close()


@pytest.mark.parametrize("ending", ["cancelled", "failed", "done"])
def test_what_is_cleaned_up_is_clean_before_the_end_is_heard_of(ending: str) -> None:
    jobs, begun, cleaned = Jobs(), threading.Event(), []

    def work(report: Report, stop: Stop) -> None:
        begun.set()
        while not stop._event.wait(0.01):
            pass
        if ending != "done":
            raise SdzhError("cancelled" if ending == "cancelled" else "verify_unknown", id="x", ids="-")

    def clean() -> None:
        cleaned.append(jobs.get(job.id).state)

    job = jobs.start("install", "mini", work)
    assert begun.wait(5)
    jobs.cancel(job.id, clean)
    assert jobs.join(job.id).state == ending
    assert cleaned == ([] if ending == "done" else ["running"])
    jobs.cancel(job.id, clean)
    assert len(cleaned) < 2


def test_a_failure_is_told() -> None:
    jobs = Jobs()

    def mistake(report: Report, stop: Stop) -> None:
        raise SdzhError("size_form", text="x")

    def bug(report: Report, stop: Stop) -> None:
        raise KeyError("bug")

    mistaken, broken = (jobs.join(jobs.start("install", w.__name__, w).id) for w in (mistake, bug))
    assert mistaken.state == broken.state == "failed"
    assert mistaken.error and mistaken.error.code == "size_form"
    assert broken.error and "KeyError('bug')" in broken.error.en
    with pytest.raises(SdzhError) as caught:
        jobs.cancel("install-99")
    assert caught.value.code == "job_unknown" and mistaken.id in caught.value.en


def test_old_jobs_are_forgotten() -> None:
    jobs = Jobs()
    for number in range(KEPT + 5):
        jobs.join(jobs.start("verify", str(number), lambda report, stop: None).id)
    assert len(jobs.list()) == KEPT + 1
    assert jobs.list()[0].subject == str(KEPT + 4)


def test_a_line_for_a_terminal() -> None:
    event = Progress(
        "download", 2_100_000_000, 4_200_000_000, speed=11.3e6, seconds_left=184.4, detail="unet"
    )
    line = describe(event)
    assert "50 %" in line and "2.1 GB / 4.2 GB" in line and "11.3 MB/s" in line and "3:04" in line

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        shown = ProgressLine(stream)
        for each in (event, Progress("convert", 1, 2, "tensors")):
            shown(each)
        shown.close()
    assert pipe.getvalue() == ""
    assert terminal.getvalue().count("\n") == 2 and "1 / 2" in terminal.getvalue()


@pytest.mark.parametrize("columns", [20, 80])
def test_a_line_never_wraps(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    shown = ProgressLine(terminal)
    for percent in range(3):
        shown(Progress("download", percent, 100, speed=1.0, seconds_left=99, detail="unet/" * 20))
    lines = terminal.getvalue().split("\r")[1:]
    assert len(lines) == 3 and all(20 <= display_width(line) + 1 <= columns for line in lines)
