"""Whether Glimpse does what it is there for, in words and as a word: what `/health` answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Literal, TypeAlias

from realtime.run_state import RunState, StageState
from realtime.source import redact

Status: TypeAlias = Literal["ok", "starting", "degraded", "stopped", "failing"]

_STALE_S = 2.0  # without a new frame, in a run that goes on
_BEHIND_S = 2.0  # a stage whose newest frame is so much older than the source's
_SILENT_S = 5.0  # the supervisor looks at its run some fifty times a second
_WORST: tuple[Status, ...] = ("ok", "stopped", "starting", "degraded", "failing")
SERVING: frozenset[Status] = frozenset({"ok", "degraded"})
"""Expressions are being looked for."""


def health(states: Sequence[RunState], now_ns: int | None = None) -> dict[str, object]:
    """What is true now.

    Args:
        states: of every source, the newest known.
        now_ns: monotonic.

    Returns:
        Ready for JSON: `status` is that of the worst source, `reasons` say why it is not `ok`.
    """
    now_ns = time.monotonic_ns() if now_ns is None else now_ns
    judged = [(state, *judge(state, now_ns)) for state in states]
    worst: Status = max((status for _, status, _ in judged), key=_WORST.index, default="starting")
    return {
        "status": worst,
        "reasons": [f"{state.source}: {redact(reason)}" for state, _, reasons in judged for reason in reasons],
        "version": version("glimpse"),
        "sources": [_source(state, status, now_ns) for state, status, _ in judged],
    }


def judge(state: RunState, now_ns: int) -> tuple[Status, list[str]]:
    """One source: how it is, and why."""
    if state.phase == "FAILED":
        return "failing", [state.failure or "the run failed"]
    if state.phase in ("STOPPED", "STOPPING"):
        return "stopped", ["the run has ended" if state.phase == "STOPPED" else "the run is being ended"]
    if (now_ns - state.at_ns) * 1e-9 > _SILENT_S:
        return "failing", [f"nothing is known of it for {(now_ns - state.at_ns) * 1e-9:.0f} s"]
    if state.phase == "STARTING":
        return "starting", ["stages are being made ready"]
    if state.lost:
        return "failing", [f"the source is lost: {state.lost}"]
    age_s = frame_age_s(state.captured.newest_ns, now_ns)
    if age_s is None:
        return "starting", ["no frame has come yet"]
    if age_s > _STALE_S:
        return "failing", [f"the last frame is {age_s:.1f} s old"]
    reasons = [reason for name, stage in state.stages.items() for reason in _limps(name, stage, state, now_ns)]
    return ("degraded", reasons) if reasons else ("ok", [])


def frame_age_s(newest_ns: int, now_ns: int) -> float | None:
    """Since the newest frame was grabbed, seconds; None where there was none."""
    return (now_ns - newest_ns) * 1e-9 if newest_ns else None


def _limps(name: str, stage: StageState, state: RunState, now_ns: int) -> list[str]:
    if stage.phase in ("RESTARTING", "STARTING"):
        return [f"{name} is being started again"]
    behind_s = (state.captured.newest_ns - stage.beat.newest_ns) * 1e-9
    if stage.beat.newest_ns and behind_s > _BEHIND_S:
        return [f"{name} is {behind_s:.1f} s behind the source"]
    return [f"{name} looks at one frame in {stage.one_in}: the machine does not keep up"] if stage.one_in > 1 else []


def _source(state: RunState, status: Status, now_ns: int) -> dict[str, object]:
    age_s = frame_age_s(state.captured.newest_ns, now_ns)
    return {
        "source": state.source,
        "status": status,
        "phase": state.phase,
        "delivers": redact(state.says),
        "frames_per_s": round(state.frames_per_s, 2),
        "last_frame_age_s": None if age_s is None else round(age_s, 3),
        "reconnects": state.epoch,
        "network": state.network,
        "stages": {
            name: {
                "phase": stage.phase,
                "restarts": stage.restarts,
                "last_frame_age_s": _rounded(frame_age_s(stage.beat.newest_ns, now_ns)),
                "frames_lost_before_it": stage.beat.missed,
                "frames_not_looked_at": stage.beat.shed,
                "refused": stage.beat.refused,
                "looks_at_one_frame_in": stage.one_in,
            }
            for name, stage in state.stages.items()
        },
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
