"""`python -m models simulate` and `simulator-pictures`: the command lines of the simulator."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for videos and truth tables.")],
    clips: Annotated[int, typer.Option(help="How many recordings.")] = 1,
    seconds: Annotated[float, typer.Option(help="Length of each, at least 3.")] = 60.0,
    fps: Annotated[float, typer.Option(help="Frames per second, 1 to 500.")] = 30.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same recordings.")] = 0,
    face_width: Annotated[
        float | None, typer.Option(help="Face width in px, 100 to 500.  [default: drawn for each]", show_default=False)
    ] = None,
    faces: Annotated[
        Path | None, typer.Option(help="A portrait or a folder of portraits.  [default: built in]", show_default=False)
    ] = None,
    processes: Annotated[int, typer.Option(help="Recordings made at a time.  [default: one per core]")] = 0,
) -> None:
    """Simulate recordings of faces with micro-expressions and exact ground truth.

    Writes NAME.mp4, NAME.truth.csv (one line per micro- and macro-expression, blink, speech and glance) and
    NAME.conditions.json (camera and encoder) for each recording.

    Example: python -m models simulate --out out/sim --clips 4 --seconds 60 --fps 30 --seed 1
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from models.simulator.simulate import SimulationPlan, simulate_all

    console = Console(stderr=True)
    plan = SimulationPlan(out, clips, seconds, fps, seed, face_width, faces)
    columns = (TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TextColumn("frames"), TimeRemainingColumn())
    start = time.monotonic()
    try:
        with Progress(*columns, console=console) as bar:
            frames = round(max(clips, 0) * seconds * fps)
            task = bar.add_task("frames", total=frames)
            made = simulate_all(plan, processes or os.cpu_count() or 1, lambda done: bar.update(task, completed=done))
            bar.update(task, completed=frames)  # dropped frames were counted as well
    except (ValueError, OSError) as error:
        console.print(f"simulate: {error}", style="red", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    took = time.monotonic() - start
    console.print(
        f"{len(made)} recordings, {clips * seconds:g} s of video, made in {took:.1f} s: {out}", highlight=False
    )


def simulator_pictures(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("docs/simulator"),
) -> None:
    """Draw the pictures of docs/simulator.md anew.

    Example: python -m models simulator-pictures
    """
    from models.simulator.pictures import draw_pictures

    for picture in draw_pictures(out):
        typer.echo(picture)
