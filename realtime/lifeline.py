"""A worker's line to its supervisor: books and heartbeats out, orders in. When the line is cut, the worker leaves."""

from __future__ import annotations

import math
import os
import shutil
import threading
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from realtime.control import Beat, Begin, Stop, Word, decode_order, encode
from realtime.durations import DurationCounts
from realtime.failures import UserFacingError
from realtime.messages import WorkerReport
from realtime.ring import RingSpec

_BEAT_S = 0.25
_LONGEST_ORDER = 2**20  # bytes
_DRAIN_S = 2.0  # who has been told to stop still tries so long to hand on what it holds
_HURRY_S = 0.3  # the same where some receiver is dead, and others are not
_ORPHAN_S = 1.5  # an orphan that has not left by itself after this is ended
Phase: TypeAlias = Literal["STARTING", "RUNNING", "STOPPING", "STOPPED", "FAILED"]


@dataclass
class Books:
    """What a worker has done so far."""

    handled: int = 0
    dropped: int = 0
    refused: int = 0
    gone: int = 0
    missed: int = 0
    shed: int = 0
    busy_ns: int = 0
    waited_ns: int = 0
    ended_ns: int = 0
    notes: tuple[str, ...] = ()
    broke_off: str = ""
    wants_stop: bool = False
    newest_ns: int = 0
    uses: str = ""
    took: DurationCounts = field(default_factory=DurationCounts)
    ages: DurationCounts = field(default_factory=DurationCounts)


class Lifeline:
    """Runs in a thread beside the stage, so that a stage that takes long is still seen to be alive.

    Args:
        name: of the worker.
        control: this end of the pipe.
        folder: the run's private folder; an orphan removes it, for nobody else will.
        hang_s: one call into the stage that lasts longer is reported as a failure.
        close_s: the same for the stage's closing, when files are finished.

    Attributes:
        books: the worker counts in here.
        stopping: the supervisor, or a signal, asked to stop.
        hurried: a worker further on has failed; nobody there may take anything any more.
        orphaned: the supervisor is gone.
    """

    def __init__(self, name: str, control: Connection, folder: Path, hang_s: float, close_s: float) -> None:
        self.books = Books()
        self.stopping = False
        self.hurried = False
        self.orphaned = False
        self._name = name
        self._control = control
        self._folder = folder
        self._limits = {"RUNNING": hang_s, "STOPPING": close_s}
        self._phase: Phase = "STARTING"
        self._stop_since = math.inf
        self._inside_since: float | None = None
        self._inside_limit_s: float | None = None
        self._rings: dict[str, RingSpec] | None = None
        self._begun = threading.Event()
        self._sending = threading.Lock()
        threading.Thread(target=self._attend, name="lifeline", daemon=True).start()

    def say(self, word: Word) -> None:
        """Tell the supervisor; a line that was cut is noticed elsewhere."""
        with self._sending:
            try:
                self._control.send_bytes(encode(word))
            except OSError:
                self.orphaned = self.stopping = True

    def wait_for_rings(self) -> dict[str, RingSpec] | None:
        """Wait for the order to begin; None when the order was to stop."""
        while not self._begun.wait(0.05):
            if self.stopping:
                return None
        return self._rings

    def enter(self, phase: Phase) -> None:
        """Report a new phase at once; a failure stays one."""
        if self._phase == "FAILED":
            return
        self._phase = phase
        self.say(self._beat())

    def fail(self, error: BaseException) -> None:
        """Report what ended this worker; what fails because of it is not told."""
        if self._phase == "FAILED":
            return
        self._phase = "FAILED"
        mendable = isinstance(error, UserFacingError)
        first_line = (str(error).splitlines() or [""])[0]
        note = first_line if mendable else f"{type(error).__name__}: {first_line}"
        if isinstance(error, SystemExit):
            note = "did not stop in time and was terminated"
        details = "" if mendable else "".join(traceback.format_exception(error))
        self.say(self._beat(note, mendable, details))

    def go_in(self, limit_s: float | None = None) -> None:
        """The stage is called, and may take so long; by default what the phase allows."""
        self._inside_limit_s = limit_s
        self._inside_since = time.monotonic()

    def come_out(self) -> None:
        """The stage has answered."""
        self._inside_since = None

    def stop(self, hurry: bool = False) -> None:
        """Finish what waits, then leave."""
        self.stopping = True
        self.hurried |= hurry
        self._stop_since = min(self._stop_since, time.monotonic())

    @property
    def failed(self) -> bool:
        """Whether a failure has been reported."""
        return self._phase == "FAILED"

    def gives_up(self) -> bool:
        """Whether to stop waiting for others."""
        patience_s = _HURRY_S if self.hurried else _DRAIN_S
        return self.orphaned or time.monotonic() - self._stop_since > patience_s

    def _attend(self) -> None:
        while True:
            try:
                if self._control.poll(_BEAT_S):
                    self._obey()
            except (EOFError, OSError):
                self._leave_as_orphan()
            self.say(self._beat())
            self._watch_for_hang()

    def _obey(self) -> None:
        try:
            order = decode_order(self._control.recv_bytes(_LONGEST_ORDER))
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.books.refused += 1
            return
        if isinstance(order, Begin):
            self._rings = order.rings
            self._begun.set()
        elif isinstance(order, Stop):
            self.stop(order.hurry)

    def _watch_for_hang(self) -> None:
        since, limit_s = self._inside_since, self._inside_limit_s or self._limits.get(self._phase)
        if since is not None and limit_s is not None and time.monotonic() - since > limit_s:
            self._phase = "FAILED"
            self.say(self._beat(f"no answer from its stage for {limit_s:g} s", hung=True))

    def _leave_as_orphan(self) -> None:
        self.orphaned = self.stopping = True
        shutil.rmtree(self._folder, ignore_errors=True)
        time.sleep(_ORPHAN_S)
        os._exit(1)

    def _beat(self, note: str = "", mendable: bool = False, details: str = "", hung: bool = False) -> Beat:
        books = self.books
        report = WorkerReport(
            worker=self._name,
            phase=self._phase,
            handled=books.handled,
            dropped=books.dropped,
            busy_ns=books.busy_ns,
            note=note,
        )
        return Beat(
            report=report,
            refused=books.refused,
            gone=books.gone,
            missed=books.missed,
            shed=books.shed,
            waited_ns=books.waited_ns,
            ended_ns=books.ended_ns,
            notes=books.notes,
            broke_off=books.broke_off,
            wants_stop=books.wants_stop,
            mendable=mendable,
            hung=hung,
            details=details,
            newest_ns=books.newest_ns,
            uses=books.uses,
            took=books.took.so_far(),
            ages=books.ages.so_far(),
        )
