"""Ctrl-C and SIGTERM as a wish to stop, for as long as a run lasts."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class StopWanted(Exception):
    """Raised by a stage whose user wants the run to end, by closing its window for instance; not a failure."""


class StopSignals:
    """A context in which signals are noted instead of raised. Outside the main thread it hears nothing.

    Attributes:
        received: `Ctrl-C` or `SIGTERM`, empty before one came.
        impatient: Ctrl-C came a second time.
    """

    def __init__(self) -> None:
        self.received = ""
        self.impatient = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.impatient |= bool(self.received) and number == signal.SIGINT
        self.received = self.received or ("Ctrl-C" if number == signal.SIGINT else "SIGTERM")
