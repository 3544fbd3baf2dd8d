"""How a run may go, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from realtime.control import Beat, Opened
from realtime.failures import UserFacingError


class WorkerFailed(UserFacingError):
    """A worker ended the run.

    Attributes:
        worker: its name.
        details: its traceback, where it had one.
    """

    def __init__(self, worker: str, text: str, details: str = "") -> None:
        super().__init__(text)
        self.worker = worker
        self.details = details


@dataclass(frozen=True)
class Limits:
    """How long things may take, seconds.

    Attributes:
        start_s: until a worker is ready.
        hang_s: silence, or one call into a stage.
        close_s: finishing files at the end.
        grace_s: from the wish to stop until stages are stopped one by one; and again from there to SIGTERM.
    """

    start_s: float = 60.0
    hang_s: float = 20.0
    close_s: float = 120.0
    grace_s: float = 8.0


@dataclass(frozen=True)
class Outcome:
    """How a run went.

    Attributes:
        beats: the last books of each worker, in the order of the flow; over all its restarts.
        restarts: of each worker.
        opened: what the source delivered.
        start_s: from the first process to the first frame.
        run_s: from then until the end of the stream had passed the last stage before the sinks.
        total_s: all of it.
        stopped_by: `Ctrl-C`, `SIGTERM`, `asked`, the stage whose user wanted it, or empty
            when the source ended by itself.
    """

    beats: Mapping[str, Beat]
    restarts: Mapping[str, int]
    opened: Opened
    start_s: float
    run_s: float
    total_s: float
    stopped_by: str
