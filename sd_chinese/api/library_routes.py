"""The model library over HTTP: list, install, convert, remove, and ending a job."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from sd_chinese.api.access import Access
from sd_chinese.api.job_events import job_json
from sd_chinese.api.schemas import CancelRequest, ConvertRequest, InstallRequest, JobReply, Listed
from sd_chinese.errors import SdzhError
from sd_chinese.workflows.open_desk import Desk

#: Seconds that a cancelled job is given to end before the answer goes out.
PATIENCE = 3.0
KINDS = ("base", "encoder", "lora", "controlnet", "corpus")
_HERE = ("127.0.0.1", "::1", "testclient")


def add_library_routes(router: APIRouter, desk: Desk, access: Access) -> None:
    @router.get("/models", response_model=list[Listed])
    def models(kind: str | None = None) -> list[dict[str, Any]]:
        """Cards and files, with their state in this host."""
        from sd_chinese.workflows.show_library import show_library

        if kind not in (None, *KINDS):
            raise SdzhError("expand_option", name="kind", value=kind, known=" ".join(KINDS))
        return show_library(desk.library, desk.jobs, kind)

    @router.get("/encoders", response_model=list[Listed])
    def encoders() -> list[dict[str, Any]]:
        """Text encoders that can drive another checkpoint."""
        from sd_chinese.workflows.show_library import show_library

        return show_library(desk.library, desk.jobs, "encoder")

    @router.post("/models/{card_id}/install", response_model=JobReply, status_code=202)
    def install(card_id: str, request: InstallRequest) -> dict[str, Any]:
        """Start or resume an install."""
        from sd_chinese.workflows.install_model import agree_to_licence, install_model

        access.check_install()
        library = desk.library
        agree_to_licence(library.catalog.get(card_id), library, request.accept_licence)
        changed = request.accept_changed
        return job_json(
            desk.jobs.start(
                "install",
                card_id,
                lambda report, stop: install_model(card_id, library, report, stop, accept_changed=changed),
            )
        )

    @router.post("/models/convert", response_model=JobReply, status_code=202)
    def convert(request: ConvertRequest) -> dict[str, Any]:
        """Turn a folder below the host's models into one file that the host loads."""
        from sd_chinese.workflows.show_library import convert_found

        access.check_install()
        work = convert_found(request.name, desk.library)
        return job_json(desk.jobs.start("convert", request.name, work))

    @router.post("/models/{card_id}/verify", response_model=JobReply, status_code=202)
    def verify(card_id: str) -> dict[str, Any]:
        """Check an installed model against its checksums; the job fails where a file has changed or is gone."""
        from sd_chinese.workflows.verify_model import expect_intact

        library = desk.library
        records = library.ledger.read()
        if card_id not in records:
            raise SdzhError("verify_unknown", id=card_id, ids=", ".join(records) or "-")
        return job_json(
            desk.jobs.start(
                "verify", card_id, lambda report, stop: expect_intact(card_id, library, report, stop)
            )
        )

    @router.delete("/models/{card_id}", response_model=JobReply, status_code=202)
    def remove(card_id: str) -> dict[str, Any]:
        """Undo an install."""
        from sd_chinese.workflows.remove_model import remove_model

        access.check_install()
        if card_id not in desk.library.ledger.read():  # what was converted has a record and no card
            desk.library.catalog.get(card_id)
        return job_json(
            desk.jobs.start("remove", card_id, lambda report, stop: remove_model(card_id, desk.library))
        )

    @router.post("/folders/{kind}/open")
    def show_folder(kind: str, request: Request) -> dict[str, str]:
        """Show the folder of a kind of model on the computer that the host runs on, for who sits at it."""
        from sd_chinese.workflows.library import folder_of
        from sd_chinese.workflows.open_folder import open_folder

        access.check_install()
        if kind not in KINDS or (request.client and request.client.host not in _HERE):
            raise SdzhError("folder_elsewhere", kind=kind)
        open_folder(folder_of(desk.host, kind))
        return {"kind": kind}

    @router.post("/jobs/{job_id}/cancel", response_model=JobReply)
    def cancel(job_id: str, request: CancelRequest) -> dict[str, Any]:
        """End a job; what was downloaded stays for a later resume, unless it is to be discarded."""
        access.check_install()
        job = desk.jobs.get(job_id)
        if job.finished:
            raise SdzhError("job_finished", id=job_id, state=job.state)
        discard = request.discard and job.action == "install"
        drop = partial(desk.library.discard_downloads, job.subject)
        desk.jobs.cancel(job_id, drop if discard else None)
        while not job.finished:
            later = desk.jobs.wait(job_id, job.version, PATIENCE)
            if later.version == job.version:
                break
            job = later
        return job_json(job)
