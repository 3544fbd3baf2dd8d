"""What a viewer asks of the run, passed through a small file: a sink has no edge back to the stages."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

Wish: TypeAlias = Literal["quit", "reset", "spot", "measure", "leave"]
"""quit: end the run; reset: take the face as it is for neutral; spot: set one of `SpotSettings` from now on;
measure: learn a person's face at rest; leave: do not."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wish."""

    wish: Wish
    name: str = ""  # spot: of the setting; measure: of the person
    value: float = 0.0  # spot: what the setting shall be


class Wishes:
    """Written where keys are pressed, read where the run is led and in the stages that obey. Crosses processes by its
    path; every reader reads all wishes, each at its own place.

    Args:
        path: one wish per line is added to it; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0

    def ask(self, wish: Wish, name: str = "", value: float = 0.0) -> None:
        """Add a wish; where that cannot be done it is lost, and the viewer presses again."""
        with contextlib.suppress(OSError), self.path.open("ab") as file:
            file.write(msgspec.json.encode(Asked(wish, name, value)) + b"\n")

    def asked(self) -> list[Asked]:
        """Wishes since the last call, in order."""
        try:
            if self.path.stat().st_size <= self._read:  # as a rule; and a frame's time is short
                return []
            with self.path.open("rb") as file:
                file.seek(self._read)
                lines = file.read()
        except OSError:
            return []
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read += len(whole)
        found: list[Asked] = []
        for line in whole.splitlines():
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                found.append(msgspec.json.decode(line, type=Asked))
        return found
