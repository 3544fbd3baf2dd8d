"""`python -m calibrate`: what must be measured before trusting."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(
    help="Measure the camera before trusting what is seen through it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def main() -> None:
    """Measure the camera before trusting what is seen through it."""


@app.command(epilog="Example: python -m calibrate camera 0 --seconds 10 --json out/camera.json")
def camera(
    source: Annotated[str, typer.Argument(help="A camera, a URL or a recording of somebody who sits still.")] = "0",
    seconds: Annotated[float, typer.Option(min=2, help="How long to look.")] = 10.0,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw them into this PNG.")] = None,
) -> None:
    """Delivered rate, noise, flicker, sharpness and face size: what is detectable here, and what will be missed."""
    import msgspec

    from calibrate.camera import measure_camera
    from realtime.failures import UserFacingError
    from realtime.source import open_source

    console = Console(highlight=False, soft_wrap=True)
    try:
        opened = open_source(source)
        try:
            console.print(f"Look neutral and sit still for {seconds:.0f} seconds.")
            measured = measure_camera(opened, seconds)
        finally:
            opened.close()
    except UserFacingError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"glimpse: {error}", markup=False)
        raise typer.Exit(1) from None
    for line in measured.report.lines():
        console.print(line, markup=False)
    if json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        json.write_bytes(msgspec.json.format(msgspec.json.encode(measured.report), indent=2))
        console.print(f"Figures: {json}")
    if picture is not None:
        from calibrate.camera_picture import draw

        picture.parent.mkdir(parents=True, exist_ok=True)
        draw(measured, picture)
        console.print(f"Picture: {picture}")


if __name__ == "__main__":
    app()
