"""Which runtime serves a network on this machine: the first that loads it and repeats its stored answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine.classifier import Classifier, ModelError
from engine.manifest import WEIGHTS, find_model, find_proof
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.proof import Proof, prove, read_proof

Say = Callable[[str], None]
"""Told of what takes long, such as the building of a TensorRT plan."""


class Refusal(NamedTuple):
    """A runtime that was not taken."""

    backend: str
    reason: str  # one line


class Choice(NamedTuple):
    """What serves a network here, and why nothing better does."""

    classifier: Classifier
    difference: float  # to the stored answers, largest of any probability
    refused: tuple[Refusal, ...]  # better ones, in the order in which they were tried

    def line(self) -> str:
        """One line for people."""
        refused = "".join(f"; not {backend}: {reason}" for backend, reason in self.refused)
        return f"{self.classifier.provenance}, repeats its stored answers within {self.difference:.0e}{refused}"


def _tensorrt(path: Path, say: Say) -> Classifier:
    from engine.tensorrt_run import open_tensorrt

    return open_tensorrt(path, say=say)


def _onnxruntime_cuda(path: Path, say: Say) -> Classifier:
    return OnnxRuntimeClassifier(path, device="cuda")


def _onnxruntime(path: Path, say: Say) -> Classifier:
    return OnnxRuntimeClassifier(path)


BACKENDS: dict[str, Callable[[Path, Say], Classifier]] = {
    "tensorrt": _tensorrt,
    "onnxruntime-cuda": _onnxruntime_cuda,
    "onnxruntime": _onnxruntime,
}
"""Every runtime that can be asked for by name, best first."""


def load(name: str = "cloud", backend: str = "auto", folder: Path = WEIGHTS) -> Classifier:
    """A shipped network, ready to judge; `choose` also tells why it runs where it does.

    Args:
        name: model in the folder's manifest.
        backend: a key of `BACKENDS`, or `auto` for the first that works.
        folder: where the manifest and the models lie.

    Raises:
        ModelError: the model cannot be had, or no runtime can serve it; says why.
    """
    return choose(name, backend, folder).classifier


def choose(name: str = "cloud", backend: str = "auto", folder: Path = WEIGHTS, say: Say = lambda line: None) -> Choice:
    """As `load`, with the reasons.

    Raises:
        ModelError: the model cannot be had, or no runtime can serve it; says why.
    """
    path, _ = find_model(name, folder)
    return pick(path, read_proof(find_proof(name, folder)), backend, say)


def pick(path: Path, proof: Proof, backend: str = "auto", say: Say = lambda line: None) -> Choice:
    """The first runtime that serves a model file and proves it, warmed. One asked for by name is never replaced.

    Args:
        path: an ONNX file written by `python -m engine export`.
        proof: its stored test vector.
        backend: a key of `BACKENDS`, or `auto`.
        say: told of what takes long.

    Raises:
        ModelError: unknown runtime, none can serve the file, or none repeats the stored answers.
    """
    if backend != "auto" and backend not in BACKENDS:
        raise ModelError(f"unknown backend {backend!r}; choose auto or one of: {', '.join(BACKENDS)}")
    wanted = BACKENDS if backend == "auto" else {backend: BACKENDS[backend]}
    refused: list[Refusal] = []
    for name, open_with in wanted.items():
        try:
            classifier = open_with(path, say)
            classifier.warm()
            return Choice(classifier, prove(classifier, proof), tuple(refused))
        except ModelError as error:
            if backend != "auto":
                raise ModelError(f"{backend}: {error}") from None
            refused.append(Refusal(name, error.reason))
    # A damaged file fails everywhere, often for the same reason: say each reason once.
    reasons = dict.fromkeys(refusal.reason for refusal in refused)
    raise ModelError("; ".join(f"{next(r.backend for r in refused if r.reason == one)}: {one}" for one in reasons))
