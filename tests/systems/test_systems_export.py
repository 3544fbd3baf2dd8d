"""Every published system as ONNX: any batch, and the same answers as torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from test_published_sizes import TINY, inputs_of

from engine.export import export_checkpoint
from engine.onnx_runtime import OnnxRuntimeClassifier
from models.systems.catalogue import SYSTEMS
from models.systems.checkpoint import from_checkpoint, input_table, to_checkpoint

# Control flow and sampling at run time keep a network out of TensorRT.
BLOCKED = {"If", "Loop", "Scan", "NonZero", "TopK", "SequenceAt", "Unique"}


@pytest.mark.parametrize("name", TINY)
def test_onnx_says_what_torch_says(name: str, tmp_path: Path):
    import onnxruntime

    network, shapes = TINY[name]
    network.eval()
    example = tuple(torch.rand(2, *shape) for shape in shapes)
    names = [f"input{number}" for number in range(len(shapes))]
    file = tmp_path / f"{name}.onnx"
    batch = torch.export.Dim("events", min=1, max=512)
    torch.onnx.export(
        network, example, str(file), dynamo=True, external_data=False, verbose=False, opset_version=18,
        input_names=names, dynamic_shapes=tuple({0: batch} for _ in shapes),
    )  # fmt: skip
    model = onnx.load(str(file))
    onnx.checker.check_model(model, full_check=True)
    assert not BLOCKED & {node.op_type for node in model.graph.node}
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    for count in (1, 3):
        batch_of = [torch.rand(count, *shape) for shape in shapes]
        with torch.inference_mode():
            expected = network(*batch_of)
        expected = [expected] if isinstance(expected, torch.Tensor) else list(expected)
        found = session.run(None, {name: one.numpy() for name, one in zip(names, batch_of, strict=True)})
        for one, other in zip(expected, found, strict=True):
            assert np.abs(one.numpy() - other).max() < 1e-4


@pytest.mark.parametrize("name", ["ststnet", "au_graph"])
def test_a_checkpoint_goes_through_the_engine_and_back(name: str, tmp_path: Path):
    torch.manual_seed(5)
    made = SYSTEMS[name].make(3, False)
    made.network.eval()
    batch = inputs_of(made, 8)
    stored = {
        "model": name, "module": "models.systems.checkpoint",
        "network": to_checkpoint(name, 3, False, made.network), "temperature": 1.3, "certain": 0.4,
        "labels": ["negative", "positive", "surprise"], "action_units": list(made.unit_names),
        "inputs": input_table(made), "trained_by": "a test", "commit": "none", "data": "noise",
        "samples": {one.name: values for one, values in zip(made.inputs, batch, strict=True)},
    }  # fmt: skip
    torch.save(stored, tmp_path / f"{name}.pt")
    kept = torch.load(tmp_path / f"{name}.pt", weights_only=True)
    again = from_checkpoint(kept["network"])
    export_checkpoint(tmp_path / f"{name}.pt", tmp_path / f"{name}.onnx")
    classifier = OnnxRuntimeClassifier(tmp_path / f"{name}.onnx")
    said = classifier.classify({one.name: values.numpy() for one, values in zip(made.inputs, batch, strict=True)})
    with torch.inference_mode():
        logits = again(*batch)
    classes = logits if isinstance(logits, torch.Tensor) else logits.classes
    assert np.allclose(said.probabilities, torch.softmax(classes / 1.3, dim=1).numpy(), atol=1e-5)
    assert said.action_units.shape == (8, len(made.unit_names))
