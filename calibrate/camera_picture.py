"""A look through a camera, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from calibrate.camera import CameraMeasurement


def draw(measured: CameraMeasurement, path: Path) -> None:
    """Frame intervals, light, and the motion of a face at rest with the least motion that counts, into a PNG."""
    report = measured.report
    figure = Figure(figsize=(9, 7), layout="constrained")
    intervals, light, motion = figure.subplots(3, 1)
    time_s, face_s = measured.time_s - measured.time_s[0], measured.face_s - measured.time_s[0]
    intervals.plot(time_s[1:], 1000 * np.diff(measured.time_s), linewidth=1)
    intervals.set(ylabel="frame interval, ms", title=report.source)
    light.plot(face_s, measured.light, linewidth=1)
    light.set(ylabel="light on the face,\ngrey levels")
    motion.plot(face_s, measured.motion, color="tab:grey", linewidth=0.5)
    motion.axhline(report.least_motion, color="tab:red", label="least motion that counts")
    motion.set(ylabel="motion of each region,\npx at 224 px face width", xlabel="seconds")
    motion.legend(loc="upper right")
    figure.savefig(path, dpi=110)
