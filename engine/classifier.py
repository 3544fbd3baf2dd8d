"""One interface for a trained network, whatever runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

CLOUD_SHAPE = (8, None, 6)
"""Regions, points (any number), and x, y, z, u, v, strain: what one event looks like to a network."""


class ModelError(RuntimeError):
    """A model is missing, corrupt or not one of ours; the message says what to do."""


class Verdicts(NamedTuple):
    """What the network says about N events."""

    probabilities: NDArray[np.float32]  # (N, 3), calibrated, in the order of `Classifier.labels`
    action_units: NDArray[np.float32]  # (N, A), probability that each moved, order of `Classifier.action_units`
    expression: NDArray[np.float32]  # (N,), probability that it is an expression at all


@dataclass(frozen=True)
class Provenance:
    """Where a verdict comes from."""

    model: str  # name, e.g. cloud
    sha256: str  # of the model file
    backend: str  # e.g. onnxruntime
    device: str  # e.g. cpu
    precision: str  # e.g. float32
    trained_by: str  # command line
    commit: str  # of the code that trained it

    def __str__(self) -> str:
        return f"{self.model} {self.sha256[:12]} ({self.backend}, {self.device}, {self.precision})"


class Classifier(Protocol):
    """A loaded network."""

    labels: tuple[str, ...]
    action_units: tuple[str, ...]
    certain: float  # least probability for a label to be stated; below it the verdict is `uncertain`
    provenance: Provenance

    def warm(self) -> None:
        """Run once, so that the first event is not the slow one."""

    def classify(self, clouds: NDArray[np.float32]) -> Verdicts:
        """Judge a batch.

        Args:
            clouds: float32 (N, 8, P, 6) from `kernels.expression_cloud`.

        Raises:
            ValueError: another shape or dtype, or values that are not finite.
        """


def check_clouds(clouds: NDArray[np.float32]) -> None:
    """Refuse what no network was trained on.

    Raises:
        ValueError: another shape or dtype, or values that are not finite.
    """
    regions, _, channels = CLOUD_SHAPE
    if clouds.ndim != 4 or clouds.shape[1] != regions or clouds.shape[3] != channels or clouds.shape[2] < 1:
        raise ValueError(f"clouds must be (N, {regions}, points, {channels}), not {clouds.shape}")
    if clouds.dtype != np.float32:
        raise ValueError(f"clouds must be float32, not {clouds.dtype}")
    if not np.isfinite(clouds).all():
        raise ValueError("clouds hold values that are not finite")
