"""Glimpse on the command line. What each command takes and does stands in realtime/commands."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from realtime.commands.bench import bench
from realtime.commands.examine import doctor
from realtime.commands.feeding import keys, send
from realtime.commands.found import export, forget, view
from realtime.commands.live import camera
from realtime.commands.options import Simulated
from realtime.commands.recordings import demo, replay
from realtime.commands.terminal import console

app = typer.Typer(
    help="Find micro-expressions in video: onset, apex, offset, class and action units.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command(epilog="Example: python run_camera.py demo --out out/demo")(demo)
app.command(epilog="Example: python run_camera.py replay interview.mp4 --out out/interview")(replay)
app.command(epilog="Example: python run_camera.py camera 0 --view web")(camera)
app.command(epilog="Example: python run_camera.py export out/interview --format elan")(export)
app.command(epilog="Example: python run_camera.py view out/interview")(view)
app.command(epilog="Example: python run_camera.py forget out/camera/2026-01-31_09-30-00")(forget)
app.command(epilog="Example: python run_camera.py send 0 feed://192.168.1.20:5599 --key laptop.glimpse-key")(send)
app.add_typer(keys, name="keys")
app.add_typer(bench, name="bench")
app.command(epilog="Example: python run_camera.py doctor")(doctor)


def _version(asked: bool) -> None:
    if asked:
        console.print(f"glimpse {version('glimpse')}")
        raise typer.Exit


def _graph(asked: bool) -> None:
    if asked:
        from realtime.graph import describe

        console.print(describe(), markup=False)
        raise typer.Exit


def _builtin_clip(folder: Path) -> tuple[Path, Path]:
    from models.simulator.builtin_clip import make_builtin_clip

    clip = make_builtin_clip(folder)
    return clip.video, clip.truth


def _laboratory_clip(folder: Path) -> Path:
    from models.simulator.simulate import SimulationPlan, simulate_all

    (clip,) = simulate_all(SimulationPlan(folder, clips=1, seconds=12, fps=200, seed=8200, face_px=300), 1)
    return clip


@app.callback()
def main(
    context: typer.Context,
    _version_flag: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    _graph_flag: Annotated[
        bool,
        typer.Option("--print-graph", callback=_graph, is_eager=True, help="Print stages and edges and leave."),
    ] = False,
) -> None:
    """Find micro-expressions in video: onset, apex, offset, class and action units."""
    context.obj = Simulated(_builtin_clip, _laboratory_clip)


if __name__ == "__main__":
    sys.exit(app())
