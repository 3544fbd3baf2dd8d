"""Which network `--model` means, and what must run beside it."""

from __future__ import annotations

from pathlib import Path

from engine.classifier import Classifier, ModelError
from engine.manifest import WEIGHTS
from engine.pick import load
from realtime.event_inputs import is_default, needs_frames, needs_units

DEFAULT = "cloud"


def place_of(model: str) -> tuple[str, Path]:
    """Name and folder of a network: a name of models/weights, or a file that `python -m engine export` wrote.

    Raises:
        ModelError: no such file, or no manifest beside it.
    """
    if not model.endswith(".onnx") and "/" not in model:
        return model, WEIGHTS
    file = Path(model)
    made = "python -m engine export writes it, with its manifest and test vector"
    if not file.is_file():
        raise ModelError(f"{file}: no such file", made)
    if not (file.parent / "manifest.json").is_file():
        raise ModelError(f"{file.parent}: no manifest.json beside {file.name}", made)
    return file.stem, file.parent


def units_network(classifier: Classifier, aus: bool) -> Classifier | None:
    """The default network, where a chosen one does not tell action units itself or looks where they are.

    Args:
        classifier: the chosen one.
        aus: action units are wanted in every frame.

    Raises:
        ModelError: it is damaged or gone.
    """
    tells = bool(classifier.action_units)
    if tells and (is_default(classifier.schema) or not (aus or needs_units(classifier.schema))):
        return None
    return load(DEFAULT, "onnxruntime")


def what_is_read(classifier: Classifier) -> str:
    """For a person: what a network other than the default looks at, and who tells action units."""
    names = ", ".join(one.name for one in classifier.schema.inputs)
    span = "every face from onset to offset, in grey" if needs_frames(classifier.schema) else "onset and apex"
    said = "itself" if classifier.action_units else f"the network {DEFAULT}"
    return f"{names}, made from {span}; action units are told by {said}"
