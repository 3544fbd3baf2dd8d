"""`camera`: watch one live, or several."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from realtime.commands.options import Aus, Config, Model, Out, Person, Port, Simulated, chosen_settings
from realtime.commands.terminal import console, end, one_line_errors
from realtime.settings import SettingsError


def camera(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(
            help="0 (the default), /dev/video0, rtsp://, http:// or feed://...; with --view web also 'browser', 'demo'"
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
    size: Annotated[
        str | None, typer.Option(help="Asked of a webcam, as 1280x720; what it delivers is printed.")
    ] = None,
    fps: Annotated[float | None, typer.Option(help="Frames per second asked of a webcam.")] = None,
    pixels: Annotated[
        str | None, typer.Option(help="What a webcam shall send: mjpeg (for high rates), yuyv or any.")
    ] = None,
    metrics: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of /metrics and /health on this machine; 0: any.")
    ] = None,
    log_json: Annotated[
        Path | None, typer.Option(help="File for what happens, one JSON object per line; -: standard error.")
    ] = None,
    out: Out = Path("out/camera"),
    person: Person = None,
    settings: Config = None,
    model: Model = None,
    aus: Aus = False,
) -> None:
    """Watch a camera live. Events are printed; files are written only with --record."""
    with one_line_errors():
        from realtime.onlookers import looking_on
        from realtime.watch import watch_camera

        if landmarks_only and not record:
            raise SettingsError("--landmarks-only says what --record keeps: give both, or neither to keep nothing")
        asked = {"record": {"landmarks_only": True}} if landmarks_only else {}
        chosen = chosen_settings(settings, model, person, aus, **asked, **_asked_of_camera(size, fps, pixels))
        simulated: Simulated = context.obj
        sources = [*([source] if source else []), *(more or [])] or ["0"]
        with looking_on(metrics, log_json, console) as onlookers:
            stopped_by = watch_camera(
                sources,
                chosen,
                console,
                view=view,
                record=record,
                out=out,
                port=port,
                demo_clip=lambda folder: simulated.builtin(folder)[0],
                onlookers=onlookers,
            )
        end(stopped_by)


def _asked_of_camera(size: str | None, fps: float | None, pixels: str | None) -> dict[str, dict[str, Any]]:
    asked: dict[str, Any] = {}
    if size is not None:
        parts = re.fullmatch(r"(\d+)x(\d+)", size)
        if parts is None:
            raise SettingsError(f"--size {size}: write width and height in pixels, as 1280x720")
        asked |= {"width": int(parts[1]), "height": int(parts[2])}
    if fps is not None:
        asked["fps"] = fps
    if pixels is not None:
        asked["pixels"] = pixels
    return {"camera": asked} if asked else {}
