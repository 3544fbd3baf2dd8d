"""Watch a camera live: events in the terminal, a window if wanted, files only when asked."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from rich.console import Console

from realtime.failures import UserFacingError
from realtime.graph import Build
from realtime.out_folder import prepare_folder
from realtime.pipeline import run_pipeline
from realtime.report import Report
from realtime.session_record import read_record
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.telling import Telling, tell_network
from realtime.window import check_display
from realtime.wishes import Wishes

VIEWS = ("window", "none")


def watch_camera(source: str, settings: Settings, console: Console, *, view: str, record: bool, out: Path) -> str:
    """Run until the source ends, the window is closed, or Ctrl-C.

    Args:
        source: camera number, device or URL.
        settings: of every stage.
        console: for events and figures.
        view: one of `VIEWS`.
        record: keep the video, the events and a report.
        out: where they are kept, in a folder named after the time.

    Returns:
        What stopped it: `Ctrl-C`, `SIGTERM`, or empty.

    Raises:
        UserFacingError: unknown view, no camera, no display, or a worker failed.
    """
    if view not in VIEWS:
        raise UserFacingError(f"--view {view}: choose one of {', '.join(VIEWS)}")
    camera = settings.camera
    spec = SourceSpec(source, width=camera.width, height=camera.height, fps=camera.fps)
    if not (spec.is_camera or spec.is_url):
        raise UserFacingError(f"{source} is no camera; for recordings: python run_camera.py replay {source} --out out")
    if view == "window":
        check_display()
    sinks: dict[str, Build] = {}
    folder = out / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    session = folder / "session.record"
    if record:
        prepare_folder(folder)
        sinks["publish"] = Build("realtime.publish:Publisher", (folder / "events.jsonl", session))
        sinks["record"] = Build("realtime.recording:Recording", (folder / "recording.mp4", camera.fps))
        console.print(f"Recording to {folder}", soft_wrap=True)
    else:
        console.print("Nothing is recorded. Ctrl-C stops.")
    network = tell_network(console, settings.recognise)
    with tempfile.TemporaryDirectory(prefix="glimpse-wishes-") as private, Telling(console, spec.label) as telling:
        wishes = Wishes(Path(private) / "wishes")
        if view == "window":
            sinks["view"] = Build("realtime.window:Window", (spec.label, wishes))
        summary = run_pipeline(
            spec, settings, sinks, on_message=telling.hear, stopping=lambda: "quit" in wishes.asked()
        )
    telling.conclude(summary)
    if record:
        report = Report(folder / "report.html", about={"Backend": network})
        report.begin(summary.source, summary.says)
        for parcel in read_record(session):
            report.take(parcel)
        report.end(summary)
        session.unlink()
        console.print(f"Report: {report.close()}", soft_wrap=True)
        again = f"python run_camera.py replay {folder / 'recording.mp4'} --out {folder}"
        console.print(f"For the annotated video: {again}", soft_wrap=True)
    if summary.problem:
        raise UserFacingError(summary.problem)
    return summary.stopped_by
