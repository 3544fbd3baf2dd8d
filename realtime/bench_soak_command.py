"""What `run_camera.py bench soak` prints, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from realtime.bench_command import write_figures
from realtime.bench_soak import soak
from realtime.failures import UserFacingError
from realtime.settings import Settings
from realtime.soak_figures import soak_failures


def bench_soak(
    clip: Path, minutes: float, every_s: float, seed: int, settings: Settings, console: Console, file: Path | None
) -> None:
    """Soak, print, and write the figures as JSON.

    Raises:
        UserFacingError: something was lost or leaked, or could not be run.
    """
    figures: dict[str, Any] = soak(clip, minutes, settings, console, every_s=every_s, seed=seed)
    write_figures(figures, file)
    stages = ", ".join(f"{name} {count}" for name, count in figures["restarts"].items() if count)
    back = sorted(kill["back_s"] for kill in figures["kills"] if kill["back_s"] is not None)
    lost = ", ".join(f"{count} on the way to {name}" for name, count in figures["frames_lost_on_the_way_to"].items())
    lines = [
        f"{len(figures['kills'])} workers killed and started again ({stages or 'none'})",
        f"motion measured again after {back[len(back) // 2]:.1f} s (median), {back[-1]:.1f} s at most" if back else "",
        f"{figures['frames']} frames captured; lost: {lost}",
        f"undisturbed: {figures['undisturbed_s']:g} s with {figures['expected']} expressions, "
        f"{len(figures['missed'])} of them missed, {len(figures['unexpected'])} others found",
        f"memory of all processes: {_weighed(figures, 'memory')}",
        f"of it allocated, not mapped from files: {_weighed(figures, 'allocated')}",
        "leaked: " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in figures["leaked"].items()),
    ]
    for line in filter(None, lines):
        console.print(line, highlight=False, soft_wrap=True)
    wrong = soak_failures(figures)
    if wrong:
        raise UserFacingError("; ".join(wrong))


def _weighed(figures: dict[str, Any], what: str) -> str:
    slope = figures[f"{what}_slope_mib_per_h"]
    if slope is None:
        return "too short a run to tell"
    last = figures[f"{what}_mib"]["last"]
    return f"{last:.0f} MiB, slope {slope[0]:+.1f} MiB/h (95 %: {slope[1]:+.1f} to {slope[2]:+.1f})"
