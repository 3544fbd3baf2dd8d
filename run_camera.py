"""Glimpse on the command line: parse, build settings, start."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from realtime.settings import Settings, SettingsError, load_settings
from realtime.system_libraries import missing_library_advice

app = typer.Typer(
    help="Find micro-expressions in video: onset, apex, offset, class and action units.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
bench = typer.Typer(help="Measure speed and delay on this machine.", no_args_is_help=True)
app.add_typer(bench, name="bench")
keys = typer.Typer(help="Say which machines may send frames here.", no_args_is_help=True)
app.add_typer(keys, name="keys")
console = Console(highlight=False)

NOTHING_DONE = 1
"""Exit code when nothing could be done; the reason is printed in one line."""
INTERRUPTED = 130
"""Exit code after Ctrl-C; everything found so far is on disk."""

Out = Annotated[Path, typer.Option(help="Folder for events, annotated video and report; made if missing.")]
Config = Annotated[Path | None, typer.Option("--settings", help="Settings file; default: glimpse.toml if it exists.")]
Json = Annotated[Path | None, typer.Option("--json", help="File for the figures.")]
Clip = Annotated[Path | None, typer.Option(help="A video of your own.")]
Person = Annotated[str | None, typer.Option(help="Who is watched; see 'python -m calibrate person'.")]
Model = Annotated[str | None, typer.Option(help="Network that classifies; see models/weights.")]


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What goes wrong for a reason a user can mend becomes one line and an exit code; the rest stays a traceback."""
    try:
        from realtime.failures import UserFacingError
    except ImportError as error:
        _stop(missing_library_advice(error) or f"{error}; run 'pip install -e .' in this folder")
    try:
        yield
    except (UserFacingError, SettingsError) as error:
        _stop(str(error))
    except ImportError as error:
        _stop(missing_library_advice(error) or f"{error}; run 'pip install -e .' in this folder")
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _stop(reason: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"glimpse: {reason}", markup=False)
    raise typer.Exit(NOTHING_DONE)


def _end(stopped_by: str) -> None:
    if stopped_by in ("Ctrl-C", "SIGTERM"):
        raise typer.Exit(INTERRUPTED)


def _settings(
    file: Path | None, model: str | None = None, person: str | None = None, **sections: dict[str, Any]
) -> Settings:
    if model:
        sections["recognise"] = {"model": model}
    if person is not None:
        sections["spot"] = {"person": person}
    chosen = load_settings(file, sections)
    if chosen.spot.person:
        from realtime.person import load_person

        console.print(load_person(chosen.spot.person).line(), markup=False, soft_wrap=True)
    return chosen


def _version(asked: bool) -> None:
    if asked:
        console.print(f"glimpse {version('glimpse')}")
        raise typer.Exit


def _graph(asked: bool) -> None:
    if asked:
        from realtime.graph import describe

        console.print(describe(), markup=False)
        raise typer.Exit


@app.callback()
def main(
    _version_flag: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    _graph_flag: Annotated[
        bool,
        typer.Option("--print-graph", callback=_graph, is_eager=True, help="Print stages and edges and leave."),
    ] = False,
) -> None:
    """Find micro-expressions in video: onset, apex, offset, class and action units."""


@app.command(epilog="Example: python run_camera.py demo --out out/demo")
def demo(out: Out = Path("out/demo"), settings: Config = None, model: Model = None) -> None:
    """Run on the built-in clip: no camera, no GPU, no download."""
    with one_line_errors():
        from models.simulator.builtin_clip import make_builtin_clip
        from realtime.out_folder import prepare_folder
        from realtime.replay import replay_paths

        prepare_folder(out)
        with console.status("Making the built-in clip"):
            clip = make_builtin_clip(out)
        console.print(f"Built-in clip: {clip.video}, truth: {clip.truth}", soft_wrap=True)
        _end(replay_paths([clip.video], out, _settings(settings, model), console, plain_names=True))


@app.command(epilog="Example: python run_camera.py replay interview.mp4 --out out/interview")
def replay(
    paths: Annotated[list[Path], typer.Argument(help="Video files, folders of images, or folders of videos.")],
    out: Out,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the video's own pace, dropping frames as live.")] = (
        False
    ),
    image_fps: Annotated[float, typer.Option(min=1, max=1000, help="Rate of a folder of images.")] = 30.0,
    export: Annotated[
        list[str] | None, typer.Option("--export", help="Also write jsonl, csv, parquet, elan or openface; repeatable.")
    ] = None,
    person: Person = None,
    settings: Config = None,
    model: Model = None,
) -> None:
    """Find the micro-expressions in recorded videos."""
    with one_line_errors():
        from realtime.out_folder import prepare_folder
        from realtime.replay import replay_paths

        prepare_folder(out)
        chosen = _settings(settings, model, person)
        forms = export or []
        _end(replay_paths(paths, out, chosen, console, realtime=realtime, image_fps=image_fps, exports=forms))


