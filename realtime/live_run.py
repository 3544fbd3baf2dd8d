"""One live run of one source: events in the terminal, and files where they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from realtime.failures import UserFacingError
from realtime.graph import Build
from realtime.graph_run import Plan
from realtime.kept_files import KeptFiles
from realtime.kept_session import begin_session, seal_session
from realtime.messages import Message
from realtime.onlookers import Onlookers
from realtime.out_folder import prepare_folder
from realtime.outcome import WorkerFailed
from realtime.pipeline import plan_pipeline
from realtime.report import Report
from realtime.run_state import RunState
from realtime.session_record import read_record
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.summary import Summary
from realtime.telling import Telling
from realtime.wishes import Wishes


@dataclass(frozen=True)
class Watched:
    """One source that is to be watched.

    Attributes:
        source: what to open.
        name: of it, without passwords.
        wishes: obeyed by its stages, and for `quit` here.
        sinks: besides those that record.
    """

    source: SourceSpec
    name: str
    wishes: Wishes
    sinks: Mapping[str, Build] = field(default_factory=dict)


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

    def begin(
        self,
        watched: Watched,
        folder: Path,
        *,
        record: bool,
        hear: Callable[[Message], None],
        see: Callable[[RunState], None],
        stopping: Callable[[], bool],
        beside: Telling | None = None,
    ) -> Begun:
        """Make ready to run; `end` it afterwards.

        Args:
            watched: what to run.
            folder: of what is recorded.
            record: keep the video, the events and a report.
            hear: told of each message that reaches this process.
            see: told how the run stands.
            stopping: asked whether the run shall end.
            beside: what tells of another source in the same terminal.

        Raises:
            UserFacingError: nothing can be recorded there.
        """
        source, name = watched.source, watched.name
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
        led = Wishes(watched.wishes.path)
        telling = Telling(self.console, name, beside)
        self.onlookers.begin(name, self.network)

        def tell(message: Message) -> None:
            telling.hear(message)
            self.onlookers.hear(name, message)
            hear(message)

        def show(state: RunState) -> None:
            telling.see(state)
            self.onlookers.see(state)
            see(state)

        plan = plan_pipeline(
            source,
            self.settings,
            recorders | dict(watched.sinks),
            name=name,
            on_message=tell,
            stopping=lambda: stopping() or any(asked.wish == "quit" for asked in led.asked()),
            wishes=watched.wishes,
            on_state=show,
        )
        return Begun(plan, telling, kept if record else None)

    def end(self, begun: Begun, result: Summary | WorkerFailed) -> Summary | UserFacingError:
        """Tell what it amounted to, write the report, and seal what was recorded; what went wrong is returned."""
        self.onlookers.end(begun.plan.name, result)
        try:
            if isinstance(result, Summary):
                begun.telling.conclude(result)
                if begun.kept is not None:
                    self._report(begun.kept, result)
        except UserFacingError as error:
            return error
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
        written = report.close()
        kept.session.unlink()  # only now: a full disk must not cost both
        self.console.print(f"Report: {written}", soft_wrap=True)
        if kept.pixels:
            again = f"python run_camera.py replay {kept.video} --out {kept.folder}"
            self.console.print(f"For the annotated video: {again}", soft_wrap=True)
