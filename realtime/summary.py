"""What a run amounted to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from realtime.outcome import Outcome


@dataclass(frozen=True)
class StageShare:
    """One worker's part.

    Attributes:
        busy_s: inside its stage.
        share: of the run's time, 0 to 1.
        waited_s: for room further on.
        handled: messages.
        dropped: messages thrown away to stay current.
        gone: frames overwritten before they could be read.
        refused: pieces on its inbox that were no message.
        missed: frames that never reached it from the stage before, whatever became of them.
        shed: frames it passed on without a look, to keep up.
        restarts: how often it was started again.
    """

    name: str
    busy_s: float
    share: float
    waited_s: float
    handled: int
    dropped: int
    gone: int
    refused: int
    missed: int = 0
    shed: int = 0
    restarts: int = 0


@dataclass(frozen=True)
class Summary:
    """One run of one source.

    Attributes:
        source: its name.
        says: what it delivered.
        frames: captured.
        start_s: until every stage was ready.
        run_s: from the first frame until the last had passed the last stage; sinks may finish later.
        total_s: all of it.
        stages: in the order of the flow, sinks last.
        faces_found, faces_lost, resets, events: messages of that kind.
        notes: what was odd about the source, one line each.
        problem: why the source broke off; empty when it ended as it should.
        stopped_by: `Ctrl-C`, `SIGTERM`, `asked`, the stage whose user wanted it, or empty
            when the source ended by itself.
    """

    source: str
    says: str
    frames: int
    start_s: float
    run_s: float
    total_s: float
    stages: tuple[StageShare, ...]
    faces_found: int
    faces_lost: int
    resets: int
    events: int
    notes: tuple[str, ...]
    problem: str
    stopped_by: str

    @property
    def frames_per_s(self) -> float:
        """Throughput of the stages; start-up and the sinks' finishing are not in it."""
        return self.frames / self.run_s if self.run_s > 0 else 0.0

    @property
    def dropped(self) -> int:
        """Messages that were thrown away anywhere, frames gone included."""
        return sum(stage.dropped + stage.gone for stage in self.stages)

    def line(self) -> str:
        """For the terminal: throughput, and what share of the time each stage was at work."""
        shares = ", ".join(f"{stage.name} {100 * stage.share:.0f} %" for stage in self.stages)
        return f"{self.frames} frames in {self.run_s:.1f} s: {self.frames_per_s:.0f} frames/s ({shares}){self.losses()}"

    def losses(self) -> str:
        """For the terminal: which stages did not get every frame, or were started again; empty where all was well."""
        told = (
            (", ".join(f"{s.missed} on the way to {s.name}" for s in self.stages if s.missed), "frames lost"),
            (", ".join(f"{s.shed} in {s.name}" for s in self.stages if s.shed), "frames not looked at"),
            (", ".join(f"{s.name} {s.restarts}" for s in self.stages if s.restarts), "restarts"),
        )
        return "".join(f"; {what}: {where}" for where, what in told if where)


def summarise(source: str, outcome: Outcome, counts: Counter[str]) -> Summary:
    """Put together what the supervisor and the messages tell.

    Args:
        source: its name.
        outcome: of the run.
        counts: messages by type name.
    """
    shares = tuple(
        StageShare(
            name=name,
            busy_s=beat.report.busy_ns * 1e-9,
            share=beat.report.busy_ns * 1e-9 / outcome.run_s if outcome.run_s > 0 else 0.0,
            waited_s=beat.waited_ns * 1e-9,
            handled=beat.report.handled,
            dropped=beat.report.dropped,
            gone=beat.gone,
            refused=beat.refused,
            missed=beat.missed,
            shed=beat.shed,
            restarts=outcome.restarts[name],
        )
        for name, beat in outcome.beats.items()
    )
    first = next(iter(outcome.beats.values()))
    return Summary(
        source=source,
        says=outcome.opened.says,
        frames=first.report.handled,
        start_s=outcome.start_s,
        run_s=outcome.run_s,
        total_s=outcome.total_s,
        stages=shares,
        faces_found=counts["FaceFound"],
        faces_lost=counts["FaceLost"],
        resets=counts["WindowReset"],
        events=counts["ExpressionRecognised"],
        notes=first.notes,
        problem=first.broke_off,
        stopped_by=outcome.stopped_by,
    )
