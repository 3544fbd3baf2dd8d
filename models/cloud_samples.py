"""Clouds with their truth, as arrays and on disk."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CloudSamples:
    """N events. Clouds are kept as float16 (10 kB each) and handed out as float32."""

    clouds: NDArray[np.floating[Any]]  # (N, 8, P, 6)
    label: NDArray[np.int8]  # (N,) number in models.labels.CLASSES, -1 where there is none or no expression at all
    action_units: NDArray[np.bool_]  # (N, A) order of models.labels.ACTION_UNITS
    expression: NDArray[np.bool_]  # (N,)
    strength: NDArray[np.float32]  # (N,) peak motion, px at 224 px face width
    seed: NDArray[np.int64]  # (N,) from which the sample can be made again

    def __len__(self) -> int:
        return len(self.label)

    def take(self, index: NDArray[np.integer[Any]]) -> CloudSamples:
        """Some of the samples, clouds as float32."""
        clouds, *others = (np.asarray(getattr(self, field.name)[index]) for field in fields(self))
        return CloudSamples(clouds.astype(np.float32), *others)


def save_samples(samples: CloudSamples, folder: Path) -> None:
    """Write one .npy per field."""
    folder.mkdir(parents=True, exist_ok=True)
    for field in fields(samples):
        np.save(folder / f"{field.name}.npy", getattr(samples, field.name))


def load_samples(folder: Path) -> CloudSamples:
    """Read what `save_samples` wrote; the clouds stay on disk until they are taken."""
    return CloudSamples(
        *(
            np.load(folder / f"{field.name}.npy", mmap_mode="r" if field.name == "clouds" else None)
            for field in fields(CloudSamples)
        )
    )
