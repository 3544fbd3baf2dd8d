"""What is said in the terminal while a source runs, and at its end."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from engine.classifier import ModelError
from engine.pick import choose
from realtime.chosen_network import place_of, what_is_read
from realtime.event_inputs import is_default, refusal
from realtime.event_table import event_table
from realtime.failures import UserFacingError
from realtime.messages import (
    EndOfStream,
    ExpressionOpened,
    ExpressionRecognised,
    FaceFound,
    FaceLost,
    LoadShed,
    Message,
    MotionMeasured,
    NotNeutral,
    SourceLost,
    SourceOpened,
    StageRestarted,
    WindowReset,
)
from realtime.run_state import RunState
from realtime.settings import RecogniseSettings
from realtime.summary import Summary
from realtime.unit_lines import unit_lines


def tell_network(console: Console, settings: RecogniseSettings) -> str:
    """Say which network judges, what runs it here, and why nothing better does.

    Raises:
        UserFacingError: there is no such network, it is damaged, or nothing here can run it.
    """

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    try:
        name, folder = place_of(settings.model)
        choice = choose(name, settings.backend, folder, say)
    except ModelError as error:
        raise UserFacingError(str(error)) from None
    problem = refusal(choice.classifier.schema, choice.classifier.labels)
    if problem:
        raise UserFacingError(f"{settings.model}: {problem}")
    say(f"Network: {choice.line()}")
    if not is_default(choice.classifier.schema):
        say(f"It reads {what_is_read(choice.classifier)}")
    return str(choice.classifier.provenance)


class Telling:
    """A live line of progress, with what happens above it. A context: the line lives inside.

    Args:
        console: where to.
        name: of the source.
        beside: another source's, which is told above the same line; then each says which it is.
    """

    def __init__(self, console: Console, name: str, beside: Telling | None = None) -> None:
        self.events: list[ExpressionRecognised] = []
        self._console = console
        self._prefix = ""
        self._lost_since_s: float | None = None
        self._leads = beside is None
        self._under_way: set[str] = set() if beside is None else beside._under_way
        self._under_way.add(name)
        self._name = name
        if beside is None:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(pulse_style="cyan"),
                TextColumn("{task.fields[seen]}"),
            )
            self._progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        else:
            self._progress, self._prefix = beside._progress, f"{name}: "
            beside._prefix = f"{beside._name}: "
        self._task = self._progress.add_task(name, total=None, seen="starting")
        self._first_s: float | None = None

    def __enter__(self) -> Telling:
        if self._leads:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._leads:
            self._progress.stop()

    def hear(self, message: Message) -> None:
        """Told of each message as it comes."""
        if isinstance(message, MotionMeasured):
            self._seen(message)
        elif isinstance(message, ExpressionRecognised):
            self.events.append(message)
            span = f"{message.onset_s:.2f}-{message.offset_s:.2f} s"
            self._say(f"{span}: {message.kind}-expression, {message.label}")
            for line in unit_lines(message):
                self._say(line)
        elif isinstance(message, ExpressionOpened):
            self._say(f"{message.onset_s:.2f} s: a macro-expression began and is held")
        elif isinstance(message, FaceLost):
            self._say(f"{message.presentation_s:.2f} s: face lost: {message.reason}")
        elif isinstance(message, FaceFound):
            self._say(f"{message.presentation_s:.2f} s: face found")
        elif isinstance(message, NotNeutral):
            where = message.region.replace("_", " ")
            self._say(
                f"{message.presentation_s:.2f} s: the face is not neutral: {where} lies {message.distance:.0f} px from "
                "its place; what it holds now is taken for rest"
            )
        elif isinstance(message, WindowReset):
            self._say(f"{message.presentation_s:.2f} s: window reset: {message.reason}")
        else:
            self._tell_trouble(message)

    def see(self, state: RunState) -> None:
        """Told how the run stands. Beside others, its failure is told at once; alone, it is the program's last word."""
        if state.phase in ("STOPPED", "FAILED"):
            self._under_way.discard(self._name)
        if state.phase == "FAILED" and self._under_way:
            self._say(f"{state.failure}. The others go on.")

    def _tell_trouble(self, message: Message) -> None:
        if isinstance(message, SourceLost):
            self._lost_since_s = message.presentation_s
            self._say(f"{message.presentation_s:.2f} s: {message.reason}; it is tried again until it delivers")
        elif isinstance(message, SourceOpened) and self._lost_since_s is not None:
            away_s = message.presentation_s - self._lost_since_s
            self._lost_since_s = None
            self._say(
                f"{message.presentation_s:.2f} s: {message.says}: it is back, after {away_s:.1f} s without a frame"
            )
        elif isinstance(message, StageRestarted):
            self._say(f"{message.reason}; {message.stage} is started again, for the {_nth(message.restarts)} time")
        elif isinstance(message, LoadShed) and message.one_in > 1:
            self._say(
                f"This machine does not keep up: {message.stage} looks at one frame in {message.one_in}; "
                "every frame is still tracked, and short expressions may be missed"
            )
        elif isinstance(message, LoadShed):
            self._say(f"This machine keeps up again: {message.stage} looks at every frame")
        elif isinstance(message, EndOfStream) and self._prefix:
            self._say(message.reason)

    def conclude(self, summary: Summary) -> None:
        """The table of events, and what the run amounted to."""
        if self.events:
            self._console.print(event_table(self.events))
        else:
            self._say(f"{summary.source}: no expression was found.")
        if summary.faces_found == 0:
            self._say(f"{summary.source}: no face was seen.")
        for note in summary.notes:
            self._say(f"{summary.source}: {note}")
        self._say(f"{summary.source}: {summary.line()}")
        if summary.stopped_by:
            self._say(f"Stopped by {summary.stopped_by}; everything found so far is kept.")

    def _say(self, text: str) -> None:
        self._console.print(f"{self._prefix}{text}", markup=False, highlight=False, soft_wrap=True)

    def _seen(self, message: MotionMeasured) -> None:
        now_s = time.monotonic()
        if self._first_s is None:
            self._first_s = now_s
        frames = message.sequence + 1
        rate = frames / max(now_s - self._first_s, 0.1)
        seen = f"{message.presentation_s:.1f} s seen, {frames} frames, {rate:.0f}/s, {len(self.events)} events"
        self._progress.update(self._task, seen=seen)


def _nth(count: int) -> str:
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return {1: "first", 2: "second", 3: "third"}.get(count, f"{count}{ending}")
