"""Options that several commands take, and the settings that come of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from realtime.commands.terminal import console
from realtime.settings import Settings, load_settings

Out = Annotated[Path, typer.Option(help="Folder for events, annotated video and report; made if missing.")]
Config = Annotated[Path | None, typer.Option("--settings", help="Settings file; default: glimpse.toml if it exists.")]
Json = Annotated[Path | None, typer.Option("--json", help="File for the figures.")]
Clip = Annotated[Path | None, typer.Option(help="A video of your own.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Of the page, on this machine only; 0: any.")]
Person = Annotated[str | None, typer.Option(help="Who is watched; see 'python -m calibrate person'.")]
Model = Annotated[
    str | None, typer.Option(help="Network that classifies: a name in models/weights, or the file of an exported one.")
]
Aus = Annotated[
    bool, typer.Option("--aus", help="Print each event's action units, and store their strength in each of its frames.")
]


@dataclass(frozen=True)
class Simulated:
    """Makers of clips, given to the commands as the context's object: these rooms import no simulator."""

    builtin: Callable[[Path], tuple[Path, Path]]
    """Writes the clip of the demo into a folder: its video, and the table of the truth."""
    laboratory: Callable[[Path], Path]
    """Writes twelve seconds of a laboratory camera into a folder: 640x480 at 200 frames/s."""


def chosen_settings(
    file: Path | None,
    model: str | None = None,
    person: str | None = None,
    aus: bool = False,
    **sections: dict[str, Any],
) -> Settings:
    """Settings of the file, the environment and the command line; says whose person file is used.

    Raises:
        SettingsError: the file cannot be read, or holds what no setting takes.
        UserFacingError: the person was never calibrated.
    """
    if model or aus:
        sections["recognise"] = ({"model": model} if model else {}) | ({"aus": True} if aus else {})
    if person is not None:
        sections["spot"] = {"person": person}
    chosen = load_settings(file, sections)
    if chosen.spot.person:
        from realtime.person import load_person

        console.print(load_person(chosen.spot.person).line(), markup=False, soft_wrap=True)
    return chosen
