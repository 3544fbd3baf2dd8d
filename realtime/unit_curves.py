"""Action units frame by frame: each face of an expression against its onset, judged as the apex is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from kernels.expression_cloud import ExpressionCloud
from kernels.rigid import TooLittleSkin
from realtime.event_clip import Faces
from realtime.expression_on_gpu import ExpressionOnGpu, fetched

MOST_LOOKS = 40
"""Of a longer expression so many faces are measured, evenly spaced, the apex among them."""


def unit_curves(
    units: Classifier, meter: ExpressionCloud | ExpressionOnGpu, faces: Faces, mesh: NDArray[np.float32], width: float
) -> tuple[tuple[int, ...], dict[str, tuple[float, ...]]]:
    """Frames that were measured, and in each of them the strength of every action unit that the network tells.

    Args:
        units: reads regional clouds and tells action units.
        meter: measures one face against another.
        faces: of the expression; the first is its onset.
        mesh: float32 (468, 3) of the apex, px of the faces.
        width: of the face, px.
    """
    last = len(faces.frames) - 1
    places = np.unique(np.linspace(1, last, min(MOST_LOOKS, last)).astype(int)).tolist() if last else []
    clouds, frames = [], []
    for place in sorted({*places, faces.apex} - {0}):
        try:
            clouds.append(fetched(meter.measure(faces.frames[0], faces.frames[place], mesh, width).cloud))
        except TooLittleSkin:
            continue
        frames.append(faces.sequences[place])
    if not clouds:
        return (), {}
    verdicts = units.classify(np.stack(clouds))
    # Hardly moved, a face may look like anything: a unit counts as far as the face shows an expression at all.
    shown = np.nan_to_num(verdicts.expression, nan=1.0)
    said = verdicts.action_units * shown[:, None]
    curves = {name: tuple(map(float, said[:, at])) for at, name in enumerate(units.action_units)}
    return tuple(frames), curves
