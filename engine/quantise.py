"""An ONNX graph in INT8 with explicit Q/DQ, as TensorRT 10 and 11 read it. Needs the package onnx.

Symmetric throughout; weights per output channel, activations per tensor, biases and everything between the matrix
products in float32. (ONNX Runtime's defaults quantise biases to int32, which TensorRT's parser refuses.)
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from engine.classifier import ModelError
from engine.metadata import TORCH_PEER
from engine.onnx_speed import drop_unread
from engine.quiet import quiet

RangeMethod = Literal["minmax", "entropy", "percentile"]

_METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_QUANTISED = ("MatMul", "Gemm", "Conv")


def quantise(
    source: Path, target: Path, name: str, events: Mapping[str, NDArray[np.float32]], method: RangeMethod = "minmax"
) -> int:
    """Write a model in INT8.

    Args:
        source: a float32 model of ours.
        target: the file to write.
        name: of the model in its metadata.
        events: from which the ranges of activations come, by input name, (N, ...).
        method: how a range is chosen from what was seen.

    Returns:
        The number of quantised matrix products and convolutions.

    Raises:
        ModelError: nothing in it can be quantised, or it is not float32.
    """
    model = onnx.load(source)
    properties = {entry.key: entry.value for entry in model.metadata_props if entry.key != TORCH_PEER}
    if properties.get("precision") != "float32":
        raise ModelError(f"{source}: INT8 is made from float32, and this is {properties.get('precision', 'unknown')}")
    nodes, channels = _products(model)
    if not nodes:
        raise ModelError(f"{source}: no matrix product or convolution with stored weights, so nothing to quantise")
    # The quantiser's advice on preparing models for ONNX Runtime's own kernels is none for TensorRT.
    with tempfile.TemporaryDirectory() as folder, quiet():
        written, bare = Path(folder) / "int8.onnx", Path(folder) / "float32.onnx"
        drop_unread(model.graph)  # torch's parameters, if any
        onnx.save(model, bare)
        quantize_static(
            bare,
            written,
            _Reader(events),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=nodes,
            calibrate_method=_METHODS[method],
            extra_options={
                "ActivationSymmetric": True,
                "WeightSymmetric": True,
                "QuantizeBias": False,
                # Rounding a product again before its bias is added costs accuracy and buys nothing.
                "OpTypesToExcludeOutputQuantization": list(_QUANTISED),
                "TensorQuantOverrides": {
                    weight: [{"quant_type": QuantType.QInt8, "symmetric": True, "axis": axis}]
                    for weight, axis in channels.items()
                },
            },
        )
        quantised = onnx.load(written)
    del quantised.metadata_props[:]
    for key, text in (properties | {"precision": "int8", "model": name}).items():
        quantised.metadata_props.add(key=key, value=text)
    quantised.producer_name = ""
    onnx.checker.check_model(quantised, full_check=True)
    target.write_bytes(quantised.SerializeToString())
    return len(nodes)


def _products(model: onnx.ModelProto) -> tuple[list[str], dict[str, int]]:
    """Nodes to quantise, and the axis of their weights' output channels."""
    ranks = {one.name: len(one.dims) for one in model.graph.initializer}
    nodes, channels = [], {}
    for node in model.graph.node:
        if node.op_type in _QUANTISED and node.input[1] in ranks:
            rank = ranks[node.input[1]]
            transposed = any(one.name == "transB" and one.i for one in node.attribute)
            nodes.append(node.name)
            channels[node.input[1]] = 0 if transposed or node.op_type == "Conv" else rank - 1
    return nodes, channels


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # ONNX Runtime has no types
    """Hands out the events one by one."""

    def __init__(self, events: Mapping[str, NDArray[np.float32]]) -> None:
        self._events = events
        self._next = 0

    def get_next(self) -> dict[str, Any] | None:
        number, self._next = self._next, self._next + 1
        if number >= len(next(iter(self._events.values()))):
            return None
        return {name: array[number : number + 1] for name, array in self._events.items()}
