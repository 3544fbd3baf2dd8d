"""`camera`: watch one live, or several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from realtime.commands.options import Config, Model, Out, Person, Port, Simulated, chosen_settings
from realtime.commands.terminal import console, end, one_line_errors
from realtime.settings import SettingsError


def camera(
    context: typer.Context,
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
    port: Port = 0,
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
        asked = {"record": {"landmarks_only": True}} if landmarks_only else {}
        chosen = chosen_settings(settings, model, person, **asked)
        simulated: Simulated = context.obj
        sources = [*([source] if source else []), *(more or [])] or ["0"]
        end(
            watch_camera(
                sources,
                chosen,
                console,
                view=view,
                record=record,
                out=out,
                port=port,
                demo_clip=lambda folder: simulated.builtin(folder)[0],
            )
        )
