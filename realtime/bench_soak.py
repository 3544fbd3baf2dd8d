"""`run_camera.py bench soak`: a live run whose workers are killed at random, and what of it was lost or leaked."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing import resource_tracker
from pathlib import Path

import msgspec
import psutil
from rich.console import Console

from realtime.events_file import EventLine
from realtime.failures import UserFacingError
from realtime.graph import Build, pipeline_graph
from realtime.graph_run import Plan, run_plans
from realtime.looped_clip import LoopedClip
from realtime.machine import load, machine
from realtime.messages import (
    EndOfStream,
    ExpressionRecognised,
    FrameCaptured,
    FramesDropped,
    Message,
    MotionMeasured,
    SourceOpened,
    StageRestarted,
    WindowReset,
)
from realtime.outcome import Limits
from realtime.parcel import Parcel
from realtime.pipeline import build_recogniser, pipeline_rings, stage_builds, with_builds
from realtime.restarts import RestartPolicy
from realtime.session import shared_memory_root
from realtime.settings import Settings
from realtime.soak_tally import Span, Tally, slope_per_hour, tally
from realtime.summary import Summary
from realtime.video_file import VideoFile

_BEFORE_S = 1.5  # an expression that ends so shortly before a kill may still be undecided
_AFTER_S = 8.0  # a worker takes some seconds to start
_SETTLE_S = 3.0  # after the first motion measured again: noise and neutral face are learned anew
_WARM_S = 20.0  # from the start, before memory is looked at
_SAMPLE_S = 2.0
_CALM_S = 12.0  # after a kill memory is that of a process that is still loading


@dataclass
class Kill:
    """One worker killed.

    Attributes:
        stage: its name.
        at_s: seconds since the run began.
        back_s: until motion was measured again; None where that was not seen before the next kill.
    """

    stage: str
    at_s: float
    back_s: float | None = None


@dataclass
class Watch:
    """Kills, listens and weighs while the run goes on; called some fifty times a second.

    Attributes:
        began_ns: monotonic time at the first frame; 0 before it.
    """

    every_s: float
    minutes: float
    rng: random.Random
    began_ns: int = 0
    shift_s: float = 0.0  # from presentation time to monotonic
    kills: list[Kill] = field(default_factory=list)
    weights: list[tuple[float, float, float]] = field(default_factory=list)  # seconds, MiB in all, MiB of this process
    drops: list[float] = field(default_factory=list)  # seconds at which frames were found missing
    resets: list[tuple[float, str]] = field(default_factory=list)
    _restarted: bool = False
    _weighed_s: float = 0.0

    def hear(self, message: Message) -> None:
        """Told of each message."""
        if isinstance(message, SourceOpened) and not self.began_ns:
            self.began_ns = message.captured_ns
            self.shift_s = message.captured_ns * 1e-9 - message.presentation_s
        elif isinstance(message, StageRestarted):
            self._restarted = True
        elif isinstance(message, FramesDropped):
            self.drops.append((message.captured_ns - self.began_ns) * 1e-9)
        elif isinstance(message, WindowReset):
            self.resets.append((round((message.captured_ns - self.began_ns) * 1e-9, 2), message.reason))
        elif isinstance(message, MotionMeasured) and self._restarted and self.kills:
            self._restarted = False
            self.kills[-1].back_s = round(self.now_s() - self.kills[-1].at_s, 2)

    def now_s(self) -> float:
        """Since the first frame."""
        return (time.monotonic_ns() - self.began_ns) * 1e-9 if self.began_ns else 0.0

    def over(self) -> bool:
        """Whether the time is up; kills who is due to be killed."""
        now_s = self.now_s()
        if now_s > self.every_s * (len(self.kills) + 1) and now_s < 60 * self.minutes - self.every_s / 2:
            self._kill(now_s)
        if self.began_ns and now_s - self._weighed_s > _SAMPLE_S:
            self._weighed_s = now_s
            self._weigh(now_s)
        return now_s > 60 * self.minutes

    def disturbed(self, shift_s: float) -> list[tuple[float, float]]:
        """Stretches that do not count, moved by `shift_s`."""
        stretches = []
        for kill in self.kills:
            back_s = self.every_s if kill.back_s is None else kill.back_s
            until_s = kill.at_s + max(_AFTER_S, back_s + _SETTLE_S)
            stretches.append((kill.at_s - _BEFORE_S + shift_s, until_s + shift_s))
        return stretches

    def overloaded(self, shift_s: float) -> list[tuple[float, float]]:
        """Stretches in which frames were lost though nobody was killed: the machine had too much else to do."""
        return [(at_s - _BEFORE_S + shift_s, at_s + _SETTLE_S + shift_s) for at_s in self.drops]

    def _kill(self, now_s: float) -> None:
        workers = [child for child in multiprocessing.active_children() if child.name.startswith("glimpse-")]
        if not workers:
            return
        victim = self.rng.choice(sorted(workers, key=lambda child: child.name))
        self.kills.append(Kill(victim.name.removeprefix("glimpse-"), round(now_s, 2)))
        victim.kill()

    def _weigh(self, now_s: float) -> None:
        if now_s < _WARM_S or (self.kills and now_s - self.kills[-1].at_s < _CALM_S):
            return
        own = psutil.Process()
        total = own.memory_full_info().pss
        for child in multiprocessing.active_children():
            try:
                total += psutil.Process(child.pid).memory_full_info().pss
            except psutil.Error:
                return
        self.weights.append((now_s, total / 2**20, own.memory_info().rss / 2**20))


@dataclass(frozen=True)
class Holdings:
    """What this process holds of the system."""

    files: int
    threads: int
    children: int
    shared_memory: int

    @classmethod
    def now(cls) -> Holdings:
        """Count."""
        left = list(shared_memory_root().glob(f"glimpse-{os.getpid()}-*"))
        alive = len(multiprocessing.active_children())
        return cls(psutil.Process().num_fds(), threading.active_count(), alive, len(left))


def soak(
    clip: Path, minutes: float, settings: Settings, console: Console, *, every_s: float = 20.0, seed: int = 1
) -> dict[str, object]:
    """Run, disturb, and compare with an undisturbed replay of the same clip.

    Args:
        clip: played over and over as a camera would deliver it.
        minutes: how long.
        settings: of every stage.
        console: for what happens.
        every_s: a random worker is killed that often, seconds.
        seed: of the choice.

    Returns:
        The figures, ready for JSON.

    Raises:
        UserFacingError: the clip shows no expression, or the run failed.
    """
    frames, fps = _length(clip)
    with console.status("Replaying the clip undisturbed, to know what it shows"):
        in_clip = _undisturbed(clip, frames, fps, settings)
    if not in_clip:
        raise UserFacingError(f"{clip}: no expression is found in it; choose another clip")
    console.print(f"{machine()}; load before {load():.2f} per core", highlight=False, soft_wrap=True)
    console.print(f"{clip.name}, {frames / fps:.1f} s over and over; {len(in_clip)} expressions in each round")
    watch = Watch(every_s, minutes, random.Random(seed))
    resource_tracker.ensure_running()  # it is started once, and stays
    before = Holdings.now()
    with tempfile.TemporaryDirectory(prefix="glimpse-soak-") as folder:
        events = Path(folder) / "events.jsonl"
        origin_ns = time.monotonic_ns()
        summary = _run(LoopedClip(clip, frames, fps, origin_ns), Path(folder), settings, watch, console)
        found = [msgspec.json.decode(line, type=EventLine) for line in events.read_bytes().splitlines()]
    after = Holdings.now()
    shift_s = watch.shift_s - origin_ns * 1e-9  # from presentation time to the clip's clock
    began_s = watch.began_ns * 1e-9 - origin_ns * 1e-9
    spans = [Span(event.onset_s, event.apex_s, event.offset_s).shifted(shift_s) for event in found]
    ended_s = began_s + 60 * minutes - 1.0
    disturbed = [*watch.disturbed(began_s), *watch.overloaded(began_s)]
    result = tally(in_clip, frames / fps, spans, began_s + _SETTLE_S, ended_s, disturbed)
    unique = len({event.id for event in found}) == len(found)
    return _figures(minutes, watch, summary, result, len(found), unique, before, after)


def soak_failures(figures: dict[str, object]) -> list[str]:
    """What went against the promises, one clause each."""
    wrong = []
    if figures["missed"]:
        wrong.append(f"expressions missed in undisturbed stretches: {figures['missed']}")
    if not figures["event_ids_unique"]:
        wrong.append("an event's id was given twice")
    leaks = figures["leaked"]
    assert isinstance(leaks, dict)
    wrong += [f"{count} {what} leaked" for what, count in leaks.items() if count > 0]
    return wrong


def write_soak(figures: dict[str, object], file: Path) -> None:
    """Write the figures.

    Raises:
        UserFacingError: the file cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures, indent=1) + "\n")
    except OSError as error:
        raise UserFacingError(f"{file}: cannot be written: {error.strerror}") from None


