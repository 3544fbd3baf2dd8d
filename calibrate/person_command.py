"""`python -m calibrate person`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from calibrate.outcome import check_writable, keep, one_line_errors

if TYPE_CHECKING:
    from calibrate.person import PersonMeasurement
    from realtime.person_quiet import Quiet

_STORED = "Kept: noise of 15 regions, opening of the eyes, 34 points of the neutral face's shape. No picture."


def person(
    source: Annotated[str, typer.Argument(help="A camera, a URL or a recording of somebody who sits still.")] = "0",
    name: Annotated[str | None, typer.Option(help="What to call the person.")] = None,
    seconds: Annotated[float, typer.Option(min=2, max=120, help="Quiet seconds to collect.")] = 10.0,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file too.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw them into this PNG.")] = None,
    forget: Annotated[str | None, typer.Option(help="Delete what is kept of this person, and leave.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show who was measured, and leave.")] = False,
    settings: Annotated[Path | None, typer.Option(help="Settings file; default: glimpse.toml if it exists.")] = None,
) -> None:
    """Learn one person's neutral face, for --person NAME: the noise of each region and how open the eyes are.

    What is kept are figures, no pictures, in a file that only you can read. They are biometric data: ask first,
    and delete them with --forget NAME.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with one_line_errors():
        if list_:
            _list(console)
        elif forget is not None:
            from realtime.person import forget_person

            console.print(f"Deleted: {forget_person(forget)}", markup=False)
        else:
            _measure(console, source, name, seconds, json, picture, settings)


def _measure(
    console: Console,
    source: str,
    name: str | None,
    seconds: float,
    json: Path | None,
    picture: Path | None,
    settings: Path | None,
) -> None:
    from calibrate.person import measure_person
    from realtime.failures import UserFacingError
    from realtime.person import checked_name, save_person
    from realtime.settings import load_settings
    from realtime.source import SourceSpec

    if name is None:
        raise UserFacingError("say who it is: --name NAME (or --list, or --forget NAME)")
    name = checked_name(name)
    check_writable(json, picture)
    chosen = load_settings(settings)
    opened = SourceSpec.live_as(source, chosen.camera).open()
    try:
        console.print(f"Look neutral, hold still and do not speak until {seconds:g} quiet seconds are collected.")
        with _Meter(console, seconds) as meter:
            measured = measure_person(opened, name, seconds, chosen, meter.show)
    finally:
        opened.close()
    _tell(console, measured)
    console.print(f"Person: {save_person(measured.person)}", markup=False)
    console.print(f"{_STORED} Delete with: python -m calibrate person --forget '{name}'", markup=False)

    def draw(path: Path) -> None:
        from calibrate.person_picture import draw as draw_person

        draw_person(measured, path)

    keep(console, measured.person, json, picture, draw)


class _Meter(Progress):
    """How much rest was seen, and what disturbs now."""

    def __init__(self, console: Console, seconds: float) -> None:
        columns = (TextColumn("quiet"), BarColumn(), TextColumn("{task.completed:.1f} of {task.total:g} s"))
        super().__init__(*columns, TextColumn("{task.fields[why]}"), console=console, transient=True)
        self._quiet = self.add_task("quiet", total=seconds, why="")

    def show(self, quiet: Quiet) -> None:
        self.update(self._quiet, completed=min(quiet.collected_s, quiet.wanted_s), why=quiet.disturbed_by)


def _tell(console: Console, measured: PersonMeasurement) -> None:
    person = measured.person
    console.print(
        f"{person.name}: {person.quiet_s:.1f} s at rest, {person.rate:.1f} frames/s, "
        f"face {person.face_width:.0f} px wide",
        markup=False,
    )
    worst = max(person.noise, key=person.noise.__getitem__)
    least = min(person.noise, key=person.noise.__getitem__)
    console.print(
        f"noise {person.noise[least]:.2f} px ({least.replace('_', ' ')}) to {person.noise[worst]:.2f} px "
        f"({worst.replace('_', ' ')}) at 224 px face width; eyes open at {person.eye_opening:.2f}"
    )


def _list(console: Console) -> None:
    from realtime.failures import UserFacingError
    from realtime.person import known_persons, load_person, persons_folder

    names = known_persons()
    if not names:
        console.print(f"Nobody was measured yet; persons are kept in {persons_folder()}", markup=False)
        return
    table = Table("person", "measured", "at rest", "camera", box=None, pad_edge=False)
    for name in names:
        try:
            found = load_person(name)
        except UserFacingError:
            table.add_row(name, "cannot be read", "", "")
            continue
        table.add_row(name, found.measured_at[:16].replace("T", " "), f"{found.quiet_s:.0f} s", found.source)
    console.print(table)
