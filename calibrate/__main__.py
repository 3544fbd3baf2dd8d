"""`python -m calibrate`: what must be measured before trusting. Each command imports what it needs when it runs."""

from __future__ import annotations

import typer

from calibrate.camera_command import camera
from calibrate.int8_command import int8
from calibrate.person_command import person
from calibrate.threshold_command import threshold

app = typer.Typer(
    help="Measure the camera, the person and the thresholds before trusting what is seen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(epilog="Example: python -m calibrate camera 0 --seconds 10 --json out/camera.json")(camera)
app.command(epilog="Example: python -m calibrate person 0 --name anna; python run_camera.py camera 0 --person anna")(
    person
)
app.command(epilog="Example: python -m calibrate int8 --out out/int8")(int8)
app.command(epilog="Example: python -m calibrate threshold --false-alarms-per-minute 0.5 --settings-file glimpse.toml")(
    threshold
)


@app.callback()
def main() -> None:
    """Measure the camera, the person and the thresholds before trusting what is seen."""


if __name__ == "__main__":
    app(prog_name="python -m calibrate")
