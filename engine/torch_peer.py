"""Where a torch network's parameters stand in its ONNX file, so that it can be compared with where no checkpoint is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import onnx
import torch
from onnx import numpy_helper

PROPERTY = "torch"
"""Key of the file's metadata."""


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the torch network is made again."""

    module: str  # under models; its `from_checkpoint` takes `network` together with the state
    network: dict[str, Any]  # a checkpoint's network without its state: sizes and choices
    temperature: float
    parameters: dict[str, tuple[str, bool]] = {}  # name -> tensor of the file, and whether it lies transposed there


def locate(
    model: onnx.ModelProto, state: Mapping[str, torch.Tensor], prefix: str
) -> dict[str, tuple[str, bool]] | None:
    """Which of a file's tensors is which parameter; None where the exporter folded one away, as with batch norms.

    Args:
        model: just exported.
        state: the network's own names and values.
        prefix: that the exporter saw before the names.
    """
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    found: dict[str, tuple[str, bool]] = {}
    for name, tensor in state.items():
        values = tensor.numpy()
        candidates = [prefix + name] if prefix + name in stored else stored
        for candidate in candidates:
            if np.array_equal(stored[candidate], values):
                found[name] = candidate, False
                break
            if values.ndim == 2 and np.array_equal(stored[candidate], values.T):
                found[name] = candidate, True
                break
        else:
            return None
    return found


def state_of(model: onnx.ModelProto, origin: Origin) -> dict[str, torch.Tensor]:
    """The network's parameters out of its file."""
    stored = {one.name: one for one in model.graph.initializer}
    state = {}
    for name, (tensor, transposed) in origin.parameters.items():
        values = numpy_helper.to_array(stored[tensor])
        state[name] = torch.from_numpy(np.array(values.T if transposed else values))
    return state
