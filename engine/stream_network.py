"""The spotting network over ONNX Runtime: it judges rows as they come and carries its past from call to call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engine.classifier import ModelError, first_line
from engine.manifest import WEIGHTS, find_model

SPOT_WEIGHTS = WEIGHTS / "spot"
"""Where the checkout keeps the spotting network, with a manifest of its own."""


class Answers(NamedTuple):
    """What the network says of T rows."""

    ended: NDArray[np.float32]  # (T, 2), probability that a micro-, a macro-expression has just ended
    lasting: NDArray[np.float32]  # (T,), probability of being inside a macro-expression
    states: NDArray[np.float32]  # (T, S), probability of what happens now, in the order of `StreamNetwork.states`
    lags: NDArray[np.float32]  # (T, 6), seconds since onset, apex and offset, micro then macro


class StreamNetwork:
    """One stream; another stream needs another object.

    Args:
        path: an ONNX file written by `python -m models train --model spot`.

    Raises:
        ModelError: the file is missing, corrupt, or not one of ours.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a dozen unrelated types
            raise ModelError(f"{path}: not a model that ONNX Runtime can load ({first_line(error)})") from None
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            self.states: tuple[str, ...] = tuple(json.loads(metadata["states"]))
            self.features = int(metadata["features"])
            shape = (1, int(metadata["width"]), int(metadata["memory"]))
        except (KeyError, ValueError) as error:
            raise ModelError(f"{path}: an ONNX file, but not a spotting network ({error} not found in it)") from None
        self._nothing = np.zeros(shape, np.float32)
        self._past = self._nothing

    def forget(self) -> None:
        """Begin a new stretch."""
        self._past = self._nothing

    def judge(self, rows: NDArray[np.float32]) -> Answers:
        """Judge the next rows, float32 (T, features), T at least 1.

        Raises:
            ValueError: another shape.
        """
        if rows.ndim != 2 or rows.shape[1] != self.features or not len(rows):
            raise ValueError(f"rows must be (T, {self.features}), not {rows.shape}")
        given = {"rows": np.ascontiguousarray(rows.T[None], np.float32), "past": self._past}
        ended, lasting, states, lags, self._past = self._session.run(None, given)
        return Answers(ended[0].T, lasting[0], states[0].T, lags[0].T)


def load_spot_network(folder: Path = SPOT_WEIGHTS) -> StreamNetwork:
    """The shipped spotting network, its fingerprint checked.

    Raises:
        ModelError: it is missing, or not what was shipped.
    """
    return StreamNetwork(find_model("spot", folder)[0])
