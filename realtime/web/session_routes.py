"""Recorded sessions: their list, and the viewer of each."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import cv2
import msgspec
from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse, JSONResponse

from realtime.action_units import ACTION_UNIT_NAMES
from realtime.events_file import EventLine
from realtime.source import SourceError
from realtime.web.event_clip import MAGNIFICATIONS, EventClip, event_clip
from realtime.web.event_export import FORMATS, export_event
from realtime.web.kept import KeptRun, kept_runs
from realtime.web.kept_video import KeptVideo

_STATIC = Path(__file__).parent / "static"
_CLIPS_KEPT, _VIDEOS_KEPT = 6, 2
_QUALITY = 85


class Kept:
    """Opened videos and the clips made of them, the last few of each, by the events file to which they belong."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._videos: OrderedDict[Path, KeptVideo] = OrderedDict()
        self._clips: OrderedDict[tuple[Path, int], EventClip] = OrderedDict()
        self._written: dict[Path, tuple[int, ...]] = {}
        self._lock = threading.Lock()  # a clip takes a second to make, and no two are wanted at once

    def run(self, name: str) -> KeptRun:
        """By its name; 404 where there is none."""
        for run in kept_runs(self.out):
            if run.name == name:
                return run
        raise HTTPException(404, f"no session {name}")

    def look_again(self, run: KeptRun) -> KeptVideo | None:
        """The video as it is now, if one was kept: a session may have grown since, or have been replayed again."""
        written = tuple(file.stat().st_mtime_ns for file in (run.lines, run.video) if file is not None)
        with self._lock:
            if self._written.get(run.lines, written) != written:
                self._clips = OrderedDict((key, clip) for key, clip in self._clips.items() if key[0] != run.lines)
                if run.lines in self._videos:
                    self._videos.pop(run.lines).close()
            self._written[run.lines] = written
            return None if run.video is None else self._opened(run)

    def video(self, name: str) -> KeptVideo:
        """Opened once; 404 where it was not kept."""
        run = self.run(name)
        with self._lock:
            return self._opened(run)

    def clip(self, name: str, number: int) -> tuple[EventClip, EventLine]:
        """The face around one expression; 404 where there is none."""
        run = self.run(name)
        events = run.events()
        if not 0 <= number < len(events):
            raise HTTPException(404, f"{name} has no expression {number}")
        with self._lock:
            key = (run.lines, number)
            if key not in self._clips:
                try:
                    self._clips[key] = event_clip(self._opened(run), events[number])
                except (LookupError, SourceError) as error:
                    raise HTTPException(404, str(error)) from None
                while len(self._clips) > _CLIPS_KEPT:
                    self._clips.popitem(last=False)
            self._clips.move_to_end(key)
            return self._clips[key], events[number]

    def _opened(self, run: KeptRun) -> KeptVideo:
        if run.video is None:
            raise HTTPException(404, f"the video of {run.name} was not kept")
        if run.lines not in self._videos:
            try:
                self._videos[run.lines] = KeptVideo(run.video, run.image_fps, own_times=run.live)
            except SourceError as error:
                raise HTTPException(404, str(error)) from None
            while len(self._videos) > _VIDEOS_KEPT:
                self._videos.popitem(last=False)[1].close()
        self._videos.move_to_end(run.lines)
        return self._videos[run.lines]


def session_routes(out: Path) -> APIRouter:
    """Routes of the sessions in a folder.

    Args:
        out: searched anew each time it is asked for, so that a session appears when it is finished.
    """
    router = APIRouter()
    kept = Kept(out)

    @router.get("/sessions.json")
    def sessions() -> JSONResponse:
        return JSONResponse([_line(run) for run in kept_runs(out)])

    @router.get("/session/{name}/")
    def viewer(name: str) -> FileResponse:
        kept.run(name)
        return FileResponse(_STATIC / "viewer.html")

    @router.get("/session/{name}/session.json")
    def session(name: str) -> JSONResponse:
        return JSONResponse(_described(kept, kept.run(name)))

    @router.get("/session/{name}/report.html")
    def report(name: str) -> Response:
        run = kept.run(name)
        if run.report is None:
            raise HTTPException(404, f"{name} has no report")
        # The report is one file with its own style in it, and without a script.
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
        return FileResponse(run.report, headers={"content-security-policy": policy})

    @router.get("/session/{name}/frame/{number}.jpg")
    def frame(name: str, number: int) -> Response:
        try:
            return _jpeg(cv2.cvtColor(kept.video(name).frame(number), cv2.COLOR_RGB2BGR))
        except (IndexError, SourceError) as error:
            raise HTTPException(404, str(error)) from None

    @router.get("/session/{name}/event/{number}/clip.json")
    def clip(name: str, number: int) -> JSONResponse:
        made, _ = kept.clip(name, number)
        motion = [[None if px != px else round(px, 3) for px in row] for row in made.motion.tolist()]
        return JSONResponse(
            {"first": made.first, "times_s": made.times_s, "motion": motion, "regions": list(made.regions)}
        )

    @router.get("/session/{name}/event/{number}/{times}/{index}.jpg")
    def crop(name: str, number: int, times: int, index: int) -> Response:
        made, _ = kept.clip(name, number)
        if times not in (1, *MAGNIFICATIONS) or not 0 <= index < len(made.times_s):
            raise HTTPException(404, "no such picture")
        return _jpeg(made.magnified(times)[index])

    @router.get("/session/{name}/event/{number}/export.{kind}")
    def export(name: str, number: int, kind: str, times: int = 1) -> Response:
        if kind not in FORMATS or times not in (1, *MAGNIFICATIONS):
            raise HTTPException(404, "no such export")
        made, event = kept.clip(name, number)
        file = f"{name}-{number + 1}-{event.label}{f'-x{times}' if times > 1 and kind != 'csv' else ''}.{kind}"
        quoted = re.sub(r"[^\w.-]", "_", file, flags=re.ASCII)  # a header holds no other letters
        headers = {"content-disposition": f'attachment; filename="{quoted}"'}
        return Response(export_event(made, event, kind, times), media_type=FORMATS[kind], headers=headers)

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


def _described(kept: Kept, run: KeptRun) -> dict[str, Any]:
    video = kept.look_again(run)
    return {
        "name": run.name,
        "times_s": [round(time_s, 5) for time_s in video.times_s] if video else [],
        "fps": video.fps if video else 0.0,
        "marked": run.marked,
        "report": run.report is not None,
        "events": [msgspec.to_builtins(event) for event in run.events()],
        "units": ACTION_UNIT_NAMES,
        "magnifications": list(MAGNIFICATIONS),
    }


def _jpeg(image: Any) -> Response:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    # The same picture is asked for again while one scrubs to and fro.
    return Response(data.tobytes(), media_type="image/jpeg", headers={"cache-control": "private, max-age=60"})
