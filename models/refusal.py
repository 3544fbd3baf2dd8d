"""A command that cannot go on says why in one line."""

from __future__ import annotations

from typing import NoReturn

import typer


def refuse(message: str) -> NoReturn:
    """Say it on standard error, and end with status 1."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)
