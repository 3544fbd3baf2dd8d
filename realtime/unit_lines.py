"""What `--aus` prints of an event."""

from __future__ import annotations

from realtime.action_units import ACTION_UNIT_NAMES
from realtime.messages import ExpressionRecognised

_PRESENT = 0.5


def unit_lines(event: ExpressionRecognised) -> list[str]:
    """A line for each action unit that is present at the apex or in any frame; empty where none was measured."""
    frames = event.unit_frames
    if not frames:
        return []
    lines = []
    for unit, curve in event.unit_curves.items():
        seen = [frame for frame, strength in zip(frames, curve, strict=True) if strength >= _PRESENT]
        if not seen:
            continue
        peak = max(range(len(curve)), key=curve.__getitem__)
        name = ACTION_UNIT_NAMES.get(unit, "")
        lines.append(
            f"    {unit} {name}: {curve[peak]:.2f} at {_second(event, frames[peak]):.2f} s, "
            f"there from {_second(event, seen[0]):.2f} to {_second(event, seen[-1]):.2f} s"
        )
    return lines or [f"    no action unit in any of {len(frames)} frames"]


def _second(event: ExpressionRecognised, frame: int) -> float:
    """Presentation time of a frame, from those of onset and offset."""
    span = max(event.offset_frame - event.onset_frame, 1)
    share = (frame - event.onset_frame) / span
    return event.onset_s + share * (event.offset_s - event.onset_s)
