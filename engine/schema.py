"""What a network reads and what it says: written into its ONNX file at export, checked before every judgement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from engine.classifier import Batch

SCHEMA_VERSION = 1


class InputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input; always float32, with the batch as its first axis."""

    name: str
    shape: tuple[int, ...]  # of one event, without the batch axis
    meaning: str  # axes and units, in one line

    @property
    def bytes(self) -> int:
        """Size of one event."""
        return 4 * math.prod(self.shape)


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Inputs and outputs of a network."""

    inputs: tuple[InputSpec, ...]
    labels: tuple[str, ...]  # order of `probabilities`
    action_units: tuple[str, ...]  # order of `action_units`; empty: the network says nothing of them
    expression: bool  # whether the network says if it is an expression at all
    certain: float  # least probability for a label to be stated
    version: int = SCHEMA_VERSION

    @property
    def outputs(self) -> dict[str, tuple[int, ...]]:
        """Names of the outputs, in order, with the shape that one event has in them."""
        found: dict[str, tuple[int, ...]] = {"probabilities": (len(self.labels),)}
        if self.action_units:
            found["action_units"] = (len(self.action_units),)
        if self.expression:
            found["expression"] = ()
        return found


def checked_batch(schema: Schema, batch: Batch) -> dict[str, Any]:
    """The batch by input name, after a look at shapes, dtypes and, for NumPy arrays, values.

    Args:
        schema: of the network that shall judge.
        batch: an array for a network with one input, else one array per input name; NumPy or CuPy.

    Raises:
        ValueError: another name, shape or dtype, no events, or values that are not finite.
    """
    arrays = dict(batch) if isinstance(batch, Mapping) else {schema.inputs[0].name: batch}
    names = [one.name for one in schema.inputs]
    if sorted(arrays) != sorted(names):
        raise ValueError(f"the network reads {', '.join(names)}; given: {', '.join(arrays) or 'nothing'}")
    counts = set()
    for one in schema.inputs:
        array = arrays[one.name]
        if tuple(array.shape[1:]) != one.shape or array.ndim != len(one.shape) + 1 or not array.shape[0]:
            wanted = ", ".join(["N", *map(str, one.shape)])
            raise ValueError(f"{one.name} must be ({wanted}) with N of 1 or more, not {tuple(array.shape)}")
        if array.dtype != np.float32:
            raise ValueError(f"{one.name} must be float32, not {array.dtype}")
        # On a GPU the look would wait for the device; what is made there comes from checked crops.
        if isinstance(array, np.ndarray) and not np.isfinite(array.sum()) and not np.isfinite(array).all():
            raise ValueError(f"{one.name} holds values that are not finite")
        counts.add(array.shape[0])
    if len(counts) > 1:
        raise ValueError(f"the inputs hold different numbers of events: {sorted(counts)}")
    return arrays
