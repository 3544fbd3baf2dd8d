"""What INT8 costs on the protocol: every fold trained, exported, and quantised with ranges of its training subjects."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibrate.int8 import Loss, Say, compare
from engine.classifier import ModelError
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.quantise import RangeMethod, quantise

_RANGE_EVENTS = 100
_TELL_EVERY_S = 10.0


def loss_on_loso(
    data: str, recipe_name: str, settings: dict[str, Any], method: RangeMethod, say: Say, seed: int = 1
) -> Loss:
    """Leave-one-subject-out over all subjects, pooled, in float32 and in INT8. Needs the `train` extra.

    Args:
        data: as `python -m models loso --data`.
        recipe_name: whose networks are quantised; it must say how they are exported.
        settings: of the recipe.
        method: how a range is chosen from what was seen.
        say: told of the progress.
        seed: of the training.

    Raises:
        ModelError: the recipe's networks cannot be exported.
        ValueError: data or recipe that the protocol refuses; one line.
    """
    from models.protocol.folds import leave_one_subject_out
    from models.protocol.recipe import load_recipe
    from models.protocol.sources import read_data

    recipe = load_recipe(recipe_name, settings)
    samples = read_data(data, say)
    folds = leave_one_subject_out(samples)
    exact, rounded = np.zeros((len(samples), 3)), np.zeros((len(samples), 3))
    begun = told = time.monotonic()
    for done, fold in enumerate(folds, 1):
        fitted = recipe.fit(samples.take(fold.train), seed)
        if not hasattr(fitted, "exportable"):
            raise ModelError(f"recipe {recipe_name} does not say how its network is exported (`exportable`)")
        some = fold.train[:: max(len(fold.train) // _RANGE_EVENTS, 1)]
        held_out = samples.inputs.take(fold.test).measured_only()
        both = _judged(fitted, samples.inputs.take(some), held_out, method)
        exact[fold.test], rounded[fold.test] = both
        now = time.monotonic()
        if now - told > _TELL_EVERY_S:
            told = now
            say(f"{done} of {len(folds)} folds, {(now - begun) / done * (len(folds) - done):.0f} s left")
    return compare(f"{data.partition(':')[0]}, leave-one-subject-out, {recipe_name}", samples.label, exact, rounded)


def _judged(fitted: Any, ranges: Any, test: Any, method: RangeMethod) -> tuple[NDArray[Any], NDArray[Any]]:
    from engine.export import Exportable, export_network
    from engine.schema import InputSpec
    from models.labels import ACTION_UNITS, CLASSES

    network, seen = fitted.exportable(ranges)
    _, asked = fitted.exportable(test)
    inputs = tuple(InputSpec(name, tuple(tensor.shape[1:]), "of one fold") for name, tensor in seen.items())
    with tempfile.TemporaryDirectory() as folder:
        exported, quantised = Path(folder) / "fold.onnx", Path(folder) / "fold-int8.onnx"
        given = Exportable(
            "fold", network, inputs, seen, CLASSES, ACTION_UNITS, 0.0, 1.0, "python -m calibrate int8", "", ""
        )
        export_network(given, exported)
        quantise(exported, quantised, "fold-int8", {name: tensor.numpy() for name, tensor in seen.items()}, method)
        questions = {name: tensor.numpy() for name, tensor in asked.items()}
        exact, rounded = (
            OnnxRuntimeClassifier(file).classify(questions).probabilities for file in (exported, quantised)
        )
    return exact, rounded
