"""Several cameras at once: each has processes, events and files of its own; one supervisor, one terminal."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from realtime.failures import UserFacingError
from realtime.graph_run import run_plans
from realtime.live_run import Begun, LiveRun
from realtime.source import SourceSpec
from realtime.wishes import Wishes


def watch_several(sources: Sequence[SourceSpec], run: LiveRun, *, record: bool) -> str:
    """Run until all sources have ended, or Ctrl-C. One that fails does not cost the others.

    Args:
        sources: cameras and streams; one given twice is told apart by a number.
        run: what is the same for all.
        record: keep video, events and a report of each, in a folder named after it.

    Returns:
        What stopped them: `Ctrl-C`, `SIGTERM`, or empty.

    Raises:
        UserFacingError: some failed; the others were run to their end.
    """
    problems: list[str] = []
    stopped_by = ""
    with tempfile.TemporaryDirectory(prefix="glimpse-wishes-") as private, ExitStack() as telling:
        begun: list[Begun] = []
        for number, (source, name) in enumerate(zip(sources, name_sources(sources), strict=True)):
            wishes = Wishes(Path(private) / str(number))
            beside = begun[0].telling if begun else None
            folder = folder_name(name)
            begun.append(run.begin(source, {}, wishes, record=record, name=name, beside=beside, subfolder=folder))
        for one in begun:
            telling.enter_context(one.telling)
        try:
            results = run_plans([one.plan for one in begun])
        except BaseException:
            for one in begun:
                one.seal()
            raise
    for one, result in zip(begun, results, strict=True):
        try:
            summary = run.end(one, result)
        except UserFacingError as error:
            problems.append(f"{one.plan.name}: {error}")
            continue
        stopped_by = stopped_by or summary.stopped_by
        if summary.problem:
            problems.append(summary.problem)
    if problems:
        raise UserFacingError("; ".join(problems))
    return stopped_by


def name_sources(sources: Sequence[SourceSpec]) -> list[str]:
    """Labels, without passwords and each only once."""
    names: list[str] = []
    for source in sources:
        label = f"camera {source.spec}" if source.spec.isdigit() else source.label
        choices = [label, *(f"{label} ({number})" for number in range(2, len(sources) + 1))]
        names.append(next(choice for choice in choices if choice not in names))
    return names


def folder_name(name: str) -> str:
    """A source's name as a folder's."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.") or "source"
