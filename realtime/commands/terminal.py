"""How a command speaks and how it ends: one line for what a user can mend, and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console

from realtime.settings import SettingsError
from realtime.system_libraries import missing_library_advice

NOTHING_DONE = 1
"""Exit code when nothing could be done; the reason is printed in one line."""
INTERRUPTED = 130
"""Exit code after Ctrl-C; everything found so far is on disk."""

# Names of files and sources may look like Rich's markup; nothing that is printed is meant to be any.
console = Console(highlight=False, markup=False)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What goes wrong for a reason a user can mend becomes one line and an exit code; the rest stays a traceback."""
    try:
        from engine.classifier import ModelError
        from realtime.failures import UserFacingError
    except ImportError as error:
        stop(missing_library_advice(error) or f"{error}; run 'pip install -e .' in this folder")
    try:
        yield
    except (UserFacingError, SettingsError, ModelError) as error:
        stop(str(error))
    except ImportError as error:
        stop(missing_library_advice(error) or f"{error}; run 'pip install -e .' in this folder")
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def stop(reason: str) -> NoReturn:
    """Print the reason on the error stream, and leave with `NOTHING_DONE`."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"glimpse: {reason}", markup=False)
    raise typer.Exit(NOTHING_DONE)


def end(stopped_by: str) -> None:
    """Leave with `INTERRUPTED` if a signal stopped the run."""
    if stopped_by in ("Ctrl-C", "SIGTERM"):
        raise typer.Exit(INTERRUPTED)
