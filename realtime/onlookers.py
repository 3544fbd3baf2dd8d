"""Machines that look on: a metrics server and a log, told of every run of this program."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from realtime.json_log import JsonLog
from realtime.messages import Message
from realtime.outcome import WorkerFailed
from realtime.run_state import RunState
from realtime.summary import Summary

_OVER = ("STOPPED", "FAILED")


class Onlookers:
    """Told of runs, by whoever leads them; runs may come and go.

    Args:
        log: what happens is written there; None for nowhere.
    """

    def __init__(self, log: JsonLog | None = None) -> None:
        self._log = log
        self._states: dict[str, RunState] = {}
        self._lock = threading.Lock()

    def states(self) -> list[RunState]:
        """Of all runs under way, or of the last ones; from any thread."""
        with self._lock:
            return list(self._states.values())

    def see(self, state: RunState) -> None:
        """How a run stands."""
        with self._lock:
            if state.source not in self._states:  # runs come and go under a page: what ended before is history
                self._states = {name: one for name, one in self._states.items() if one.phase not in _OVER}
            self._states[state.source] = state

    def hear(self, source: str, message: Message) -> None:
        """What a run says."""
        if self._log is not None:
            self._log.hear(source, message)

    def begin(self, source: str, network: str) -> None:
        """A run begins."""
        if self._log is not None:
            self._log.write("info", "run_begun", source, network=network)

    def end(self, source: str, result: Summary | WorkerFailed) -> None:
        """How it ended."""
        if self._log is not None:
            self._log.end(source, result)


@contextmanager
def looking_on(metrics: int | None, log: Path | None, console: Console) -> Iterator[Onlookers]:
    """Onlookers for as long as the program runs.

    Args:
        metrics: port of `/metrics` and `/health` on this machine, 0 for any; None for neither.
        log: file for one JSON object per happening, `-` for standard error; None for none.
        console: told where to look.

    Raises:
        UserFacingError: the port is taken, or the log cannot be written.
    """
    with ExitStack() as open_until_the_end:
        written = JsonLog(log) if log is not None else None
        if written is not None:
            open_until_the_end.callback(written.close)
        onlookers = Onlookers(written)
        if metrics is not None:
            # Imported here: who does not ask for metrics does not wait for them.
            from realtime.metrics_server import MetricsServer, read_token, token_path

            served = MetricsServer(metrics, onlookers.states, read_token(token_path()))
            open_until_the_end.enter_context(served)
            where = f"{served.url}/metrics and {served.url}/health"
            console.print(f"Metrics: {where}, for the bearer of the token in {token_path()}", soft_wrap=True)
        yield onlookers
