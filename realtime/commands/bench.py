"""`bench`: measure speed and delay on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from realtime.commands.options import Clip, Config, Json, Simulated, chosen_settings
from realtime.commands.terminal import console, one_line_errors, stop

bench = typer.Typer(help="Measure speed and delay on this machine.", no_args_is_help=True)


@bench.command(epilog="Example: python run_camera.py bench throughput --json out/throughput.json")
def throughput(
    context: typer.Context,
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

        simulated: Simulated = context.obj
        chosen = chosen_settings(settings)
        if clip is None:
            with console.status("Simulating a laboratory camera"):
                clip = simulated.laboratory(Path(folder))
        bench_throughput(clip, runs, chosen, console, json)


@bench.command(epilog="Example: python run_camera.py bench latency --html out/latency.html")
def latency(
    context: typer.Context,
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
        from realtime.bench_command import bench_latency

        chosen = chosen_settings(settings)
        bench_latency(clip or _builtin(context, folder), rounds, chosen, console, json, html)


@bench.command(epilog="Example: python run_camera.py bench soak --minutes 30 --json out/soak.json")
def soak(
    context: typer.Context,
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
        from realtime.bench_soak_command import bench_soak

        chosen = chosen_settings(settings)
        bench_soak(clip or _builtin(context, folder), minutes, every, seed, chosen, console, json)


@bench.command(epilog="Example: python run_camera.py bench engine --json out/engine.json")
def engine(
    json: Json = None,
    compile_: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Also torch.compile, which takes some twenty seconds.")
    ] = True,
) -> None:
    """Every shipped network in every runtime of this machine: answers against torch, latency beside torch's.

    With a GPU also the whole way of an event, from crops to verdict. The same table: python -m engine check.
    """
    with one_line_errors():
        from engine.bench import differs, run
        from realtime.bench_command import write_figures
        from realtime.bench_gpu_path import run_gpu_path

        figures = run(console, compiling=compile_)
        figures["event_on_gpu"] = run_gpu_path(console)
        write_figures(figures, json)
        wrong = differs(figures)
        if wrong:
            stop(f"answers stray from torch's: {'; '.join(wrong)}")


@bench.command(epilog="Example: python run_camera.py bench kernels --json out/kernels.json")
def kernels(
    stills: Annotated[Path | None, typer.Option(help="Folder of stills and videos with more faces.")] = None,
    pairs: Annotated[int, typer.Option(min=2, help="Pairs per table.")] = 24,
    json: Json = None,
) -> None:
    """Accuracy and speed of flow, rigid-motion removal and the rest, beside OpenCV's; see also python -m kernels."""
    with one_line_errors():
        from kernels.bench import run
        from realtime.bench_command import write_figures

        if stills is not None and not stills.is_dir():
            stop(f"{stills} is not a folder; give a folder of pictures, or leave --stills out")
        write_figures(run(stills, pairs, False, console), json)


def _builtin(context: typer.Context, folder: str) -> Path:
    simulated: Simulated = context.obj
    return simulated.builtin(Path(folder))[0]
