"""A network in INT8: ranges from clouds, and what the rounding costs, before anybody is allowed to use it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier, ModelError
from engine.manifest import WEIGHTS, find_model, record_model
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.proof import Proof, write_proof
from engine.quantise import RangeMethod, quantise
from models.metrics import uar, uf1
from models.simulated_clouds import NuisanceSettings, Purpose, simulate

MOST_UF1_LOST = 0.01
"""A network that loses more is not installed."""
RANGE_SEED, TEST_SEED = 2, 9001  # beside training's own stream, and in the one that training cannot reach
_PROOF_EVENTS = 8

Say = Callable[[str], None]


class Loss(msgspec.Struct, frozen=True):
    """The same events judged in float32 and in INT8."""

    where: str
    events: int
    uf1_float32: float
    uf1_int8: float
    uar_float32: float
    uar_int8: float
    other_label: float  # share of events that got another label
    largest_difference: float  # of any probability of a class

    @property
    def lost(self) -> float:
        """UF1 lost; negative where INT8 happens to be better."""
        return self.uf1_float32 - self.uf1_int8

    def line(self) -> str:
        """For people."""
        return (
            f"{self.where}, {self.events} events: UF1 {self.uf1_float32:.3f} in float32, {self.uf1_int8:.3f} in INT8 "
            f"({-self.lost:+.3f}); UAR {self.uar_float32:.3f} and {self.uar_int8:.3f}; another label for "
            f"{self.other_label:.1%}; largest difference of a probability {self.largest_difference:.2f}"
        )


class Report(msgspec.Struct, frozen=True):
    """What was written and what it costs."""

    model: str
    source_sha256: str
    file: str
    products: int  # quantised matrix products and convolutions
    method: str
    range_events: int
    losses: list[Loss]

    @property
    def refusal(self) -> str:
        """Why it must not be installed; empty where it may."""
        for loss in self.losses:
            if not loss.lost <= MOST_UF1_LOST:
                return f"INT8 loses {loss.lost:.3f} UF1 on {loss.where}, and {MOST_UF1_LOST} is the most"
        return ""


def calibrate_int8(
    name: str, out: Path, range_events: int, test_events: int, method: RangeMethod, say: Say, folder: Path = WEIGHTS
) -> Report:
    """Quantise a shipped network that reads clouds, and judge simulated people with both.

    Args:
        name: of a float32 model in the folder's manifest.
        out: folder for NAME-int8.onnx, its test vector and its manifest.
        range_events: simulated events from which the ranges of activations come.
        test_events: simulated events of other people, on which the loss is measured.
        method: how a range is chosen from what was seen.
        say: told of the progress.
        folder: where the manifest lies.

    Raises:
        ModelError: no such model, one that reads something else, or one that cannot be quantised.
    """
    path, entry = find_model(name, folder)
    exact = OnnxRuntimeClassifier(path)
    if [one.name for one in exact.schema.inputs] != ["clouds"]:
        reads = ", ".join(one.name for one in exact.schema.inputs)
        raise ModelError(f"{name} reads {reads}; ranges can be collected for networks that read clouds")
    say(f"simulating {range_events} events for the ranges and {test_events} of other people for the test")
    settings = NuisanceSettings()
    ranges = simulate(Purpose.CALIBRATION, RANGE_SEED, range_events, settings, say)
    test = simulate(Purpose.TEST, TEST_SEED, test_events, settings, say)
    clouds = ranges.take(np.arange(len(ranges))).clouds.astype(np.float32)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{name}-int8.onnx"
    products = quantise(path, target, f"{name}-int8", {"clouds": clouds}, method)
    rounded = OnnxRuntimeClassifier(target)
    known = np.flatnonzero(test.label >= 0)
    judged = test.take(known)
    loss = compare(
        "simulated people never seen",
        judged.label,
        exact.classify(judged.clouds).probabilities,
        rounded.classify(judged.clouds).probabilities,
    )
    _record(rounded, target, clouds, entry.trained_by, entry.commit)
    return Report(name, entry.sha256, str(target), products, method, range_events, [loss])


def compare(
    where: str, truth: NDArray[np.integer[Any]], exact: NDArray[np.floating[Any]], rounded: NDArray[np.floating[Any]]
) -> Loss:
    """The loss on (N,) labels, from probabilities (N, 3) in float32 and in INT8."""
    said, said_rounded = exact.argmax(axis=1), rounded.argmax(axis=1)
    return Loss(
        where,
        len(truth),
        uf1(truth, said),
        uf1(truth, said_rounded),
        uar(truth, said),
        uar(truth, said_rounded),
        float((said != said_rounded).mean()),
        float(np.abs(exact - rounded).max()),
    )


def install(report: Report, folder: Path = WEIGHTS) -> Path:
    """Put the network beside the others, where `--model NAME-int8` finds it.

    Raises:
        ModelError: it loses too much.
    """
    if report.refusal:
        raise ModelError(f"{report.refusal}: not installed")
    source = Path(report.file)
    proof = source.with_suffix(".proof.npz")
    entry = find_model(f"{report.model}-int8", source.parent)[1]
    target = folder / source.name
    shutil.copyfile(source, target)
    shutil.copyfile(proof, folder / proof.name)
    record_model(f"{report.model}-int8", target, entry.trained_by, entry.commit, folder / proof.name)
    return target


def _record(rounded: Classifier, target: Path, clouds: NDArray[np.float32], trained_by: str, commit: str) -> None:
    """The INT8 file's test vector holds its own answers: a runtime shall carry out this graph, not the float32 one."""
    questions = clouds[:_PROOF_EVENTS]
    answers = rounded.classify(questions)._asdict()
    proof = target.with_suffix(".proof.npz")
    write_proof(Proof({"clouds": questions}, {name: answers[name] for name in rounded.schema.outputs}), proof)
    record_model(rounded.provenance.model, target, trained_by, commit, proof)
