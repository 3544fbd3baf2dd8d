"""A sink on a disk that may become full: the run goes on without it, and ends by saying so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

from realtime.failures import UserFacingError
from realtime.graph import Build
from realtime.parcel import Parcel


class Sink(Protocol):
    """What hangs on the last edge."""

    def take(self, parcel: Parcel) -> None:
        """One message."""

    def close(self) -> None:
        """Finish."""


class WhileThereIsRoom:
    """Hands on to another sink until that cannot write any more. What it wrote until then stays.

    Args:
        sink: the other one.
        path: of its file, for people.
    """

    def __init__(self, sink: Sink, path: Path) -> None:
        self._sink: Sink | None = sink
        self._path = path
        self._why = ""

    def take(self, parcel: Parcel) -> None:
        """Hand on one message, while that works."""
        if self._sink is None:
            return
        try:
            self._sink.take(parcel)
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Finish the file. A second call does nothing.

        Raises:
            UserFacingError: it could not be written to its end.
        """
        if self._sink is not None:
            try:
                self._sink.close()
                self._sink = None
            except OSError as error:
                self._give_up(error)
        if self._why:
            why, self._why = self._why, ""
            raise UserFacingError(f"{self._path} is cut short: {why}; make room, or choose another folder with --out")

    def _give_up(self, error: OSError) -> None:
        sink, self._sink = self._sink, None
        self._why = error.strerror or str(error)
        says = f"{self._path}: cannot be written any more: {self._why}; the run goes on without it"
        print(f"glimpse: {says}", file=sys.stderr, flush=True)
        try:
            if sink is not None:
                sink.close()
        except OSError:
            return  # it has been told


def keep(path: Path, sink: Build, resume: bool = False) -> WhileThereIsRoom:
    """Build a sink that writes a file, so that a full disk does not end the run.

    Raises:
        UserFacingError: the file cannot be opened.
    """
    try:
        return WhileThereIsRoom(sink(resume=resume), path)
    except OSError as error:
        raise UserFacingError(
            f"{path}: cannot be written: {error.strerror}; choose another folder with --out"
        ) from None
