"""Long actions in threads of their own: started, listed, followed and ended by id. One table per process."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Report, Stop

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
KEPT = 50
"""Finished jobs that are remembered."""

Work = Callable[[Report, Stop], object]
"""What a job does: it reports, checks whether to stop, and returns its result."""


@dataclass(frozen=True)
class Job:
    """A job at one moment.

    Attributes:
        id: such as ``install-3``.
        action: ``install``, ``verify``, ``convert``, ``remove``.
        subject: the card or file that it is about.
        state: ``running``, ``done``, ``failed`` or ``cancelled``. A cancelled or failed install keeps what it has
            downloaded: starting it again resumes it.
        version: grows with every change, for `Jobs.wait`.
        progress: the last event.
        error: of a failed job; ``.code``, ``.zh``, ``.en``.
        result: what the work returned.
        started, ended: seconds since the epoch.
    """

    id: str
    action: str
    subject: str
    state: str = RUNNING
    version: int = 0
    progress: Progress | None = None
    error: SdzhError | None = None
    result: object = None
    started: float = 0.0
    ended: float | None = None

    @property
    def finished(self) -> bool:
        return self.state != RUNNING


class Jobs:
    """The table. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._stops: dict[str, Stop] = {}
        self._cleanups: dict[str, Callable[[], None]] = {}
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)

    def start(self, action: str, subject: str, work: Work) -> Job:
        """Run ``work`` in a thread; a job of the same action and subject that is running is returned instead."""
        with self._changed:
            for job in self._jobs.values():
                if (job.action, job.subject, job.state) == (action, subject, RUNNING):
                    return job
            job = Job(f"{action}-{next(self._numbers)}", action, subject, started=time.time())
            self._jobs[job.id], self._stops[job.id] = job, Stop()
            self._forget()
        # A daemon: closing the WebUI does not wait for a download, which resumes later.
        threading.Thread(target=self._run, args=(job.id, work), name=f"sdzh-{job.id}", daemon=True).start()
        return job

    def list(self) -> list[Job]:
        """Newest first."""
        with self._changed:
            return list(self._jobs.values())[::-1]

    def get(self, job_id: str) -> Job:
        """
        Raises:
            SdzhError: ``job_unknown``.
        """
        with self._changed:
            return self._get(job_id)

    def cancel(self, job_id: str, cleanup: Callable[[], None] | None = None) -> Job:
        """Ask a job to end; nothing happens to one that has ended.

        Args:
            cleanup: what is done once it has ended without success, before anybody hears of its end.

        Raises:
            SdzhError: ``job_unknown``.
        """
        with self._changed:
            job = self._get(job_id)
            if cleanup and not job.finished:
                self._cleanups[job_id] = cleanup
        self._stops[job_id].set()
        return job

    def wait(self, job_id: str, version: int = -1, timeout: float | None = None) -> Job:
        """The job as soon as it differs from ``version``, has finished, or the time is up.

        Raises:
            SdzhError: ``job_unknown``.
        """
        with self._changed:
            self._get(job_id)
            self._changed.wait_for(
                lambda: self._get(job_id).finished or self._get(job_id).version != version, timeout
            )
            return self._get(job_id)

    def events(self, job_id: str, heartbeat: float | None = None) -> Iterator[Job]:
        """Every change until the job has finished, which is the last one; after ``heartbeat`` seconds of silence the
        same again, so that a stream to a browser stays open.

        Raises:
            SdzhError: ``job_unknown``.
        """
        job = self.get(job_id)
        yield job
        while not job.finished:
            job = self.wait(job_id, job.version, heartbeat)
            yield job

    def join(self, job_id: str) -> Job:
        """Wait until the job has finished.

        Raises:
            SdzhError: ``job_unknown``.
        """
        *_, last = self.events(job_id)
        return last

    def _get(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise SdzhError("job_unknown", id=job_id, ids=", ".join(self._jobs) or "-")
        return self._jobs[job_id]

    def _run(self, job_id: str, work: Work) -> None:
        stop = self._stops[job_id]

        def report(event: Progress) -> None:
            stop.check()
            self._change(job_id, progress=event)

        try:
            self._finish(job_id, DONE, result=work(report, stop))
        except SdzhError as error:
            self._finish(job_id, CANCELLED if error.code == "cancelled" else FAILED, error=error)
        except Exception as error:  # a bug of ours must not leave a job running for ever
            self._finish(job_id, FAILED, error=SdzhError("job_failed", id=job_id, error=repr(error)))

    def _finish(self, job_id: str, state: str, **changes: object) -> None:
        while True:
            with self._changed:
                cleanup = self._cleanups.pop(job_id, None)
                if cleanup is None or state == DONE:
                    return self._change(job_id, state=state, ended=time.time(), **changes)
            cleanup()

    def _change(self, job_id: str, **changes: object) -> None:
        with self._changed:
            job = self._jobs[job_id]
            self._jobs[job_id] = replace(job, version=job.version + 1, **changes)  # type: ignore[arg-type]
            self._changed.notify_all()

    def _forget(self) -> None:
        finished = [job.id for job in self._jobs.values() if job.finished]
        for job_id in finished[: max(0, len(finished) - KEPT)]:
            del self._jobs[job_id], self._stops[job_id]
