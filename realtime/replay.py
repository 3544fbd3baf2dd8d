"""Recorded videos, one after the other: events, annotated video, and one report of all."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from realtime.export import ENDINGS, checked_formats, export_results
from realtime.export_results import results_of
from realtime.failures import UserFacingError
from realtime.graph import Build
from realtime.graph_run import run_plan
from realtime.image_folder import IMAGES
from realtime.kept_files import REPLAYED_REPORT
from realtime.kept_session import MANIFEST
from realtime.noted_source import note_source
from realtime.pipeline import plan_pipeline
from realtime.report import Report
from realtime.session_record import read_record
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.summary import Summary
from realtime.telling import Telling, tell_network

VIDEOS = frozenset({".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm", ".wmv", ".y4m"})
"""What is taken for a video inside a folder; a file named by the user is tried whatever it is called."""


@dataclass(frozen=True)
class Recording:
    """One video to be worked through, and where its results go."""

    path: Path
    events: Path
    annotated: Path


def replay_paths(
    paths: Sequence[Path],
    out: Path,
    settings: Settings,
    console: Console,
    *,
    realtime: bool = False,
    image_fps: float = 30.0,
    plain_names: bool = False,
    exports: Sequence[str] = (),
) -> str:
    """Work through videos, image folders and folders of videos.

    Args:
        paths: as given by the user.
        out: existing folder for results.
        settings: of every stage.
        console: for progress, events and figures.
        realtime: at the videos' own pace, dropping frames as live.
        image_fps: rate of folders of images.
        plain_names: `events.jsonl` and `annotated.mp4` without the video's name, for a single video.
        exports: formats in `realtime.export.ENDINGS` that the results are written in as well.

    Returns:
        What stopped the work before its end: `Ctrl-C`, `SIGTERM`, or empty.

    Raises:
        UserFacingError: a video could not be read, or broke off; the others have been worked through all the same.
    """
    problems: list[str] = []
    stopped_by = ""
    exports = checked_formats(exports)
    # A recorded session has a report of its own, sealed with it.
    report_file = out / (REPLAYED_REPORT if (out / MANIFEST).is_file() else "report.html")
    report = Report(report_file, about={"Backend": tell_network(console, settings.recognise)})
    with tempfile.TemporaryDirectory(prefix=".session-", dir=out) as folder:
        for number, recording in enumerate(_name_results(_expand(paths, problems), out, plain_names)):
            record = Path(folder) / f"{number}.record"
            try:
                summary = _replay_one(
                    recording, record, settings, console, SourceSpec(str(recording.path), realtime, image_fps), exports
                )
            except UserFacingError as error:
                problems.append(str(error))
                _forget_empty(recording)
                continue
            if summary.problem:
                problems.append(summary.problem)
            try:
                _export(recording, exports, console)
            except UserFacingError as error:
                problems.append(str(error))
            report.begin(summary.source, summary.says)
            for parcel in read_record(record):
                report.take(parcel)
            report.end(summary)
            stopped_by = summary.stopped_by
            if stopped_by:
                break
    if report.sections:
        try:
            console.print(f"Report: {report.close()}", soft_wrap=True)
        except UserFacingError as error:
            problems.append(str(error))
    if problems:
        raise UserFacingError("; ".join(problems))
    return stopped_by


def _expand(paths: Sequence[Path], problems: list[str]) -> list[Path]:
    """Videos and folders of images; a folder that holds neither is added to the problems."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(entry for entry in path.iterdir() if entry.is_file())
        videos = [entry for entry in inside if entry.suffix.lower() in VIDEOS]
        if videos:
            found += videos
        elif any(entry.suffix.lower() in IMAGES for entry in inside):
            found.append(path)
        else:
            problems.append(f"{path}: holds neither videos nor images")
    return found


def _forget_empty(recording: Recording) -> None:
    """An events file without events would say that a video that nobody saw shows none."""
    if recording.events.is_file() and recording.events.stat().st_size == 0:
        recording.events.unlink()


def _name_results(paths: Sequence[Path], out: Path, plain: bool) -> list[Recording]:
    """Results are named after the video; two of one name are told apart by their suffix, then by a number."""
    if plain and len(paths) == 1:
        return [Recording(paths[0], out / "events.jsonl", out / "annotated.mp4")]
    taken: set[str] = set()
    recordings = []
    for path in paths:
        stem = path.name if path.is_dir() else path.stem
        choices = [stem, path.name, *(f"{path.name}-{number}" for number in range(2, len(paths) + 2))]
        name = next(choice for choice in choices if choice not in taken)
        taken.add(name)
        recordings.append(Recording(path, out / f"{name}.events.jsonl", out / f"{name}.annotated.mp4"))
    return recordings


def _replay_one(
    recording: Recording,
    record: Path,
    settings: Settings,
    console: Console,
    source: SourceSpec,
    exports: Sequence[str],
) -> Summary:
    frames = results_of(recording.events).frames_file if "openface" in exports else None
    sinks = {
        "publish": Build("realtime.publish:Publisher", (recording.events, record, True, frames)),
        "annotate": Build("realtime.annotate:AnnotatedVideo", (source, recording.annotated)),
    }
    with Telling(console, recording.path.name) as telling:
        summary = run_plan(plan_pipeline(source, settings, sinks, on_message=telling.hear))
    telling.conclude(summary)
    note_source(recording.events, recording.path, source.image_fps)
    console.print(f"Events: {recording.events}", soft_wrap=True)
    console.print(f"Annotated video: {recording.annotated}", soft_wrap=True)
    return summary


def _export(recording: Recording, forms: Sequence[str], console: Console) -> None:
    results = results_of(recording.events)
    media = recording.path if recording.path.is_file() else None
    for form in forms:
        file = results.events_file.with_name(results.name + ENDINGS[form])
        export_results(results, form, file, media)
        console.print(f"Exported: {file}", soft_wrap=True)
