"""`run_camera.py bench`: how fast, and how old what is known is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from realtime.bench_latency import Latency, latency
from realtime.bench_latency_report import write_latency_report
from realtime.bench_throughput import Throughput, throughput
from realtime.failures import UserFacingError
from realtime.settings import Settings


def bench_throughput(clip: Path, runs: int, settings: Settings, console: Console, file: Path | None) -> Throughput:
    """Measure, print, and write the figures as JSON.

    Args:
        clip: video to replay.
        runs: medians are over so many.
        settings: of every stage.
        console: where to print.
        file: for the JSON.

    Raises:
        UserFacingError: the clip cannot be read, or the file not be written.
    """
    found = throughput(clip, runs, settings, _teller(console))
    console.print(f"{found['machine']}, load before {found['load_before']:.2f} per core", highlight=False)
    console.print(found["clip"], highlight=False)
    table = Table("median over the runs", "frames/s", box=None)
    table.add_row("every stage, events, annotated video", f"{found['frames_per_s']:.0f}")
    table.add_row("every stage, events", f"{found['frames_per_s_without_video']:.0f}")
    table.add_row("plain OpenCV and MediaPipe loop, one thread", f"{found['baseline_frames_per_s']:.0f}")
    console.print(table)
    shares = ", ".join(f"{stage} {100 * share:.0f} %" for stage, share in found["stages"].items())
    console.print(f"{found['ratio']:.2f} times the plain loop; stages at work: {shares}", highlight=False)
    write_figures(found, file)
    return found


def bench_latency(
    clip: Path, rounds: int, settings: Settings, console: Console, file: Path | None, page: Path | None
) -> Latency:
    """Measure, print, write the figures as JSON and the report as HTML.

    Raises:
        UserFacingError: the clip cannot be read, or a file not be written.
    """
    found = latency(clip, rounds, settings, _teller(console))
    figures = found.figures()
    console.print(f"{found.machine}, load before {found.load_before:.2f} per core", highlight=False)
    table = Table("", "median, ms", "99 %, ms", box=None)
    for name in ("grab_to_tracked_ms", "grab_to_spotted_ms", "spotted_to_event_ms", "offset_to_event_ms"):
        value = figures[name]
        assert isinstance(value, dict)
        table.add_row(name.removesuffix("_ms").replace("_", " "), *(_shown(value[one]) for one in ("p50", "p99")))
    console.print(table)
    console.print(f"CPU: {100 * found.cpu_share:.0f} % of one core; {found.dropped} messages dropped", highlight=False)
    write_figures(figures, file)
    if page is not None:
        console.print(f"Report: {write_latency_report(found, page)}", soft_wrap=True)
    return found


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"


def _teller(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)


def write_figures(figures: object, file: Path | None) -> None:
    """Write figures as JSON, if a file was asked for.

    Raises:
        UserFacingError: the file cannot be written.
    """
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures, indent=1) + "\n")
    except OSError as error:
        raise UserFacingError(f"{file}: cannot be written: {error.strerror}; choose another with --json") from None
