"""`run_camera.py view`: recorded sessions as a page, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from realtime.failures import UserFacingError
from realtime.stop_signals import StopSignals
from realtime.web.kept import kept_runs
from realtime.web.server import PageServer
from realtime.web.session_routes import session_routes

_LOOK_S = 0.2


def view_sessions(out: Path, console: Console, *, port: int = 0) -> str:
    """Serve the viewer.

    Args:
        out: a recorded session, a folder of them, or what `replay` wrote.
        console: for the address.
        port: 0 for any that is free.

    Returns:
        What ended it: `Ctrl-C` or `SIGTERM`.

    Raises:
        UserFacingError: there is nothing to see in the folder, or the port is taken.
    """
    runs = kept_runs(out)
    if not runs:
        raise UserFacingError(
            f"{out}: holds no events file; record with 'camera --record', or run 'replay VIDEO --out {out}'"
        )
    # Heard from the beginning, so that the page's token does not outlive the page.
    with StopSignals() as signals, PageServer("sessions.html", port, lambda hub: session_routes(out)) as server:
        console.print(f"Viewer: {server.url}", soft_wrap=True, style="bold")
        for run in runs:
            video = "no video was kept" if run.video is None else str(run.video)
            console.print(f"  {run.name}: {len(run.events())} expressions, {video}", markup=False, soft_wrap=True)
        console.print("Open it in a browser on this machine. Ctrl-C ends the program.")
        while not signals.received:
            time.sleep(_LOOK_S)
    return signals.received
