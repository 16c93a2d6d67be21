"""The routes of `/sdzh/v1`: each calls one workflow. They run in threads and never wait for the GPU."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse

from sd_chinese import __version__
from sd_chinese.api.access import Access
from sd_chinese.api.job_events import event_lines, job_json
from sd_chinese.api.library_routes import add_library_routes
from sd_chinese.api.replies import route_class
from sd_chinese.api.schemas import (
    MAX_PROMPT,
    CompleteReply,
    CompleteRequest,
    DoctorReply,
    ErrorReply,
    ExpandReply,
    ExpandRequest,
    HostReply,
    Inspiration,
    JobReply,
    Style,
    TokensReply,
    TokensRequest,
)
from sd_chinese.errors import SdzhError
from sd_chinese.workflows.expand_generation import Wish
from sd_chinese.workflows.open_desk import Desk

PREFIX = "/sdzh/v1"
_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorReply} for code in (400, 401, 403, 404, 409, 413, 422)
}


# Hosts pack their answers (`GZipMiddleware`), and nginx gathers them: events would come all together at the end.
_UNBUFFERED = {"Cache-Control": "no-store", "Content-Encoding": "identity", "X-Accel-Buffering": "no"}


def build_router(desk: Desk, access: Access) -> APIRouter:
    """All routes, to be included in a host's FastAPI app."""
    router = APIRouter(
        prefix=PREFIX, tags=["sd-webui-chinese"], route_class=route_class(access), responses=_REFUSALS
    )
    _add_prompt_routes(router, desk)
    _add_host_routes(router, desk, access)
    add_library_routes(router, desk, access)
    return router


def _add_prompt_routes(router: APIRouter, desk: Desk) -> None:
    @router.post("/expand", response_model=ExpandReply)
    def expand(request: ExpandRequest) -> JSONResponse:
        """Read a prompt: its phrases as cards, and up to three drawable readings."""
        from sd_chinese.workflows.expand_prompt import read_options
        from sd_chinese.workflows.explain_prompt import explain_prompt

        _check_length(request.prompt)
        said = {**vars(request), **_left_out(request, desk.defaults())}
        prompt, avoid = said.pop("prompt"), said.pop("avoid")
        found = explain_prompt(prompt, read_options(**said), desk.expander)
        if not avoid:
            found |= {"negative_zh": "", "negative_en": ""}
        # Written as it is: checking it against the schema again would cost more than reading the prompt.
        return JSONResponse(found)

    @router.post("/complete", response_model=CompleteReply)
    def complete(request: CompleteRequest) -> JSONResponse:
        """Idioms, lines and terms that begin with the characters or pinyin initials before the caret."""
        offers = desk.complete(request.before, request.limit)
        return JSONResponse({"completions": [asdict(each) for each in offers]})

    @router.post("/tokens", response_model=TokensReply)
    def tokens(request: TokensRequest) -> dict[str, Any]:
        """Count a prompt by the tokenizer of the model that will paint, or of a named one."""
        from sd_chinese.workflows.count_tokens import Count, count_tokens

        _check_length(request.text)
        name, path = desk.text_encoder(request.model)
        try:
            count = count_tokens(request.text, path, negative=request.negative)
        except SdzhError:
            counted = None if request.model else desk.count_by_host(request.text, request.negative)
            if counted is None:
                raise
            count = Count(*counted, contexts=())
        return {"model": name, **vars(count)}

    @router.get("/styles", response_model=list[Style])
    def styles() -> list[dict[str, Any]]:
        """Every style that a prompt can be painted in."""
        return desk.styles

    @router.get("/inspiration", response_model=Inspiration)
    def inspiration(day: date | None = None) -> dict[str, Any]:
        """A line of verse that suits the season of today, or of ``day``."""
        return desk.inspiration(day or date.today())


def _add_host_routes(router: APIRouter, desk: Desk, access: Access) -> None:
    @router.get("/host", response_model=HostReply)
    def host() -> dict[str, Any]:
        """The host, the model that will paint, and the sizes that suit it."""
        from sd_chinese.workflows.choose_size import SMALL, sizes_for

        model = desk.painting()
        return {
            "host": desk.host.name,
            "language": desk.host.language,
            "version": __version__,
            "may_install": access.may_install,
            "model": vars(model) if model else None,
            "defaults": vars(desk.defaults()),
            "sizes": [vars(size) for size in sizes_for(model.resolution if model else SMALL)],
        }

    @router.get("/doctor", response_model=DoctorReply)
    def doctor() -> dict[str, Any]:
        """A report that can be pasted in public."""
        return {"lines": desk.diagnose()}

    @router.get("/jobs", response_model=list[JobReply])
    def jobs() -> list[dict[str, Any]]:
        """Running and finished jobs, newest first."""
        return [job_json(job) for job in desk.jobs.list()]

    @router.get("/jobs/{job_id}", response_model=JobReply)
    def job(job_id: str) -> dict[str, Any]:
        return job_json(desk.jobs.get(job_id))

    @router.get("/jobs/{job_id}/events", response_class=StreamingResponse)
    async def events(job_id: str) -> StreamingResponse:
        """Server-sent events: the job at once, at every change, and when it has ended."""
        desk.jobs.get(job_id)
        lines: AsyncIterator[str] = event_lines(desk.jobs, job_id, desk.closing)
        return StreamingResponse(lines, media_type="text/event-stream", headers=_UNBUFFERED)


def _left_out(request: ExpandRequest, default: Wish) -> dict[str, Any]:
    """What the settings may say of an expansion: theirs where the request leaves it out."""
    said = {name: getattr(request, name) for name in ("view", "style", "avoid")}
    filled = {name: getattr(default, name) if value is None else value for name, value in said.items()}
    return {**filled, "style": filled["style"] or None}


def _check_length(text: str) -> None:
    if len(text) > MAX_PROMPT:
        raise SdzhError("prompt_too_long", length=len(text), limit=MAX_PROMPT)
