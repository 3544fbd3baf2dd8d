"""A portrait before a camera whose faults are known, because they are put there."""

from __future__ import annotations

import numpy as np
from skimage.data import astronaut
from skimage.transform import resize

from realtime.source import Frame

PORTRAIT = (resize(astronaut()[:240, 100:340], (480, 480), order=3) * 255).clip(0, 255)


class StillCamera:
    """A portrait before a camera of known rate, noise, drift and gaps."""

    says = "a still camera"
    width, height = 480, 480

    def __init__(
        self, *, fps=30.0, seconds=4.0, noise=2.0, drift=0.0, gap_at=None, picture=PORTRAIT, jitter_ms=0.0, flicker=0.0
    ):
        self.fps, self.seconds, self.noise, self.drift, self.gap_at = fps, seconds, noise, drift, gap_at
        self.picture, self.jitter_ms, self.flicker = picture, jitter_ms, flicker
        self.height, self.width = picture.shape[:2]

    def __iter__(self):
        rng = np.random.default_rng(0)
        for number in range(int(self.fps * self.seconds) + 1):
            time_s = number / self.fps + (0.4 if self.gap_at is not None and number >= self.gap_at else 0.0)
            time_s += rng.uniform(-1, 1) * self.jitter_ms / 1000 if number else 0.0
            grain = rng.normal(0, self.noise, self.picture.shape[:2])[..., None]
            light = self.drift * time_s / self.seconds + self.flicker * np.sin(2 * np.pi * 7.0 * time_s)
            image = (self.picture + grain + light).clip(0, 255).astype(np.uint8)
            stamp = int(time_s * 1e9)
            yield Frame(image, stamp, stamp, time_s)

    def notes(self):
        return []

    def close(self):
        pass
