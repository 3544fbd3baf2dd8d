"""How a measurement ends: figures and picture in the files that were asked for, or one line that says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import typer
from rich.console import Console

INTERRUPTED = 130


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What a user can mend becomes one line and exit code 1, Ctrl-C exit code 130."""
    from realtime.failures import UserFacingError
    from realtime.settings import SettingsError
    from realtime.system_libraries import missing_library_advice

    try:
        yield
    except (UserFacingError, SettingsError) as error:
        stop(str(error))
    except ImportError as error:
        stop(missing_library_advice(error) or f"{error}; run 'pip install -e .' in this folder")
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def check_writable(*files: Path | None) -> None:
    """Find out before the measuring, not after it, that a file cannot be written.

    Raises:
        UserFacingError: one of them cannot.
    """
    from realtime.failures import UserFacingError

    for file in files:
        if file is None:
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            was_there = file.exists()  # an empty file or a device of somebody's is not ours to delete
            with file.open("ab"):
                pass
            if not was_there:
                file.unlink()
        except OSError as error:
            raise UserFacingError(f"{file}: cannot be written: {error.strerror}; choose another place") from None


def keep(
    console: Console,
    figures: msgspec.Struct,
    json: Path | None,
    picture: Path | None,
    draw: Callable[[Path], None],
) -> None:
    """Write what was asked for, and say where.

    Args:
        console: where it is said.
        figures: become JSON.
        json: file for them.
        picture: file for the picture.
        draw: makes it.

    Raises:
        UserFacingError: a file cannot be written.
    """
    from realtime.failures import UserFacingError

    file = json
    try:
        if json is not None:
            json.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
            console.print(f"Figures: {json}", markup=False)
        if picture is not None:
            file = picture
            draw(picture)
            console.print(f"Picture: {picture}", markup=False)
    except (OSError, ValueError) as error:  # matplotlib: a kind of picture that it cannot draw
        raise UserFacingError(f"{file}: cannot be written: {error}") from None


def stop(reason: str) -> NoReturn:
    """Say it on standard error in one line, and end with status 1."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"glimpse: {reason}", markup=False)
    raise typer.Exit(1)
