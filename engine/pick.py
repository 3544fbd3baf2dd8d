"""Which runtime serves a network on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.classifier import Classifier, ModelError
from engine.manifest import WEIGHTS, find_model
from engine.onnx_runtime import OnnxRuntimeClassifier

BACKENDS: dict[str, Callable[[Path], Classifier]] = {"onnxruntime": OnnxRuntimeClassifier}
"""Every runtime that can be asked for by name, best first."""


def load(name: str = "cloud", backend: str = "auto", folder: Path = WEIGHTS) -> Classifier:
    """A shipped network, ready to judge.

    Args:
        name: model in the folder's manifest.
        backend: a key of `BACKENDS`, or `auto` for the first that works.
        folder: where the manifest and the models lie.

    Raises:
        ModelError: the model cannot be had, or no runtime can serve it; says why.
    """
    path, _ = find_model(name, folder)
    return pick(path, backend)


def pick(path: Path, backend: str = "auto") -> Classifier:
    """The first runtime that can serve a model file, warmed. A runtime asked for by name is never replaced.

    Raises:
        ModelError: unknown runtime, or none can serve the file.
    """
    if backend != "auto" and backend not in BACKENDS:
        raise ModelError(f"unknown backend {backend!r}; choose auto or one of: {', '.join(BACKENDS)}")
    wanted = BACKENDS if backend == "auto" else {backend: BACKENDS[backend]}
    refused = []
    for name, open_with in wanted.items():
        try:
            classifier = open_with(path)
            classifier.warm()
            return classifier
        except ModelError as error:
            refused.append(str(error) if len(wanted) == 1 else f"{name}: {error}")
    raise ModelError("; ".join(refused))
