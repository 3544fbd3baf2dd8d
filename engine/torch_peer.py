"""Where a torch network's parameters stand in its ONNX file, so that it can be compared with where no checkpoint is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import onnx
import torch
from onnx import numpy_helper

_UNREAD = "torch."  # before the name of a tensor that is in the file for torch alone


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the torch network is made again."""

    module: str  # under models; its `from_checkpoint` takes `network` together with the state
    network: dict[str, Any]  # a checkpoint's network without its state: sizes and choices
    temperature: float
    parameters: dict[str, tuple[str, bool]] = {}  # name -> tensor of the file, and whether it lies transposed there


def keep_state(model: onnx.ModelProto, state: Mapping[str, torch.Tensor]) -> dict[str, tuple[str, bool]]:
    """Make sure that every parameter can be found in the file, and say where.

    What the graph itself holds is found there by its values. What the exporter folded away (batch norms, biases merged
    into weights) is added as a tensor that no node reads: it costs its size, and runtimes drop it.

    Args:
        model: just exported; changed.
        state: the network's own names and values.

    Returns:
        Name -> tensor of the file, and whether it lies transposed there.
    """
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    found: dict[str, tuple[str, bool]] = {}
    for name, tensor in state.items():
        values = tensor.numpy()
        for candidate, array in stored.items():
            if array.dtype == values.dtype and np.array_equal(array, values):
                found[name] = candidate, False
                break
            if values.ndim == 2 and np.array_equal(array, values.T):
                found[name] = candidate, True
                break
        else:
            found[name] = f"{_UNREAD}{name}", False
            model.graph.initializer.append(numpy_helper.from_array(values, f"{_UNREAD}{name}"))
    return found


def state_of(model: onnx.ModelProto, origin: Origin) -> dict[str, torch.Tensor]:
    """The network's parameters out of its file."""
    stored = {one.name: one for one in model.graph.initializer}
    state = {}
    for name, (tensor, transposed) in origin.parameters.items():
        values = numpy_helper.to_array(stored[tensor])
        state[name] = torch.from_numpy(np.array(values.T if transposed else values))
    return state
