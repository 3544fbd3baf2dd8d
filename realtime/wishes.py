"""What a viewer asks of the run, passed through a small file: a sink has no edge back to the stages."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal, TypeAlias, get_args

Wish: TypeAlias = Literal["quit", "reset"]


class Wishes:
    """Written where keys are pressed, read where the run is led. Crosses processes by its path.

    Args:
        path: one wish per line is added to it; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def ask(self, wish: Wish) -> None:
        """Add a wish; where that cannot be done it is lost, and the viewer presses again."""
        with contextlib.suppress(OSError), self._path.open("a") as file:
            file.write(f"{wish}\n")

    def asked(self) -> list[Wish]:
        """Wishes since the last call, in order."""
        try:
            with self._path.open() as file:
                file.seek(self._read)
                lines = file.read()
        except OSError:
            return []
        whole = lines[: lines.rfind("\n") + 1]
        self._read += len(whole)
        return [wish for line in whole.splitlines() for wish in get_args(Wish) if wish == line]
