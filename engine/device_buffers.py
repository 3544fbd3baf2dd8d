"""Memory for a network's inputs and outputs: on the GPU, and pinned on the host so that copies need not wait."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.schema import Schema

_TO_DEVICE, _TO_HOST, _ON_DEVICE = 1, 2, 3  # cudaMemcpyKind


class Buffers:
    """Allocated once for the largest batch; every address stays the same, as a CUDA graph needs it.

    Args:
        arrays: the module cupy.
        schema: names and shapes.
        most: events of the largest batch.
        stream: on which every copy runs.
    """

    def __init__(self, arrays: Any, schema: Schema, most: int, stream: Any) -> None:
        self._arrays, self._stream, self.most = arrays, stream, most
        self._taken: dict[str, Any] = {}
        self.inputs = {one.name: one.shape for one in schema.inputs}
        self.outputs = schema.outputs
        shapes = {**self.inputs, **self.outputs}
        self.device = {name: arrays.empty((most, *shape), "float32") for name, shape in shapes.items()}
        self._blocks = {
            name: arrays.cuda.alloc_pinned_memory(4 * most * math.prod(shape)) for name, shape in shapes.items()
        }
        self._pinned: dict[str, NDArray[np.float32]] = {
            name: np.frombuffer(self._blocks[name], np.float32, most * math.prod(shape)).reshape(most, *shape)
            for name, shape in shapes.items()
        }

    def address(self, name: str) -> int:
        """Of an input or output on the GPU."""
        return int(self.device[name].data.ptr)

    def stage(self, batch: dict[str, Any]) -> None:
        """Host events into pinned memory."""
        for name, array in batch.items():
            self._pinned[name][: len(array)] = array

    def send(self, count: int) -> None:
        """Enqueue the copy of `count` staged events to the GPU."""
        for name, shape in self.inputs.items():
            self._copy(self.address(name), self._pinned[name].ctypes.data, count, shape, _TO_DEVICE)

    def take(self, batch: dict[str, Any]) -> None:
        """Enqueue the copy of events that are on the GPU already, after whatever makes them there."""
        # Kept until the next batch: memory freed before the copy has run could be given to somebody else.
        self._taken = {name: self._arrays.ascontiguousarray(array) for name, array in batch.items()}
        made = self._arrays.cuda.get_current_stream().record()  # after the above, which may be work of that stream too
        self._stream.wait_event(made)
        for name, whole in self._taken.items():
            self._copy(self.address(name), int(whole.data.ptr), len(whole), self.inputs[name], _ON_DEVICE)

    def fetch(self, count: int) -> None:
        """Enqueue the copy of `count` answers into pinned memory."""
        for name, shape in self.outputs.items():
            self._copy(self._pinned[name].ctypes.data, self.address(name), count, shape, _TO_HOST)

    def answers(self, count: int) -> dict[str, NDArray[np.float32]]:
        """What was fetched, as arrays of the caller's own; wait for the stream first."""
        return {name: self._pinned[name][:count].copy() for name in self.outputs}

    def _copy(self, target: int, source: int, count: int, shape: tuple[int, ...], kind: int) -> None:
        size = 4 * count * math.prod(shape)
        self._arrays.cuda.runtime.memcpyAsync(target, source, size, kind, self._stream.ptr)
