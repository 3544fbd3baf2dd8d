"""`python -m calibrate camera`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from calibrate.outcome import check_writable, keep, one_line_errors


def camera(
    source: Annotated[str, typer.Argument(help="A camera, a URL or a recording of somebody who sits still.")] = "0",
    seconds: Annotated[float, typer.Option(min=2, help="How long to look.")] = 10.0,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw them into this PNG.")] = None,
    settings: Annotated[Path | None, typer.Option(help="Settings file; default: glimpse.toml if it exists.")] = None,
) -> None:
    """Delivered rate, noise, flicker, sharpness and face size: what is detectable here, and what will be missed."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with one_line_errors():
        from calibrate.camera import measure_camera
        from realtime.settings import load_settings
        from realtime.source import SourceSpec

        check_writable(json, picture)
        chosen = load_settings(settings)
        opened = SourceSpec.live_as(source, chosen.camera).open()
        try:
            console.print(f"Look neutral and sit still for {seconds:.0f} seconds.")
            measured = measure_camera(opened, seconds, chosen)
        finally:
            opened.close()
        for line in measured.report.lines():
            console.print(line, markup=False)

        def draw(path: Path) -> None:
            from calibrate.camera_picture import draw as draw_camera

            draw_camera(measured, path)

        keep(console, measured.report, json, picture, draw)
