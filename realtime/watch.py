"""Watch a camera live: events in the terminal, a window or a page if wanted, files only when asked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from realtime.failures import UserFacingError
from realtime.graph import Build
from realtime.live_run import LiveRun, Watched
from realtime.onlookers import Onlookers
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.telling import tell_network
from realtime.watch_sources import name_sources, stopped_by, watch_sources
from realtime.window import check_display
from realtime.wishes import Wishes

VIEWS = ("web", "window", "none")


def watch_camera(
    sources: Sequence[str],
    settings: Settings,
    console: Console,
    *,
    view: str,
    record: bool,
    out: Path,
    port: int = 0,
    demo_clip: Callable[[Path], Path] | None = None,
    onlookers: Onlookers | None = None,
) -> str:
    """Run until the source ends, the window is closed, or Ctrl-C; the page stays until Ctrl-C.

    Args:
        sources: camera numbers, devices or URLs; for the page also `demo` and video files, and `browser` alone.
        settings: of every stage.
        console: for events and figures.
        view: one of `VIEWS`.
        record: keep the video, the events and a report.
        out: where they are kept, in a folder named after the time.
        port: of the page; 0 for any that is free.
        demo_clip: makes the built-in clip in a folder, for the page's source `demo`.
        onlookers: machines that are told of each run.

    Returns:
        What stopped it: `Ctrl-C`, `SIGTERM`, or empty.

    Raises:
        UserFacingError: unknown view, no camera, no display, or a worker failed.
    """
    if view not in VIEWS:
        raise UserFacingError(f"--view {view}: choose one of {', '.join(VIEWS)}")
    specs = [] if view == "web" else _cameras(sources, settings)
    if view == "window" and len(specs) > 1:
        raise UserFacingError("the window shows one source: give one, or --view web or none for several")
    if view == "window":
        check_display()
    run = LiveRun(settings, console, tell_network(console, settings.recognise), out, onlookers or Onlookers())
    if view == "web":
        from realtime.web.live_page import watch_on_page

        return watch_on_page(sources, run, record=record, port=port, demo_clip=demo_clip)
    with tempfile.TemporaryDirectory(prefix="glimpse-wishes-") as private:
        watched = []
        for number, (spec, name) in enumerate(zip(specs, name_sources([one.label for one in specs]), strict=True)):
            wishes = Wishes(Path(private) / str(number))
            window = {"view": Build("realtime.window:Window", (spec.label, wishes), {"can_reset": True})}
            watched.append(Watched(spec, name, wishes, window if view == "window" else {}))
        results = watch_sources(watched, run, record=record)
    return stopped_by(results, [one.name for one in watched])


def _cameras(sources: Sequence[str], settings: Settings) -> list[SourceSpec]:
    specs = [SourceSpec.live_as(source, settings.camera) for source in sources]
    for spec in specs:
        if not (spec.is_camera or spec.is_url):
            again = f"python run_camera.py replay {spec.spec} --out out"
            raise UserFacingError(f"{spec.spec} is no camera; for recordings: {again}")
    return specs
