"""One live run of one source: events in the terminal, and files where they were asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from realtime.graph import Build
from realtime.graph_run import Plan, run_plans
from realtime.kept_files import KeptFiles
from realtime.kept_session import begin_session, seal_session
from realtime.messages import Message
from realtime.onlookers import Onlookers
from realtime.out_folder import prepare_folder
from realtime.outcome import WorkerFailed
from realtime.pipeline import plan_pipeline
from realtime.report import Report
from realtime.session_record import read_record
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.summary import Summary
from realtime.telling import Telling
from realtime.wishes import Wishes


@dataclass(frozen=True)
class Begun:
    """A live run that can be run.

    Attributes:
        plan: for `run_plans`.
        telling: a context for as long as it runs.
        kept: where its files lie, when it is recorded.
    """

    plan: Plan
    telling: Telling
    kept: KeptFiles | None

    def seal(self) -> None:
        """Finish the manifest of what was recorded."""
        if self.kept is not None:
            seal_session(self.kept.folder)


@dataclass(frozen=True)
class LiveRun:
    """What is the same for every live run.

    Attributes:
        settings: of every stage.
        console: for events and figures.
        network: what judges, for the report.
        out: recordings are kept here, in a folder named after the time.
        onlookers: machines that are told of each run.
    """

    settings: Settings
    console: Console
    network: str
    out: Path
    onlookers: Onlookers = field(default_factory=Onlookers)

    def watch(
        self,
        source: SourceSpec,
        sinks: Mapping[str, Build],
        wishes: Wishes,
        *,
        record: bool,
        name: str = "",
        hear: Callable[[Message], None] = lambda message: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Summary:
        """Run until the source ends, `quit` is wished, `stopping` says so, or Ctrl-C.

        Args:
            source: what to open.
            sinks: besides those that record.
            wishes: obeyed by the spotter, and for `quit` here.
            record: keep the video, the events and a report.
            name: of the source; by default its label.
            hear: told of each message that reaches this process.
            stopping: asked some fifty times a second whether the run shall end.

        Raises:
            UserFacingError: the source cannot be opened, or a worker failed.
        """
        with contextlib.ExitStack() as told:
            begun = self.begin(source, sinks, wishes, record=record, name=name, hear=hear, stopping=stopping)
            told.enter_context(begun.telling)
            try:
                (result,) = run_plans([begun.plan])
            except BaseException:
                begun.seal()
                raise
        return self.end(begun, result)

    def begin(
        self,
        source: SourceSpec,
        sinks: Mapping[str, Build],
        wishes: Wishes,
        *,
        record: bool,
        name: str = "",
        hear: Callable[[Message], None] = lambda message: None,
        stopping: Callable[[], bool] = lambda: False,
        beside: Telling | None = None,
        subfolder: str = "",
    ) -> Begun:
        """What `watch` runs, ready to be run beside others; `end` it afterwards.

        Args:
            beside: what tells of another source in the same terminal.
            subfolder: of the folder named after the time.
        """
        folder = self.out / f"{datetime.now():%Y-%m-%d_%H-%M-%S}" / subfolder
        kept = KeptFiles(folder, not self.settings.record.landmarks_only)
        recorders: dict[str, Build] = {}
        if record:
            prepare_folder(kept.folder)
            begin_session(kept.folder, f"glimpse {version('glimpse')}", source.label, kept.keeps, kept.names)
            recorders = kept.recorders(source.fps)
            what = "video, events and report" if kept.pixels else "landmarks and events, no pixel of it"
            self.console.print(f"Recording {what} to {kept.folder}", soft_wrap=True)
        elif beside is None:
            self.console.print("Nothing is recorded. Ctrl-C stops.")
        led = Wishes(wishes.path)
        telling = Telling(self.console, name or source.label, beside)

        called = name or source.label
        self.onlookers.begin(called, self.network)

        def tell(message: Message) -> None:
            telling.hear(message)
            self.onlookers.hear(called, message)
            hear(message)

        plan = plan_pipeline(
            source,
            self.settings,
            recorders | dict(sinks),
            name=called,
            on_message=tell,
            stopping=lambda: stopping() or any(asked.wish == "quit" for asked in led.asked()),
            wishes=wishes,
            on_state=self.onlookers.see,
        )
        return Begun(plan, telling, kept if record else None)

    def end(self, begun: Begun, result: Summary | WorkerFailed) -> Summary:
        """Tell what it amounted to, write the report, and seal what was recorded.

        Raises:
            WorkerFailed: the run failed; what had been recorded is sealed.
        """
        self.onlookers.end(begun.plan.name, result)
        try:
            if isinstance(result, WorkerFailed):
                raise result
            begun.telling.conclude(result)
            if begun.kept is not None:
                self._report(begun.kept, result)
        finally:
            begun.seal()
        if begun.kept is not None:
            self.console.print(f"To delete it again: python run_camera.py forget {begun.kept.folder}", soft_wrap=True)
        return result

    def _report(self, kept: KeptFiles, summary: Summary) -> None:
        report = Report(kept.report, about={"Backend": self.network})
        report.begin(summary.source, summary.says)
        for parcel in read_record(kept.session):
            report.take(parcel)
        report.end(summary)
        kept.session.unlink()
        self.console.print(f"Report: {report.close()}", soft_wrap=True)
        if kept.pixels:
            again = f"python run_camera.py replay {kept.video} --out {kept.folder}"
            self.console.print(f"For the annotated video: {again}", soft_wrap=True)
