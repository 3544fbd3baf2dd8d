"""torch itself as a `Classifier`: what the runtimes are measured against. Needs the `train` extra."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from engine.classifier import Batch, ModelError, Provenance, Verdicts, first_line, verdicts_of
from engine.export import torch_network
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.schema import checked_batch


class TorchClassifier:
    """A shipped network in torch, float32, one thread on the CPU or on the GPU.

    Args:
        path: its ONNX file, which holds the parameters.
        compiled: by `torch.compile`, which takes some twenty seconds at first and wants a C++ compiler on the CPU.
        device: cpu or cuda.

    Raises:
        ModelError: the file does not hold the parameters, or there is no compiler or device.
    """

    def __init__(self, path: Path, compiled: bool = False, device: str = "cpu") -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise ModelError("this torch sees no GPU")
        if compiled and device == "cpu" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
            raise ModelError("torch.compile needs a C++ compiler on the CPU", "sudo apt-get install -y g++")
        if compiled and importlib.util.find_spec("setuptools") is None:
            raise ModelError("torch.compile needs the package setuptools", "pip install setuptools")
        torch.set_num_threads(1)
        about = OnnxRuntimeClassifier(path)
        self.schema = about.schema
        self.labels, self.action_units, self.certain = about.labels, about.action_units, about.certain
        self._device = device
        network = torch_network(path).to(device)
        self._network: Callable[..., tuple[torch.Tensor, ...]] = torch.compile(network) if compiled else network
        self.provenance: Provenance = replace(
            about.provenance,
            backend="torch.compile" if compiled else "torch",
            device=device,
            library=f"torch {torch.__version__}",
        )

    def warm(self) -> None:
        """Run once; compiles where that was asked for.

        Raises:
            ModelError: torch cannot compile here.
        """
        try:
            for count in (1, 8, 64):
                self.classify({one.name: torch.zeros(count, *one.shape).numpy() for one in self.schema.inputs})
        except Exception as error:  # inductor raises whatever its compilers met
            raise ModelError(f"torch cannot run it here ({first_line(error)})") from None

    def classify(self, batch: Batch) -> Verdicts:
        """Judge a batch; see `Classifier.classify`."""
        arrays = checked_batch(self.schema, batch)
        with torch.inference_mode():
            outputs = self._network(
                *(torch.from_numpy(arrays[one.name]).to(self._device) for one in self.schema.inputs)
            )
        return verdicts_of(
            {name: output.cpu().numpy() for name, output in zip(self.schema.outputs, outputs, strict=True)}
        )
