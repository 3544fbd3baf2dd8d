"""An ONNX graph in half precision, by casting: what multiplies becomes float16, what sums and normalises stays float32.

TensorRT 11 has strongly typed networks only, so precision must stand in the graph. Inputs and outputs stay float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.classifier import ModelError

_MULTIPLIES = {"MatMul", "Gemm", "Conv", "ConvTranspose"}
_PASSES = {
    *(
        "Relu",
        "LeakyRelu",
        "PRelu",
        "Add",
        "Sub",
        "Mul",
        "MaxPool",
        "ReduceMax",
        "GlobalMaxPool",
        "Concat",
        "Transpose",
    ),
    *(
        "Reshape",
        "Unsqueeze",
        "Squeeze",
        "Flatten",
        "Slice",
        "Gather",
        "GatherND",
        "Expand",
        "Identity",
        "Split",
        "Pad",
    ),
}
"""Follow what feeds them. Everything else (sums, means, roots, divisions, softmax, normalisation, recurrences) is exact
in float32 only: a sum over a thousand points overflows float16."""

_LARGEST = 65504.0


def to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the model in mixed float16 and float32.

    Raises:
        ModelError: a weight is beyond float16, or there is nothing to cast.
    """
    half = onnx.ModelProto()
    half.CopyFrom(model)
    _Casting(half).run()
    for entry in half.metadata_props:
        if entry.key == "precision":
            entry.value = "float16"
    onnx.checker.check_model(half, full_check=True)
    return half


class _Casting:
    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
        self._floats = {
            value.name
            for value in [*inferred.value_info, *inferred.input, *inferred.output]
            if value.type.tensor_type.elem_type == TensorProto.FLOAT
        }
        self._weights = {one.name: one for one in self._graph.initializer}
        self._outputs = {one.name for one in self._graph.output}
        self._half: set[str] = set()  # tensors that are float16 now
        self._made: dict[str, str] = {}  # tensor -> its copy in the other type
        self._nodes: list[onnx.NodeProto] = []

    def run(self) -> None:
        for node in list(self._graph.node):
            if self._becomes_half(node):
                self._put_in_half(node)
            else:
                self._feed(node, self._half, TensorProto.FLOAT)
                self._nodes.append(node)
        if not self._half:
            raise ModelError("nothing in the graph can be cast to float16: no matrix product and no convolution")
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)
        # Shapes and types noted by the exporter are those of before.
        del self._graph.value_info[:]
        used = {name for node in self._nodes for name in node.input}
        kept = [one for one in self._graph.initializer if one.name in used]
        del self._graph.initializer[:]
        self._graph.initializer.extend(kept)

    def _becomes_half(self, node: onnx.NodeProto) -> bool:
        if node.op_type in _MULTIPLIES:
            return all(name in self._floats | self._half | self._float_weights for name in node.input if name)
        return node.op_type in _PASSES and any(name in self._half for name in node.input)

    @property
    def _float_weights(self) -> set[str]:
        return {name for name, one in self._weights.items() if one.data_type == TensorProto.FLOAT}

    def _put_in_half(self, node: onnx.NodeProto) -> None:
        for place, name in enumerate(node.input):
            if name in self._weights and self._weights[name].data_type == TensorProto.FLOAT:
                node.input[place] = self._half_weight(name)
        self._feed(node, self._floats - self._half, TensorProto.FLOAT16)
        self._nodes.append(node)
        for place, name in enumerate(node.output):
            if name in self._outputs:
                node.output[place] = f"{name}_half"
                self._nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
                self._half.add(f"{name}_half")
            else:
                self._half.add(name)

    def _feed(self, node: onnx.NodeProto, foreign: set[str], kind: Any) -> None:
        """Cast those inputs of a node that are of the other type."""
        for place, name in enumerate(node.input):
            if name in foreign and name not in self._weights:
                if name not in self._made:
                    self._made[name] = f"{name}_as_{'half' if kind == TensorProto.FLOAT16 else 'float'}"
                    self._nodes.append(helper.make_node("Cast", [name], [self._made[name]], to=kind))
                node.input[place] = self._made[name]

    def _half_weight(self, name: str) -> str:
        if name not in self._made:
            values = numpy_helper.to_array(self._weights[name])
            if np.abs(values).max(initial=0) > _LARGEST:
                raise ModelError(f"weight {name} is beyond float16 ({np.abs(values).max():.1e})")
            self._made[name] = f"{name}_half"
            self._graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        return self._made[name]