def _run(clip: LoopedClip, folder: Path, settings: Settings, watch: Watch, console: Console) -> Summary:
    from realtime.evidence import EVIDENCE
    from realtime.source import SourceSpec

    graph = pipeline_graph(True, ("publish",))
    builds = stage_builds(SourceSpec(str(clip.path)), settings) | {
        "capture": Build("realtime.looped_clip:LoopedClip.hold", (clip,)),
        "publish": Build("realtime.publish:Publisher", (folder / "events.jsonl", folder / "session.record")),
    }
    graph = with_builds(graph, builds)

    def hear(message: Message) -> None:
        watch.hear(message)
        if isinstance(message, StageRestarted):
            console.print(f"{watch.now_s():7.1f} s  {message.reason}; started again", highlight=False, soft_wrap=True)

    transport = settings.transport
    plan = Plan(
        graph,
        clip.path.name,
        lambda opened: pipeline_rings(graph, opened, transport, EVIDENCE),
        Limits(transport.start_timeout_s, transport.hang_timeout_s),
        hear,
        watch.over,
        RestartPolicy(transport.restarts_per_minute),
    )
    (result,) = run_plans([plan])
    if isinstance(result, UserFacingError):
        raise result
    return result


def _length(clip: Path) -> tuple[int, float]:
    video = VideoFile(clip)
    count = sum(1 for _ in video)
    video.close()
    return count, video.fps