@app.command(epilog="Example: python run_camera.py camera 0 --view web")
def camera(
    source: Annotated[
        str | None,
        typer.Argument(
            help="0 (the default), /dev/video0, rtsp://..., http://...; with --view web also 'browser', 'demo'"
        ),
    ] = None,
    more: Annotated[
        list[str] | None, typer.Option("--source", help="The same as an option; give it several times for several.")
    ] = None,
    view: Annotated[str, typer.Option(help="web (a page in the browser), window or none")] = "none",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page, on this machine only; 0: any.")] = 0,
    record: Annotated[bool, typer.Option("--record", help="Keep the video; nothing is kept without this.")] = False,
    landmarks_only: Annotated[
        bool, typer.Option("--landmarks-only", help="With --record: keep landmarks and events, and no pixel.")
    ] = False,
    out: Out = Path("out/camera"),
    person: Person = None,
    settings: Config = None,
    model: Model = None,
) -> None:
    """Watch a camera live. Events are printed; files are written only with --record."""
    with one_line_errors():
        from realtime.watch import watch_camera

        if landmarks_only and not record:
            raise SettingsError("--landmarks-only says what --record keeps: give both, or neither to keep nothing")
        chosen = _settings(settings, model, person, **({"record": {"landmarks_only": True}} if landmarks_only else {}))
        from models.simulator.builtin_clip import make_builtin_clip

        def demo_clip(folder: Path) -> Path:
            return make_builtin_clip(folder).video

        sources = [*([source] if source else []), *(more or [])] or ["0"]
        _end(watch_camera(sources, chosen, console, view=view, record=record, out=out, port=port, demo_clip=demo_clip))


@app.command("export", epilog="Example: python run_camera.py export out/interview --format elan")
def export_command(
    path: Annotated[Path, typer.Argument(help="The --out folder of a replay, a recorded session, or an events file.")],
    form: Annotated[str, typer.Option("--format", help="jsonl, csv, parquet, elan or openface.")],
    out: Annotated[Path | None, typer.Option(help="Folder or file to write; default: beside the events.")] = None,
    media: Annotated[Path | None, typer.Option(help="Video that an ELAN file points to.")] = None,
) -> None:
    """Write the events in a form that ELAN, R, pandas or a spreadsheet opens."""
    with one_line_errors():
        from realtime.export import export_path

        for file in export_path(path, form, out, media):
            console.print(f"Exported: {file}", soft_wrap=True)


@app.command(epilog="Example: python run_camera.py view out/interview")
def view(
    folder: Annotated[Path, typer.Argument(help="A recorded session, a folder of them, or what replay wrote.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page, on this machine only; 0: any.")] = 0,
) -> None:
    """Look at what was found: frame by frame, slowly, magnified; export single expressions."""
    with one_line_errors():
        from realtime.web.view_page import view_sessions

        _end(view_sessions(folder, console, port=port))


@app.command(epilog="Example: python run_camera.py forget out/camera/2026-01-31_09-30-00")
def forget(
    session: Annotated[Path, typer.Argument(help="Folder of a recorded session.")],
) -> None:
    """Delete a recorded session: everything its manifest lists, and nothing else."""
    with one_line_errors():
        from realtime.kept_session import forget_session

        done = forget_session(session)
        console.print(f"Deleted {len(done.files)} files, {done.size / 1e6:.1f} MB: {', '.join(done.files)}")
        if done.left:
            console.print(f"Not recorded by Glimpse, and left in {session}: {', '.join(done.left)}", soft_wrap=True)


@app.command(epilog="Example: python run_camera.py send 0 feed://192.168.1.20:5599 --key laptop.glimpse-key")
def send(
    source: Annotated[str, typer.Argument(help="Camera, stream or video on this machine.")],
    address: Annotated[str, typer.Argument(help="feed://HOST:PORT on which the other machine listens.")],
    key: Annotated[Path, typer.Option(help="The file that 'keys new' made on the other machine.")],
    settings: Config = None,
) -> None:
    """Send a camera's frames, encrypted, to Glimpse on another machine."""
    with one_line_errors():
        from realtime.feed_sender import send_feed
        from realtime.source import SourceSpec

        asked = _settings(settings).camera
        spec = SourceSpec(source, realtime=True, width=asked.width, height=asked.height, fps=asked.fps)
        sent, dropped = send_feed(spec, address, key, tell=console.print)
        console.print(f"{sent} frames sent, {dropped} left out because the network was slow")


