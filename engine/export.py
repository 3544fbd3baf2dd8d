"""From a trained torch network to an ONNX file that explains itself. Needs the `train` extra."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.classifier import ModelError
from engine.manifest import record_model
from engine.onnx_runtime import OnnxRuntimeClassifier

if TYPE_CHECKING:
    import torch

_POINTS = 128
_OPSET = 18


class Parity(NamedTuple):
    """How far ONNX Runtime strays from torch on the same clouds, as the largest absolute difference."""

    probabilities: float
    action_units: float
    expression: float


def export_checkpoint(checkpoint: Path, target: Path) -> Parity:
    """Write a checkpoint of `python -m models train` as ONNX, and enter it into the manifest beside it.

    Args:
        checkpoint: holds the network, its calibration, and clouds for the comparison.
        target: the ONNX file to write.

    Raises:
        ModelError: the checkpoint cannot be read, or the exported network does not say the same as the trained one.
    """
    import torch

    try:
        stored = torch.load(checkpoint, weights_only=True)
    except FileNotFoundError:
        raise ModelError(f"{checkpoint}: no such checkpoint; make one with `python -m models train`") from None
    except Exception as error:  # torch.load raises whatever its unpickler met
        raise ModelError(
            f"{checkpoint}: not a checkpoint of `python -m models train` ({type(error).__name__})"
        ) from None
    network = _calibrated(stored)
    target.parent.mkdir(parents=True, exist_ok=True)
    _write_onnx(network, _metadata(stored), target)
    parity = measure_parity(network, target, stored["clouds"].numpy())
    if max(parity) > 1e-4:
        target.unlink()
        raise ModelError(f"{target}: the exported network strays by {max(parity):.1e} from the trained one; not kept")
    record_model(stored["model"], target, stored["trained_by"], stored["commit"])
    return parity


def measure_parity(network: torch.nn.Module, path: Path, clouds: NDArray[np.float32]) -> Parity:
    """Compare an ONNX file with its torch network on real clouds and on random ones of several batch sizes."""
    import torch

    random = np.random.default_rng(1)
    noise = [random.normal(0, 0.5, (count, 8, _POINTS, 6)).astype(np.float32) for count in (1, 2, 17)]
    classifier = OnnxRuntimeClassifier(path)
    worst = np.zeros(3)
    for batch in [*noise, np.zeros((1, 8, _POINTS, 6), np.float32), clouds]:
        with torch.inference_mode():
            expected = network(torch.from_numpy(batch))
        found = classifier.classify(batch)
        worst = np.maximum(worst, [np.abs(e.numpy() - f).max() for e, f in zip(expected, found, strict=True)])
    return Parity(*(float(value) for value in worst))


def _calibrated(stored: dict[str, Any]) -> torch.nn.Module:
    import torch

    from models.cloud_network import from_checkpoint

    class Calibrated(torch.nn.Module):
        """Softmax with the fitted temperature, so that every runtime gives the same probabilities."""

        def __init__(self) -> None:
            super().__init__()
            self.network = from_checkpoint(stored["network"])
            self.temperature = float(stored["temperature"])

        def forward(self, clouds: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            logits = self.network(clouds)
            return (
                torch.softmax(logits.classes / self.temperature, dim=1),
                torch.sigmoid(logits.action_units),
                torch.sigmoid(logits.expression),
            )

    return Calibrated().eval()


def _metadata(stored: dict[str, Any]) -> dict[str, str]:
    from models.labels import ACTION_UNITS, CLASSES

    return {
        "model": stored["model"],
        "precision": "float32",
        "labels": json.dumps(CLASSES),
        "action_units": json.dumps(ACTION_UNITS),
        "input": "float32 (N, 8, P, 6): regions of kernels.face_regions.CLOUD_REGIONS; x, y, z in face widths; "
        "u, v in px at 224 px face width; optical strain in the same unit per px",
        "temperature": str(stored["temperature"]),
        "certain": str(stored["certain"]),
        "trained_by": stored["trained_by"],
        "commit": stored["commit"],
    }


def _write_onnx(network: torch.nn.Module, metadata: dict[str, str], target: Path) -> None:
    import onnx
    import torch

    clouds = torch.zeros(2, 8, _POINTS, 6)
    batch = torch.export.Dim("events", min=1, max=4096)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "network.onnx"
        torch.onnx.export(
            network,
            (clouds,),
            str(raw),
            dynamo=True,
            external_data=False,
            optimize=True,
            verbose=False,
            opset_version=_OPSET,
            input_names=["clouds"],
            output_names=["probabilities", "action_units", "expression"],
            dynamic_shapes={"clouds": {0: batch}},
        )
        model = onnx.load(str(raw))
    for node in model.graph.node:
        # The exporter notes source lines of this machine in every node.
        del node.metadata_props[:]
        node.doc_string = ""
    del model.metadata_props[:]
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    target.write_bytes(model.SerializeToString())
