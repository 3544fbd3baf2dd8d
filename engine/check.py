"""Every way to run a network on this machine: does it answer as torch did at export, and how fast?"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier, ModelError
from engine.manifest import find_model, find_proof
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.pick import Say
from engine.proof import TOLERANCES, Proof, largest_difference, read_proof
from engine.timing import latencies_ms

BATCHES = (1, 8, 64)
REPETITIONS = 1000  # at batch 1; larger batches get fewer


class Latency(msgspec.Struct, frozen=True):
    """Of one call, ms."""

    median: float
    p99: float


class Row(msgspec.Struct, frozen=True):
    """One way to run a network."""

    backend: str  # a key of engine.pick.BACKENDS, torch, or torch.compile
    precision: str
    runs: str  # device and library
    difference: float | None  # largest of any probability, to the answers that torch float32 gave at export
    allowed: float
    latency_ms: dict[str, Latency]  # by batch size
    missing: str = ""  # why it was not run

    @property
    def agrees(self) -> bool:
        """Whether it may be used."""
        return self.difference is not None and self.difference <= self.allowed


class Checked(msgspec.Struct, frozen=True):
    """One network on this machine."""

    model: str
    file: str
    sha256: str
    megabytes: float
    rows: list[Row]

    def ratio(self, row: Row) -> float | None:
        """How many times faster than torch eager of the same run on the CPU at batch 1."""
        eager = next((one for one in self.rows if one.backend == "torch" and one.latency_ms), None)
        if eager is None or not row.latency_ms:
            return None
        return eager.latency_ms["1"].median / row.latency_ms["1"].median


Opener = tuple[str, str, Callable[[], Classifier]]
"""Backend, precision, and what opens it."""


def ways(path: Path, quantised: bool, say: Say, compiling: bool = True) -> list[Opener]:
    """Every way that this code knows, best first, torch last; opening one may say why it cannot be had."""
    from engine.tensorrt_run import open_tensorrt

    exact = "int8" if quantised else "float32"
    found: list[Opener] = [
        ("tensorrt", precision, partial(open_tensorrt, path, precision, say=say))
        for precision in (("int8",) if quantised else ("float16", "float32"))
    ]
    found.append(("onnxruntime-cuda", exact, partial(OnnxRuntimeClassifier, path, device="cuda")))
    found.append(("onnxruntime", exact, partial(OnnxRuntimeClassifier, path)))
    if quantised:
        return found  # torch's own network is the float32 one
    for device in ("cuda", "cpu"):
        for compiled in (False, True) if compiling else (False,):
            name = "torch.compile" if compiled else "torch"
            found.append((name, "float32", partial(_open_torch, path, compiled, device)))
    return found


def check_model(name: str, folder: Path, say: Say, repetitions: int = REPETITIONS, compiling: bool = True) -> Checked:
    """Open a shipped network in every way, compare, and time them in turns.

    Raises:
        ModelError: the network or its test vector is missing or damaged.
    """
    path, entry = find_model(name, folder)
    proof = read_proof(find_proof(name, folder))
    reference = OnnxRuntimeClassifier(path)
    largest_difference(reference, proof)  # a test vector that does not fit is no runtime's fault: it raises here
    quantised = reference.provenance.precision == "int8"
    opened: dict[int, Classifier] = {}
    differences: dict[int, float] = {}
    missing: dict[int, str] = {}
    openers = ways(path, quantised, say, compiling)
    for number, (backend, _, open_it) in enumerate(openers):
        try:
            if backend == "torch.compile":
                say("torch.compile compiles; that takes some twenty seconds")
            classifier = open_it()
            classifier.warm()
            differences[number] = largest_difference(classifier, proof)
            opened[number] = classifier
        except ModelError as error:
            missing[number] = error.reason
    latencies = _latencies(opened, proof, repetitions)
    rows = [
        Row(
            backend=backend,
            precision=precision,
            runs=_runs(opened[number]) if number in opened else "",
            difference=differences.get(number),
            allowed=TOLERANCES[precision],
            latency_ms=latencies.get(number, {}),
            missing=missing.get(number, ""),
        )
        for number, (backend, precision, _) in enumerate(openers)
    ]
    return Checked(name, path.name, entry.sha256, entry.bytes / 1e6, rows)


def _latencies(opened: dict[int, Classifier], proof: Proof, repetitions: int) -> dict[int, dict[str, Latency]]:
    found: dict[int, dict[str, Latency]] = {number: {} for number in opened}
    for batch in BATCHES:
        events = {name: _repeated(array, batch) for name, array in proof.inputs.items()}
        calls = {str(number): _call(classifier, events) for number, classifier in opened.items()}
        for number, (median, p99) in latencies_ms(calls, max(repetitions // batch, min(repetitions, 30))).items():
            found[int(number)][str(batch)] = Latency(median, p99)
    return found


def _call(classifier: Classifier, events: dict[str, NDArray[np.float32]]) -> Callable[[], object]:
    return lambda: classifier.classify(events)


def _repeated(array: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.resize(array, (count, *array.shape[1:])))


def _runs(classifier: Classifier) -> str:
    provenance = classifier.provenance
    graphs = f", {classifier.graphs}" if hasattr(classifier, "graphs") else ""
    return f"{provenance.device}, {provenance.library}{graphs}"


def _open_torch(path: Path, compiled: bool, device: str) -> Classifier:
    missing = [name for name in ("torch", "onnx") if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f"{' and '.join(missing)} not installed", "pip install -e '.[train]'")
    from engine.torch_classifier import TorchClassifier

    return TorchClassifier(path, compiled, device)
