"""Watch a camera live: events in the terminal, a window or a page if wanted, files only when asked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from realtime.failures import UserFacingError
from realtime.graph import Build
from realtime.live_run import LiveRun
from realtime.onlookers import Onlookers
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.telling import tell_network
from realtime.watch_several import watch_several
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
        sources: camera numbers, devices or URLs; for the page one, also `demo`, `browser` or a video file.
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
    if view == "web":
        from realtime.web.live_page import watch_on_page

        if len(sources) > 1:
            raise UserFacingError("the page shows one source: give one, or --view none for several")
        return watch_on_page(
            sources[0],
            settings,
            console,
            record=record,
            out=out,
            port=port,
            demo_clip=demo_clip,
            onlookers=onlookers,
        )
    specs = [SourceSpec.live_as(source, settings.camera) for source in sources]
    for spec in specs:
        if not (spec.is_camera or spec.is_url):
            again = f"python run_camera.py replay {spec.spec} --out out"
            raise UserFacingError(f"{spec.spec} is no camera; for recordings: {again}")
    if view == "window" and len(specs) > 1:
        raise UserFacingError("the window shows one source: give one, or --view none for several")
    if view == "window":
        check_display()
    network = tell_network(console, settings.recognise)
    run = LiveRun(settings, console, network, out, onlookers or Onlookers())
    if len(specs) > 1:
        return watch_several(specs, run, record=record)
    (spec,) = specs
    with tempfile.TemporaryDirectory(prefix="glimpse-wishes-") as private:
        wishes = Wishes(Path(private) / "wishes")
        sinks: dict[str, Build] = {}
        if view == "window":
            sinks["view"] = Build("realtime.window:Window", (spec.label, wishes), {"can_reset": True})
        summary = run.watch(spec, sinks, wishes, record=record)
    if summary.problem:
        raise UserFacingError(summary.problem)
    return summary.stopped_by