def _undisturbed(clip: Path, frames: int, fps: float, settings: Settings) -> list[Span]:
    """What a run finds in the second of two rounds: the face jumps where the first ends."""
    from realtime.chain import StageChain

    chain = StageChain(settings, build_recogniser(settings))
    clip_s = frames / fps
    spans = []
    for out in chain.run(_two_rounds(clip, frames, fps)):
        event = out.message
        if isinstance(event, ExpressionRecognised) and event.onset_s >= clip_s:
            spans.append(Span(event.onset_s, event.apex_s, event.offset_s).shifted(-clip_s))
    return spans


def _two_rounds(clip: Path, frames: int, fps: float) -> Iterator[Parcel]:
    number = 0
    for _ in range(2):
        video = VideoFile(clip)
        for frame in video:
            now_ns = round(number * 1e9 / fps)
            yield Parcel(
                FrameCaptured(
                    source=clip.name,
                    sequence=number,
                    captured_ns=now_ns,
                    grabbed_ns=now_ns,
                    epoch=0,
                    width=video.width,
                    height=video.height,
                    presentation_s=number / fps,
                ),
                frame.image,
            )
            number += 1
        video.close()
    yield Parcel(
        EndOfStream(
            source=clip.name, sequence=number - 1, captured_ns=now_ns, grabbed_ns=now_ns, epoch=0, reason="the end"
        )
    )


def _figures(
    minutes: float,
    watch: Watch,
    summary: Summary,
    result: Tally,
    found: int,
    unique: bool,
    before: Holdings,
    after: Holdings,
) -> dict[str, object]:
    times = [at for at, _, _ in watch.weights]
    total = [weight for _, weight, _ in watch.weights]
    own = [weight for _, _, weight in watch.weights]
    return {
        "machine": machine(),
        "minutes": minutes,
        "kills": [asdict(kill) for kill in watch.kills],
        "restarts": {stage.name: stage.restarts for stage in summary.stages},
        "frames": summary.frames,
        "frames_lost_on_the_way_to": {stage.name: stage.missed for stage in summary.stages},
        "events_found": found,
        "event_ids_unique": unique,
        "load_after": round(load(), 2),
        "resets": [f"{at_s:.2f} s: {reason}" for at_s, reason in watch.resets],
        "losses_at_s": [round(at_s, 2) for at_s in watch.drops],
        "undisturbed_s": round(result.undisturbed_s, 1),
        "expected": len(result.expected),
        "missed": [asdict(span) for span in result.missed],
        "unexpected": [asdict(span) for span in result.unexpected],
        "memory_mib": {"first": total[0] if total else None, "last": total[-1] if total else None},
        "memory_slope_mib_per_h": slope_per_hour(times, total),
        "own_memory_slope_mib_per_h": slope_per_hour(times, own),
        "leaked": {name: getattr(after, name) - getattr(before, name) for name in asdict(before)},
    }
