"""Recorded sessions: their list, and the viewer of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, JSONResponse

from realtime.web.kept import KeptRun, kept_runs


def session_routes(out: Path) -> APIRouter:
    """Routes of the sessions in a folder.

    Args:
        out: searched anew each time it is asked for, so that a session appears when it is finished.
    """
    router = APIRouter()

    def found(name: str) -> KeptRun:
        for run in kept_runs(out):
            if run.name == name:
                return run
        raise HTTPException(404, f"no session {name}")

    @router.get("/sessions.json")
    def sessions() -> JSONResponse:
        return JSONResponse([_line(run) for run in kept_runs(out)])

    @router.get("/session/{name}/report.html")
    def report(name: str) -> FileResponse:
        run = found(name)
        if run.report is None:
            raise HTTPException(404, f"{name} has no report")
        return FileResponse(run.report)

    return router


def _line(run: KeptRun) -> dict[str, Any]:
    kinds = [event.kind for event in run.events()]
    return {
        "name": run.name,
        "micro": kinds.count("micro"),
        "macro": kinds.count("macro"),
        "report": run.report is not None,
        "video": run.video is not None,
    }
