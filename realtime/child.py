"""A child process as its supervisor sees it."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection

import msgspec

from realtime.control import Beat, Begin, Opened, Order, Ready, decode_word, encode
from realtime.lifeline import Phase
from realtime.messages import WorkerReport
from realtime.worker import WorkerSpec, run_worker

_LONGEST_WORD = 2**20  # bytes
_spawn = multiprocessing.get_context("spawn")  # CUDA and MediaPipe do not survive a fork


class Child:
    """Start it, hear it, tell it, end it.

    Attributes:
        phase: as it last reported.
        ready: its stage is built and warm.
        begun: it was told to begin.
        dismissed: it was ended before it began anything.
        opened: what the source delivers, from the worker that owns it.
        beat: its latest books.
        failure: the beat in which it reported a failure.
        heard_at: when it last spoke, monotonic seconds.
        refused: pieces from it that were no word.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self.name = spec.stage.name
        self.phase: Phase = "STARTING"
        self.ready = False
        self.begun = False
        self.opened: Opened | None = None
        self.beat = Beat(WorkerReport(worker=self.name, phase="STARTING", handled=0, dropped=0, busy_ns=0))
        self.failure: Beat | None = None
        self.heard_at = time.monotonic()
        self.deaf = False
        self.refused = 0
        self.dismissed = False
        self._terminated = self._killed = False
        self._control, theirs = _spawn.Pipe()
        self.process = _spawn.Process(target=run_worker, args=(spec, theirs), name=f"glimpse-{self.name}", daemon=True)
        resource_tracker.ensure_running()  # its first start would unblock the signals blocked below
        # A Ctrl-C that comes before the child can ignore it would print a traceback.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.exitcode is None

    @property
    def finished(self) -> bool:
        """It has done its work and said so."""
        return self.phase == "STOPPED"

    @property
    def ended(self) -> bool:
        """It has finished, or is no more."""
        return self.finished or not self.alive

    def news(self) -> list[Connection | int]:
        """What becomes readable when it speaks or dies."""
        return [*([self.process.sentinel] if self.alive else []), *([] if self.deaf else [self._control])]

    def hear(self) -> None:
        """Take in what the child has said so far."""
        try:
            while self._control.poll():
                word = decode_word(self._control.recv_bytes(_LONGEST_WORD))
                self.heard_at = time.monotonic()
                if isinstance(word, Opened):
                    self.opened = word
                elif isinstance(word, Ready):
                    self.ready = True
                else:
                    self._note(word)
        except (EOFError, OSError):
            self.deaf = True
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.refused += 1

    def tell(self, order: Order) -> None:
        """Send an order; a child that is gone is noticed elsewhere."""
        self.begun |= isinstance(order, Begin)
        try:
            self._control.send_bytes(encode(order))
        except OSError:
            return

    def terminate(self) -> None:
        """Ask by signal, once: a second one would interrupt what the first has made it finish."""
        if not self._terminated:
            self._terminated = True
            self.process.terminate()

    def dismiss(self) -> None:
        """End it before it has begun anything; that is no failure."""
        self.dismissed = True
        self.process.kill()

    def kill(self) -> None:
        """End it, since it does not end itself."""
        self._killed = True
        self.process.kill()

    def how_it_died(self) -> str:
        """One line for a process that ended without saying why."""
        if self._killed:
            return f"{self.name} did not stop in time and was killed"
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"{self.name} ended unexpectedly (exit code {code})"
        known = {number.value: number.name for number in signal.Signals}
        name = known.get(-code, f"signal {-code}")
        return f"{self.name} was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")

    def how_it_failed(self) -> str:
        """One line for the failure it reported; empty when there was none."""
        if self.failure is None:
            return ""
        note = self.failure.report.note
        return note if self.failure.mendable else f"{self.name} failed: {note}"

    def close(self) -> None:
        """Give back what the parent holds of a process that has ended."""
        self._control.close()
        self.process.close()

    def _note(self, beat: Beat) -> None:
        self.beat = beat
        self.phase = beat.report.phase
        if beat.report.phase == "FAILED" and self.failure is None:
            self.failure = beat
