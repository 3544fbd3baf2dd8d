"""One source or several at once: each has processes, events and files of its own; one supervisor, one terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime

from realtime.failures import UserFacingError
from realtime.graph_run import run_plans
from realtime.live_run import Begun, LiveRun, Watched
from realtime.messages import Message
from realtime.run_state import RunState
from realtime.summary import Summary


def watch_sources(
    watched: Sequence[Watched],
    run: LiveRun,
    *,
    record: bool,
    hear: Callable[[Message], None] = lambda message: None,
    see: Callable[[RunState], None] = lambda state: None,
    stopping: Callable[[], bool] = lambda: False,
) -> list[Summary | UserFacingError]:
    """Run until all sources have ended, `quit` is wished, `stopping` says so, or Ctrl-C.

    One that fails does not cost the others.

    Args:
        watched: what to run.
        run: what is the same for all.
        record: keep video, events and a report; of several, each in a folder named after it.
        hear: told of each message that reaches this process.
        see: told some four times a second how each run stands, and at its end.
        stopping: asked some fifty times a second whether the runs shall end.

    Returns:
        How each ended, in their order.

    Raises:
        UserFacingError: nothing could be begun.
    """
    folder = run.out / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    several = len(watched) > 1
    folders = folder_names([one.name for one in watched])
    begun: list[Begun] = []
    with ExitStack() as telling:
        try:
            for one, named in zip(watched, folders, strict=True):
                own = folder / named if several else folder
                beside = begun[0].telling if begun else None
                started = run.begin(one, own, record=record, hear=hear, see=see, stopping=stopping, beside=beside)
                begun.append(started)
            for each in begun:
                telling.enter_context(each.telling)
            results = run_plans([each.plan for each in begun])
        except BaseException:
            for each in begun:
                each.seal()
            raise
    return [run.end(each, result) for each, result in zip(begun, results, strict=True)]


def stopped_by(results: Sequence[Summary | UserFacingError], names: Sequence[str]) -> str:
    """What stopped the runs: `Ctrl-C`, `SIGTERM`, or empty.

    Raises:
        UserFacingError: some failed, or lost something; the others were run to their end.
    """
    problems = [how.problem if isinstance(how, Summary) else str(how) for how in results]
    if len(results) > 1:
        problems = [problem and f"{name}: {problem}" for name, problem in zip(names, problems, strict=True)]
    if any(problems):
        raise UserFacingError("; ".join(filter(None, problems)))
    return next((how.stopped_by for how in results if isinstance(how, Summary) and how.stopped_by), "")


def name_sources(labels: Sequence[str]) -> list[str]:
    """Each label only once; a camera's number alone says little."""
    return _each_once([f"camera {label}" if label.isdigit() else label for label in labels], "{} ({})")


def _each_once(wanted: Sequence[str], numbered: str) -> list[str]:
    given: list[str] = []
    for one in wanted:
        choices = [one, *(numbered.format(one, number) for number in range(2, len(wanted) + 1))]
        given.append(next(choice for choice in choices if choice not in given))
    return given


def folder_names(names: Sequence[str]) -> list[str]:
    """Sources' names as folders', each only once."""
    return _each_once([re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.") or "source" for name in names], "{}-{}")
