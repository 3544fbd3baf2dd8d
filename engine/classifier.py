"""One interface for a trained network, whatever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engine.schema import Schema

Batch = Any | Mapping[str, Any]
"""float32 (N, ...) for a network with one input, else one such array per input name; NumPy, or CuPy where offered."""


class ModelError(RuntimeError):
    """A model is missing, corrupt or not one of ours, or cannot run here.

    Args:
        reason: one line.
        advice: what to do about it, where the reason does not say; follows it in the message.
    """

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(f"{reason}; {advice}" if advice else reason)
        self.reason = reason


def first_line(error: BaseException) -> str:
    """What another library's error says, fit for a one-line message."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class Verdicts(NamedTuple):
    """What the network says about N events."""

    probabilities: NDArray[np.float32]  # (N, C), calibrated, in the order of `Classifier.labels`
    action_units: NDArray[np.float32]  # (N, A), probability that each moved; (N, 0) where the network does not say
    expression: NDArray[np.float32]  # (N,), probability that it is an expression at all; NaN where it does not say


@dataclass(frozen=True)
class Provenance:
    """Where a verdict comes from."""

    model: str  # name, e.g. cloud
    sha256: str  # of the model file
    backend: str  # a key of engine.pick.BACKENDS
    device: str  # cpu, or the GPU's name
    precision: str  # e.g. float32
    trained_by: str  # command line
    commit: str  # of the code that trained it
    library: str = ""  # what runs it, with its version

    def __str__(self) -> str:
        runs = f"{self.backend}, {self.library}" if self.library else self.backend
        return f"{self.model} {self.sha256[:12]} ({runs}, {self.device}, {self.precision})"


class Classifier(Protocol):
    """A loaded network."""

    schema: Schema
    labels: tuple[str, ...]
    action_units: tuple[str, ...]
    certain: float  # least probability for a label to be stated; below it the verdict is `uncertain`
    provenance: Provenance

    def warm(self) -> None:
        """Run once, so that the first event is not the slow one."""

    def classify(self, batch: Batch) -> Verdicts:
        """Judge a batch of any size.

        Args:
            batch: as `schema.inputs` says; for the default network float32 (N, 8, 128, 6) from
                `kernels.expression_cloud`.

        Raises:
            ValueError: another name, shape or dtype, or values that are not finite.
        """


def verdicts_of(outputs: Mapping[str, NDArray[np.float32]]) -> Verdicts:
    """Outputs by name as a verdict, with what the network does not say left open."""
    probabilities = outputs["probabilities"]
    count = len(probabilities)
    return Verdicts(
        probabilities,
        outputs.get("action_units", np.zeros((count, 0), np.float32)),
        outputs.get("expression", np.full(count, np.nan, np.float32)),
    )
