"""`run_camera.py bench soak`: a live run whose workers are killed at random, and what of it was lost or leaked."""

from __future__ import annotations

import random
import tempfile
import time
from multiprocessing import resource_tracker
from pathlib import Path

import msgspec
from rich.console import Console

from realtime.events_file import EventLine
from realtime.failures import UserFacingError
from realtime.graph import Build, pipeline_graph
from realtime.graph_run import Plan, run_plans
from realtime.looped_clip import LoopedClip
from realtime.machine import load, machine
from realtime.messages import (
    Message,
    StageRestarted,
)
from realtime.outcome import Limits
from realtime.pipeline import pipeline_rings, stage_builds, with_builds
from realtime.restarts import RestartPolicy
from realtime.settings import Settings
from realtime.soak_figures import figures_of
from realtime.soak_tally import Span, tally
from realtime.soak_truth import length_of, undisturbed
from realtime.soak_watch import SETTLE_S, Holdings, Watch
from realtime.summary import Summary


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
    frames, fps = length_of(clip)
    with console.status("Replaying the clip undisturbed, to know what it shows"):
        in_clip = undisturbed(clip, frames, fps, settings)
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
    result = tally(in_clip, frames / fps, spans, began_s + SETTLE_S, ended_s, disturbed)
    unique = len({event.id for event in found}) == len(found)
    return figures_of(minutes, watch, summary, result, len(found), unique, before, after)


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
