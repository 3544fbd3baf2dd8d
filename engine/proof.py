"""A stored test vector: events with the answers that torch gave at export; a runtime that repeats them is trusted."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier, ModelError

TOLERANCES = {"float32": 1e-4, "float16": 1e-2, "int8": 5e-2}
"""Largest difference in probabilities that a runtime may show, by its precision. INT8 answers are those of its own
explicit Q/DQ graph: a runtime may round a value to the neighbouring step, and no further."""


class Proof(NamedTuple):
    """Events and the answers to them."""

    inputs: dict[str, NDArray[np.float32]]
    answers: dict[str, NDArray[np.float32]]  # by output name


def write_proof(proof: Proof, path: Path) -> None:
    """Store a proof as an .npz of plain arrays."""
    arrays = {f"input.{name}": array for name, array in proof.inputs.items()}
    arrays |= {f"answer.{name}": array for name, array in proof.answers.items()}
    np.savez_compressed(path, **arrays)


def read_proof(path: Path) -> Proof:
    """Read what `write_proof` wrote.

    Raises:
        ModelError: missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise ModelError(f"{path}: no such test vector; restore it with git checkout") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: cannot be read ({type(error).__name__}); restore it with git checkout") from None
    proof = Proof(
        {name.removeprefix("input."): array for name, array in arrays.items() if name.startswith("input.")},
        {name.removeprefix("answer."): array for name, array in arrays.items() if name.startswith("answer.")},
    )
    if not proof.inputs or not proof.answers:
        raise ModelError(f"{path}: holds no events or no answers; restore it with git checkout")
    return proof


def prove(classifier: Classifier, proof: Proof) -> float:
    """Ask the stored questions and compare with the stored answers.

    Returns:
        The largest absolute difference in any probability.

    Raises:
        ModelError: the answers differ by more than the precision allows, or do not fit the questions.
    """
    precision = classifier.provenance.precision
    allowed = TOLERANCES[precision]
    worst = largest_difference(classifier, proof)
    if not worst <= allowed:
        raise ModelError(
            f"gave another answer to the stored test vector (off by {worst:.1e}, {precision} allows {allowed:.0e})"
        )
    return worst


def largest_difference(classifier: Classifier, proof: Proof) -> float:
    """To the stored answers, of any probability; the questions are asked all at once and the first one alone.

    Raises:
        ModelError: the answers do not fit the questions.
    """
    count = len(next(iter(proof.inputs.values())))
    differences = []
    # One event takes another way than a batch (CUDA graph, other profile): both must be right.
    for events in (slice(0, count), slice(0, 1)):
        try:
            found = classifier.classify({name: array[events] for name, array in proof.inputs.items()})._asdict()
        except ValueError as error:
            raise ModelError(f"the stored test vector does not fit the network ({error})") from None
        for name, expected in proof.answers.items():
            if name not in found or found[name].shape != expected[events].shape:
                raise ModelError(f"the stored test vector does not fit the network's {name}")
            differences.append(np.abs(found[name] - expected[events]).max())
    return float(np.max(differences))  # NaN if any is
