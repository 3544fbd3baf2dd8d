"""`python -m models prepare`: recordings into a store, once, for every model here."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from models.refusal import refuse
from models.work_progress import WorkProgress


def prepare(
    data: Annotated[list[str], typer.Option(help="NAME:DIR, see `python -m models data`; may be repeated")],
    out: Annotated[Path, typer.Option(help="folder of the store; a run that was cut off goes on there")],
    frames: Annotated[int, typer.Option(help="frames of every clip, 16 to 400")] = 30,
    size: Annotated[int, typer.Option(help="height and width of the colour crops, px")] = 128,
    interpolate: Annotated[str, typer.Option(help="linear or flow: how frames between frames are made")] = "linear",
    magnify: Annotated[str, typer.Option(help="none, eulerian or lagrangian: of the crops")] = "none",
    alpha: Annotated[float, typer.Option(help="magnification beyond the motion itself")] = 2.0,
    dense_points: Annotated[int, typer.Option(help="points of each region of the dense clouds")] = 1024,
    jobs: Annotated[int, typer.Option(min=1, help="clips at a time, each in a process of its own")] = 1,
) -> None:
    """Cut, align, time, magnify and measure annotated clips, into a store that every model here reads.

    Onset, apex and offset are found where nobody marked them, and the store says so.

    Example: python -m models prepare --data casme2:/data/CASME2 --out out/store --jobs 4
    """
    import msgspec

    from models.datasets.clip import AnnotatedClip, DatasetError
    from models.datasets.command import told
    from models.datasets.readers import find
    from models.preparation.predicted_units import ShippedNetworkMissing
    from models.preparation.settings import PrepareSettings
    from models.preparation.work import prepare_all

    begun = time.monotonic()
    try:
        given = {
            "frames": frames, "size": size, "interpolate": interpolate, "magnify": magnify, "alpha": alpha,
            "dense_points": dense_points,
        }  # fmt: skip
        settings = msgspec.convert(given, PrepareSettings)
        settings.check()
        clips: list[AnnotatedClip] = []
        for spec in data:
            finding = find(spec)
            for line in told(finding, most=5):
                typer.echo(line)
            clips += finding.clips
        if not clips:
            refuse("no clip to prepare")
        with WorkProgress("clips") as progress:
            command = "python -m models " + shlex.join(sys.argv[1:])
            contents = prepare_all(clips, settings, out, data, command, jobs, progress.advanced)
    except (DatasetError, ShippedNetworkMissing, ValueError, OSError) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        refuse(f"stopped; what is done lies in {out}, and the same command goes on from there")
    for name, why in list(contents.failed.items())[:20]:
        typer.echo(f"left out: {name}: {why}")
    if len(contents.failed) > 20:
        typer.echo(f"left out: {len(contents.failed) - 20} more; all stand in {out / 'store.json'}")
    typer.echo(f"{len(contents.clips)} clips in {out}, {time.monotonic() - begun:.0f} s; {_marks(contents.clips)}")
    if not contents.clips:
        raise typer.Exit(1)


def _marks(clips: list) -> str:  # type: ignore[type-arg]
    from collections import Counter

    return "marks: " + ", ".join(f"{how} {count}" for how, count in Counter(one.marks for one in clips).most_common())
