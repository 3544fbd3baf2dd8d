"""`python -m calibrate threshold`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from calibrate.outcome import check_writable, keep, one_line_errors

if TYPE_CHECKING:
    from calibrate.threshold import Kind, Method, Point, ThresholdReport
    from realtime.sample_trace import SampleTrace
    from realtime.settings import Settings


def threshold(
    false_alarms_per_minute: Annotated[float, typer.Option(min=0, max=60, help="How many can be borne.")] = 0.5,
    quiet: Annotated[
        list[Path] | None,
        typer.Option(help="Recording of somebody who shows no expression: what is told there is false. Repeatable."),
    ] = None,
    simulated: Annotated[
        Path | None,
        typer.Option(help="Measure on simulated recordings anew; they are kept here.  [default: the shipped curve]"),
    ] = None,
    all_kinds: Annotated[
        bool, typer.Option("--all-kinds", help="Count macro-expressions as well as micro-expressions.")
    ] = False,
    settings_file: Annotated[
        Path | None, typer.Option(help="Put the operating point into this settings file, such as glimpse.toml.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the curve to this file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw it into this PNG.")] = None,
    ship: Annotated[
        bool, typer.Option("--ship", help="Make it the one that Glimpse comes with; needs --simulated.", hidden=True)
    ] = False,
    settings: Annotated[Path | None, typer.Option(help="Settings file; default: glimpse.toml if it exists.")] = None,
) -> None:
    """Choose the spotter's operating point for a number of false alarms a minute.

    Without --simulated the curve that comes with Glimpse is used; with --quiet, false alarms are counted on your own
    recordings as well, and the worse of the two counts.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with one_line_errors():
        from calibrate.threshold import ThresholdReport, choose, now
        from realtime.failures import UserFacingError
        from realtime.settings import load_settings

        check_writable(json, picture, settings_file)
        chosen = load_settings(settings)
        method = chosen.spot.method
        kind: Kind = "overall" if all_kinds else "micro"
        if ship and simulated is None:
            raise UserFacingError("--ship needs --simulated DIR: what is shipped is measured, not copied")
        points, minutes, names, network = _simulated_curve(console, simulated, chosen, method, kind)
        traces = _quiet_traces(console, quiet or [], chosen)
        if traces:
            from calibrate.threshold import with_quiet

            points = with_quiet(points, traces, method, kind, chosen.spot)
        report = ThresholdReport(
            made_at=now(),
            made_by=_made_by(false_alarms_per_minute, kind, simulated is not None, len(traces)),
            method=method,
            network=network,
            kind=kind,
            least_intensity=_least_intensity(),
            wanted=false_alarms_per_minute,
            chosen=choose(points, false_alarms_per_minute),
            minutes=round(minutes, 3),
            recordings=names,
            quiet_minutes=round(sum(trace.seconds for trace in traces) / 60, 3),
            curve=points,
        )
        console.print(_table(points, report.chosen))
        for line in report.lines():
            console.print(line, markup=False)
        _write(console, report, ship, settings_file)

        def draw(path: Path) -> None:
            from calibrate.threshold_picture import draw as draw_curve

            draw_curve(report, path)

        keep(console, report, json, picture, draw)


def _simulated_curve(
    console: Console, simulated: Path | None, settings: Settings, method: Method, kind: Kind
) -> tuple[list[Point], float, list[str], str]:
    """Points, minutes, names of the recordings and fingerprint of the network."""
    from calibrate.operating_point import read_shipped
    from calibrate.threshold import GRID, sweep
    from realtime.failures import UserFacingError

    network = fingerprint() if method == "network" else ""
    if simulated is None:
        shipped = read_shipped()
        if (shipped.method, shipped.kind, shipped.network) != (method, kind, network):
            raise UserFacingError(
                f"the shipped curve counts {shipped.kind} by the {shipped.method} of another build or setting; "
                "measure anew with --simulated DIR (some twenty minutes)"
            )
        console.print(f"Curve: shipped, of {shipped.made_at[:10]}; --simulated DIR measures anew")
        return shipped.curve, shipped.minutes, shipped.recordings, network
    from models.spotting_recordings import VALIDATION, trace_all

    try:
        recordings = trace_all(VALIDATION, simulated, lambda line: console.print(line, markup=False))
    except (OSError, ValueError) as error:
        raise UserFacingError(f"{simulated}: {error}; give another folder with --simulated") from None
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("operating points", total=len(GRID[method]))
        points = sweep(recordings, method, kind, settings.spot, lambda: progress.advance(task))
    minutes = sum(one.trace.seconds for one in recordings) / 60
    return points, minutes, [one.plan.name for one in recordings], network