@keys.command("new", epilog="Example: python run_camera.py keys new laptop")
def new_key(
    name: Annotated[str, typer.Argument(help="Of the machine that shall send.")],
    out: Annotated[Path, typer.Option(help="Folder for the key's file.")] = Path(),
) -> None:
    """Let another machine send frames here: makes the file that it needs."""
    with one_line_errors():
        from realtime.feed_keys import KeyRing

        file = KeyRing.of_user().add(name, out)
        console.print(
            f"{file}: carry it to {name} by a way that nobody else reads, and delete it here.\n"
            f"Here: run_camera.py camera feed://THIS-MACHINE:5599\n"
            f"There: run_camera.py send 0 feed://THIS-MACHINE:5599 --key {file.name}",
            soft_wrap=True,
        )


@keys.command("list")
def list_keys() -> None:
    """Say who may send."""
    from realtime.feed_keys import KeyRing

    for public, name in KeyRing.of_user().allowed().items():
        console.print(f"{name}  {public}", markup=False, highlight=False)


@keys.command("revoke", epilog="Example: python run_camera.py keys revoke laptop")
def revoke_key(name: Annotated[str, typer.Argument(help="As given to 'keys new'.")]) -> None:
    """Let a machine send no longer, from the next start on."""
    with one_line_errors():
        from realtime.feed_keys import KeyRing

        KeyRing.of_user().revoke(name)
        console.print(f"{name} may send no longer; a feed that is running now must be started again.")


@bench.command(epilog="Example: python run_camera.py bench throughput --json out/throughput.json")
def throughput(
    clip: Clip = None,
    runs: Annotated[int, typer.Option(min=1, help="Medians are over so many.")] = 5,
    json: Json = None,
    settings: Config = None,
) -> None:
    """Frames per second of a whole replay, beside a plain OpenCV and MediaPipe loop.

    Without --clip, twelve seconds of a laboratory camera are simulated: 640x480 at 200 frames/s.
    """
    with one_line_errors(), tempfile.TemporaryDirectory() as folder:
        from realtime.bench_command import bench_throughput

        chosen = _settings(settings)
        bench_throughput(clip or _laboratory_clip(Path(folder)), runs, chosen, console, json)


@bench.command(epilog="Example: python run_camera.py bench latency --html out/latency.html")
def latency(
    clip: Clip = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often the clip is served.")] = 3,
    json: Json = None,
    html: Annotated[Path | None, typer.Option(help="Report with histograms and the way of one event.")] = None,
    settings: Config = None,
) -> None:
    """How old a frame is when it is spotted, and an event when it is published, at a camera's pace.

    Without --clip, the built-in clip is served: 640x480 at 30 frames/s.
    """
    with one_line_errors(), tempfile.TemporaryDirectory() as folder:
        from models.simulator.builtin_clip import make_builtin_clip
        from realtime.bench_command import bench_latency

        chosen = _settings(settings)
        bench_latency(clip or make_builtin_clip(Path(folder)).video, rounds, chosen, console, json, html)


@bench.command(epilog="Example: python run_camera.py bench soak --minutes 30 --json out/soak.json")
def soak(
    minutes: Annotated[float, typer.Option(min=0.5, help="How long to run.")] = 2.0,
    every: Annotated[float, typer.Option(min=5, help="Seconds from one kill to the next.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Of the choice whom to kill.")] = 1,
    clip: Clip = None,
    json: Json = None,
    settings: Config = None,
) -> None:
    """Play faces as a live camera while workers are killed at random: what was missed, lost and leaked.

    Without --clip, the built-in clip is played: 640x480 at 30 frames/s.
    """
    with one_line_errors(), tempfile.TemporaryDirectory() as folder:
        from models.simulator.builtin_clip import make_builtin_clip
        from realtime.bench_soak_command import bench_soak

        chosen = _settings(settings)
        bench_soak(clip or make_builtin_clip(Path(folder)).video, minutes, every, seed, chosen, console, json)


def _laboratory_clip(folder: Path) -> Path:
    from models.simulator.simulate import SimulationPlan, simulate_all

    with console.status("Simulating a laboratory camera"):
        (clip,) = simulate_all(SimulationPlan(folder, clips=1, seconds=12, fps=200, seed=8200, face_px=300), 1)
    return clip


@app.command(epilog="Example: python run_camera.py doctor")
def doctor() -> None:
    """Tell what this machine has, what will be used, and what is missing."""
    from realtime.doctor import examine

    table = Table("what", "state", "finding", box=None)
    colours = {"ok": "green", "absent": "yellow", "broken": "red"}
    broken = False
    for finding in examine():
        table.add_row(finding.what, f"[{colours[finding.state]}]{finding.state}[/]", finding.says)
        broken |= finding.state == "broken"
    console.print(table)
    if broken:
        _stop("something that every run needs is broken; see the lines above")


if __name__ == "__main__":
    sys.exit(app())
