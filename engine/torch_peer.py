"""The torch network behind a shipped ONNX file, to compare with: `python -m engine check` needs no checkpoint."""

from __future__ import annotations

import onnx
import torch
from onnx import numpy_helper

from engine.classifier import ModelError


def parameters_of(model: onnx.ModelProto, wanted: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """A torch network's parameters out of its exported graph.

    Args:
        model: written by `engine.onnx_file` from a network under `prefix`.
        wanted: the network's own state, for names and shapes.
        prefix: e.g. "network.".

    Raises:
        ModelError: the exporter folded a parameter away, as it does with batch normalisation.
    """
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    made_by = {name: node for node in model.graph.node for name in node.output}
    found = {}
    for name, like in wanted.items():
        values = stored.get(prefix + name)
        if values is None and name.endswith(".weight"):
            # A linear layer over more than two axes becomes x @ W^T + b, and only b keeps its name.
            bias = prefix + name.removesuffix("weight") + "bias"
            for node in model.graph.node:
                if node.op_type == "Add" and bias in node.input:
                    product = made_by.get(next((one for one in node.input if one != bias), ""))
                    if product is not None and product.op_type == "MatMul" and product.input[1] in stored:
                        values = stored[product.input[1]].T
        if values is None or values.shape != tuple(like.shape):
            raise ModelError(f"parameter {name} does not stand in the file under its own name")
        found[name] = torch.from_numpy(values.copy())
    return found