def _quiet_traces(console: Console, paths: Sequence[Path], settings: Settings) -> list[SampleTrace]:
    from realtime.failures import UserFacingError
    from realtime.sample_trace import trace_video
    from realtime.source import SourceSpec

    traces = []
    for path in paths:
        spec = SourceSpec(str(path))
        if spec.live:
            raise UserFacingError(f"{spec.label}: --quiet takes recordings; record one first and give its file")
        with console.status(f"Measuring {path.name}"):
            traces.append(trace_video(spec, settings))
    return traces


def _write(console: Console, report: ThresholdReport, ship: bool, settings_file: Path | None) -> None:
    import msgspec

    from calibrate.operating_point import SHIPPED, SHIPPED_SLIDER, own_slider, write_settings, write_slider

    says = f"Made by {report.made_by}, {report.made_at[:10]}; {report.method}, {report.minutes:.1f} simulated minutes"
    if ship:
        SHIPPED.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
        write_slider(report.curve, SHIPPED_SLIDER, says)
        console.print(f"Shipped: {SHIPPED}, {SHIPPED_SLIDER}; SpotSettings must have these defaults", markup=False)
    if settings_file is None:
        console.print("To use it: --settings-file glimpse.toml, or these lines in it:", markup=False)
        console.print("[spot]", *(f"{k} = {v:g}" for k, v in report.chosen.settings.items()), sep="\n", markup=False)
        return
    write_settings(settings_file, report.chosen.settings, report.method)
    console.print(f"Settings: {settings_file}", markup=False)
    if report.quiet_minutes > 0:
        write_slider(report.curve, own_slider(), says)
        console.print(f"Slider of the live page: {own_slider()}", markup=False)


def _table(points: Sequence[Point], best: Point) -> Table:
    names = list(points[0].settings)
    quiet = points[0].quiet_per_minute is not None
    table = Table("", *names, "precision", "recall", "F1", "false/min", *(["quiet/min"] if quiet else []), box=None)
    for point in points:
        cells = [f"{point.settings[name]:g}" for name in names]
        cells += [f"{point.precision:.2f}", f"{point.recall:.2f}", f"{point.f1:.2f}", f"{point.false_per_minute:.2f}"]
        cells += [f"{point.quiet_per_minute:.2f}"] if quiet else []
        table.add_row("->" if point == best else "", *cells)
    return table


def _made_by(wanted: float, kind: Kind, anew: bool, quiet: int) -> str:
    """The command line, without paths: they are nobody's business in a file that may be passed on."""
    words = f"python -m calibrate threshold --false-alarms-per-minute {wanted:g}"
    words += " --all-kinds" if kind == "overall" else ""
    words += " --simulated DIR" if anew else ""
    return words + quiet * " --quiet FILE"


def _least_intensity() -> str:
    from calibrate.threshold import LEAST_INTENSITY

    return LEAST_INTENSITY


def fingerprint() -> str:
    """SHA-256 of the spotting network.

    Raises:
        UserFacingError: there is none, or its list cannot be read.
    """
    from engine.classifier import ModelError
    from engine.manifest import read_manifest
    from engine.stream_network import SPOT_WEIGHTS
    from realtime.failures import UserFacingError

    try:
        (entry,) = read_manifest(SPOT_WEIGHTS).models.values()
    except (ModelError, ValueError) as error:
        raise UserFacingError(f"the spotting network cannot be read: {error}") from None
    return entry.sha256
