"""Action units of a clip as the shipped network sees them: what a test clip's own annotation must not give away."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.labels import ACTION_UNITS

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"


class ShippedNetworkMissing(ValueError):
    """The shipped network is damaged or gone; the message says what to do."""


def predict_units(cloud: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of each action unit, float32 (17,), of one cloud (8, P, 6).

    The network has learned from simulated faces only, none of them in any data set.

    Raises:
        ShippedNetworkMissing: its file is not what was shipped.
    """
    session, names = _network()
    said = dict(zip(names, session.run(names, {session.get_inputs()[0].name: cloud[None]}), strict=True))
    return np.asarray(said["action_units"][0], np.float32)


@lru_cache(maxsize=1)
def _network() -> tuple[Any, list[str]]:
    import onnxruntime

    try:
        entry = json.loads((WEIGHTS / "manifest.json").read_text())["models"]["cloud"]
        file = WEIGHTS / entry["file"]
        content = file.read_bytes()
    except (OSError, KeyError, ValueError) as error:
        raise ShippedNetworkMissing(f"{WEIGHTS}: {error}; restore it with git checkout") from None
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ShippedNetworkMissing(f"{file}: not what the manifest says; restore it with git checkout")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    coded = json.loads(session.get_modelmeta().custom_metadata_map["schema"])["action_units"]
    if tuple(coded) != ACTION_UNITS:
        raise ShippedNetworkMissing(f"{file}: its action units are not those of models.labels")
    return session, [output.name for output in session.get_outputs()]
