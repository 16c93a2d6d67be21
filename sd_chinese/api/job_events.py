"""A job as JSON, and as a stream of server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from sd_chinese.workflows.jobs import Job, Jobs

#: Seconds between two looks at a job, and between two signs of life while nothing changes.
LOOK, HEARTBEAT = 0.2, 15.0


def job_json(job: Job) -> dict[str, Any]:
    """Without the result, which may hold a path of this machine."""
    error = job.error
    return {
        "id": job.id,
        "action": job.action,
        "subject": job.subject,
        "state": job.state,
        "version": job.version,
        "progress": vars(job.progress) if job.progress else None,
        "error": {"code": error.code, "zh": error.zh, "en": error.en} if error else None,
        "started": job.started,
        "ended": job.ended,
    }


async def event_lines(
    jobs: Jobs, job_id: str, closing: Callable[[], bool] = lambda: False
) -> AsyncIterator[str]:
    """Looks instead of waiting: a stream must not hold one of the host's threads.

    Args:
        closing: whether the server is about to end; it would wait for a stream as long as the job takes.
    """
    version, silent = -1, 0.0
    while True:
        job = jobs.get(job_id)
        if job.version != version or job.finished:
            version, silent = job.version, 0.0
            yield f"event: job\ndata: {json.dumps(job_json(job), ensure_ascii=False)}\n\n"
        elif silent >= HEARTBEAT:
            silent = 0.0
            yield ": waiting\n\n"
        if job.finished or closing():
            return
        await asyncio.sleep(LOOK)
        silent += LOOK
