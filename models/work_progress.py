"""How far a long work has come: a bar with the time left on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time

import typer

_EVERY_S = 10.0


class WorkProgress:
    """A context; `advanced` is called with the pieces done, first with those that were there from before.

    Args:
        pieces: what is counted, such as `folds`.
    """

    def __init__(self, pieces: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn(pieces), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        self._pieces = pieces
        self._bar = Progress(*columns, console=console) if console.is_terminal else None
        self._task = self._bar.add_task(pieces) if self._bar else None
        self._begun = self._told = time.monotonic()
        self._at_begin: int | None = None

    def __enter__(self) -> WorkProgress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def advanced(self, done: int, total: int) -> None:
        """So many of all are done."""
        if self._at_begin is None:
            self._at_begin = done
            if done:
                typer.echo(f"{done} of {total} {self._pieces} are there from before", err=True)
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
            return
        now = time.monotonic()
        if done > self._at_begin and now - self._told > _EVERY_S:
            self._told = now
            left = (now - self._begun) / (done - self._at_begin) * (total - done)
            typer.echo(f"{done}/{total} {self._pieces}, {left:.0f} s left", err=True)
