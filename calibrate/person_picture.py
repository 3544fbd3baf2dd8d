"""Ten quiet seconds of a person, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from calibrate.person import PersonMeasurement


def draw(measured: PersonMeasurement, path: Path) -> None:
    """What was learned from and what was left out, the opening of the eyes, and each region's noise, into a PNG."""
    person = measured.person
    figure = Figure(figsize=(9, 8), layout="constrained")
    motion, eyes, noise = figure.subplots(3, 1)
    start = measured.time_s[0]
    for disturbed, one in zip(measured.disturbed, measured.time_s - start, strict=True):
        if disturbed:
            motion.axvspan(one - 0.5 / person.rate, one + 0.5 / person.rate, color="0.85", linewidth=0)
    rest_s = measured.rest_s - start
    # A line would cross what was left out.
    motion.plot(rest_s, measured.motion[..., 1] - np.median(measured.motion[..., 1], axis=0), ".", markersize=2)
    motion.set(ylabel="vertical place of each region,\npx at 224 px face width", xlim=(0, measured.time_s[-1] - start))
    motion.set_title(f"{person.name}: {person.quiet_s:.1f} s at rest; grey: left out")
    eyes.plot(rest_s, measured.opening, ".", markersize=2)
    eyes.axhline(person.eye_opening, color="tab:red", linewidth=1, label="opening of the neutral face")
    eyes.set(ylabel="eye aspect ratio", xlabel="seconds", xlim=motion.get_xlim(), ylim=(0, None))
    eyes.legend(loc="lower right")
    names = [name.replace("_", " ") for name in person.noise]
    noise.barh(names, list(person.noise.values()))
    noise.invert_yaxis()
    noise.set(xlabel="noise of each region at rest, px at 224 px face width")
    figure.savefig(path, dpi=110)
