"""Samples of a judgement: what a recogniser may look at, kept apart from what it must find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ANNOTATED = frozenset({"units"})
"""Fields that somebody coded: training may learn from them, a judgement never gets them."""


class MissingInput(ValueError):
    """A model wants what the data do not hold; the message says which data have it."""


@dataclass(frozen=True)
class Inputs:
    """N events without labels, subjects or data sets.

    Attributes:
        name: str (N,), unique within a subject.
        arrays: what was measured, by the field's name; each array's first axis is N. Anything that slices like a NumPy
            array will do. Fields so far: `flow` uint8 (N, 28, 28, 3), onset to apex: u, v, optical strain, in the form
            of MEGC 2019; `landmarks` float32 (N, 468, 3), fractions of the picture that the flow covers; `clouds`
            float32 (N, 8, P, 6), see `kernels.expression_cloud`.
    """

    name: NDArray[np.str_]
    arrays: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.name)

    def __getitem__(self, field: str) -> Any:
        """One array.

        Raises:
            MissingInput: the data have no such field.
        """
        if field not in self.arrays:
            raise MissingInput(f"this model reads {field!r}, but the data hold only {', '.join(sorted(self.arrays))}")
        return self.arrays[field]

    def take(self, index: NDArray[np.integer[Any]]) -> Inputs:
        """Some of the events, in the order of `index`."""
        return Inputs(self.name[index], {field: array[index] for field, array in self.arrays.items()})

    def measured_only(self) -> Inputs:
        """The same events numbered, without what somebody coded: some data sets name an event by its class."""
        numbers = np.arange(len(self)).astype(np.str_)
        return Inputs(numbers, {field: array for field, array in self.arrays.items() if field not in ANNOTATED})


@dataclass(frozen=True)
class Samples:
    """N events with their truth: what a fold's training function gets of the training subjects."""

    inputs: Inputs
    label: NDArray[np.int64]  # (N,) number in models.labels.CLASSES
    subject: NDArray[np.str_]  # (N,) unique over all data sets
    dataset: NDArray[np.str_]  # (N,)

    def __post_init__(self) -> None:
        lengths = {len(self.inputs), len(self.label), len(self.subject), len(self.dataset)}
        lengths |= {len(array) for array in self.inputs.arrays.values()}
        if len(lengths) != 1:
            raise ValueError(f"all columns of the samples must have one length, not {sorted(lengths)}")
        if len(set(zip(self.subject.tolist(), self.inputs.name.tolist(), strict=True))) != len(self.inputs):
            raise ValueError("every sample of a subject needs a name of its own")

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, index: NDArray[np.integer[Any]]) -> Samples:
        """Some of the events, in the order of `index`."""
        return Samples(self.inputs.take(index), self.label[index], self.subject[index], self.dataset[index])
