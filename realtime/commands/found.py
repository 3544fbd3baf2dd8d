"""`export`, `view` and `forget`: what to do with what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from realtime.commands.options import Port
from realtime.commands.terminal import console, end, one_line_errors


def export(
    path: Annotated[Path, typer.Argument(help="The --out folder of a replay, a recorded session, or an events file.")],
    form: Annotated[str, typer.Option("--format", help="jsonl, csv, parquet, elan or openface.")],
    out: Annotated[Path | None, typer.Option(help="Folder or file to write; default: beside the events.")] = None,
    media: Annotated[Path | None, typer.Option(help="Video that an ELAN file points to.")] = None,
) -> None:
    """Write the events in a form that ELAN, R, pandas or a spreadsheet opens."""
    with one_line_errors():
        from realtime.export import export_path

        for file in export_path(path, form, out, media):
            console.print(f"Exported: {file}", soft_wrap=True)


def view(
    folder: Annotated[Path, typer.Argument(help="A recorded session, a folder of them, or what replay wrote.")],
    port: Port = 0,
) -> None:
    """Look at what was found: frame by frame, slowly, magnified; export single expressions."""
    with one_line_errors():
        from realtime.web.view_page import view_sessions

        end(view_sessions(folder, console, port=port))


def forget(session: Annotated[Path, typer.Argument(help="Folder of a recorded session.")]) -> None:
    """Delete a recorded session: everything its manifest lists, and nothing else."""
    with one_line_errors():
        from realtime.kept_session import forget_session

        done = forget_session(session)
        console.print(f"Deleted {len(done.files)} files, {done.size / 1e6:.1f} MB: {', '.join(done.files)}")
        if done.left:
            console.print(f"Not recorded by Glimpse, and left in {session}: {', '.join(done.left)}", soft_wrap=True)
