"""Networks run by ONNX Runtime on the CPU."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engine.classifier import ModelError, Provenance, Verdicts, check_clouds
from engine.manifest import sha256_of

_WARM_POINTS = 128


class OnnxRuntimeClassifier:
    """A `Classifier` over ONNX Runtime.

    Args:
        path: an ONNX file written by `python -m engine export`.
        threads: CPU threads per call. One is fastest for single events and leaves the other cores to the pipeline.

    Raises:
        ModelError: the file is missing, corrupt, or not one of ours.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a dozen unrelated types
            raise ModelError(f"{path}: not a model that ONNX Runtime can load ({_first_line(error)})") from None
        self._input = self._session.get_inputs()[0].name
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            self.labels: tuple[str, ...] = tuple(json.loads(metadata["labels"]))
            self.action_units: tuple[str, ...] = tuple(json.loads(metadata["action_units"]))
            self.certain = float(metadata["certain"])
            self.provenance = Provenance(
                model=metadata["model"],
                sha256=sha256_of(path),
                backend="onnxruntime",
                device="cpu",
                precision=metadata["precision"],
                trained_by=metadata["trained_by"],
                commit=metadata["commit"],
            )
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"{path}: an ONNX file, but not one written by `python -m engine export` ({error} not found in it)"
            ) from None

    def warm(self) -> None:
        """Run once, so that the first event is not the slow one."""
        self.classify(np.zeros((1, 8, _WARM_POINTS, 6), np.float32))

    def classify(self, clouds: NDArray[np.float32]) -> Verdicts:
        """Judge (N, 8, P, 6) float32 clouds.

        Raises:
            ValueError: another shape or dtype, or values that are not finite.
        """
        check_clouds(clouds)
        return Verdicts(*self._session.run(list(Verdicts._fields), {self._input: clouds}))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
