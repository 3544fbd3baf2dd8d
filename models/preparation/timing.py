"""Clips of a wanted number of frames, and what is magnified in them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kernels.flow import FlowEstimator
from kernels.inputs.series import eulerian
from kernels.interpolate import interpolate_frames, places_for_count
from kernels.magnify import magnify_lagrangian
from models.preparation.settings import PrepareSettings


def timed(crops: NDArray[np.uint8], settings: PrepareSettings, rate: float) -> NDArray[np.uint8]:
    """Colour crops (T, S, S, 3) as `settings.frames` frames, brightness magnified where the settings say so.

    Brightness is carried along the flow or blended; the two colour channels are always blended.
    """
    places = places_for_count(len(crops), settings.frames)
    colours = np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2YCrCb) for crop in crops])
    light = interpolate_frames(np.ascontiguousarray(colours[..., 0]), places, settings.interpolate)
    if settings.magnify == "eulerian":
        light = eulerian(light, rate * (settings.frames - 1) / max(len(crops) - 1, 1), settings.alpha)
    elif settings.magnify == "lagrangian":
        light = _lagrangian(light, settings.alpha)
    out = np.empty((settings.frames, *crops.shape[1:]), np.uint8)
    tints = [interpolate_frames(np.ascontiguousarray(colours[..., channel]), places, "linear") for channel in (1, 2)]
    for at in range(settings.frames):
        layers = np.dstack([light[at], tints[0][at], tints[1][at]])
        out[at] = cv2.cvtColor(np.clip(layers + 0.5, 0, 255).astype(np.uint8), cv2.COLOR_YCrCb2RGB)
    return out


def _lagrangian(light: NDArray[np.float32], alpha: float) -> NDArray[np.float32]:
    """The first frame carried 1 + alpha times along the flow to each frame."""
    estimate = FlowEstimator(light.shape[1], light.shape[2], "precise")
    first = np.clip(light[0], 0, 255)
    estimate.set_reference(first)
    moved = [light[0]]
    moved += [magnify_lagrangian(first, estimate.to(np.clip(frame, 0, 255)), alpha) for frame in light[1:]]
    return np.stack(moved).astype(np.float32)
