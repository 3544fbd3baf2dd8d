"""Networks run by ONNX Runtime, on the CPU or on a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime

from engine.classifier import Batch, ModelError, Provenance, Verdicts, first_line, verdicts_of
from engine.manifest import sha256_of
from engine.metadata import read_metadata
from engine.schema import checked_batch

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class OnnxRuntimeClassifier:
    """A `Classifier` over ONNX Runtime.

    Args:
        path: an ONNX file written by `python -m engine export`.
        threads: CPU threads per call. One is fastest for single events and leaves the other cores to the pipeline.
        device: "cuda" wants the `onnxruntime-gpu` package in place of `onnxruntime`.

    Raises:
        ModelError: the file is missing, corrupt, or not one of ours; or there is no such device.
    """

    def __init__(self, path: Path, threads: int = 1, device: Literal["cpu", "cuda"] = "cpu") -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4 if device == "cuda" else 3
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
        provider = _PROVIDERS[device]
        if provider not in onnxruntime.get_available_providers():
            raise ModelError(
                f"this ONNX Runtime has no {provider}", "pip uninstall onnxruntime, then pip install onnxruntime-gpu"
            )
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
            if self._session.get_modelmeta().custom_metadata_map.get("precision") == "int8":
                # Its INT8 kernels take no per-channel scales of stacked weights. Q and DQ run as they stand:
                # the answers are exact, the speed is that of float32.
                options.add_session_config_entry("session.disable_quant_qdq", "1")
                self._session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
        except Exception as error:  # ONNX Runtime raises a dozen unrelated types
            raise ModelError(f"{path}: not a model that ONNX Runtime can load ({first_line(error)})") from None
        used = self._session.get_providers()[0]
        if used != provider:
            # ONNX Runtime falls back without a word where the driver or a library is missing.
            raise ModelError(
                f"ONNX Runtime could not start {provider} and would run on {used}: no usable GPU or driver"
            )
        about = read_metadata(self._session.get_modelmeta().custom_metadata_map, path)
        self.schema = about.schema
        self.labels, self.action_units, self.certain = (
            about.schema.labels,
            about.schema.action_units,
            about.schema.certain,
        )
        given = {one.name: one.shape[1:] for one in self._session.get_inputs()}
        stated = {one.name: list(one.shape) for one in self.schema.inputs}
        if {name: list(shape) for name, shape in given.items()} != stated:
            raise ModelError(f"{path}: its inputs are {given}, its metadata says {stated}; export it again")
        self.provenance = Provenance(
            model=about.model,
            sha256=sha256_of(path),
            backend="onnxruntime" if device == "cpu" else "onnxruntime-cuda",
            device=device,
            precision=about.precision,
            trained_by=about.trained_by,
            commit=about.commit,
            library=f"ONNX Runtime {onnxruntime.__version__}",
        )
        self._outputs = list(self.schema.outputs)

    def warm(self) -> None:
        """Run once, so that the first event is not the slow one."""
        self.classify({one.name: np.zeros((1, *one.shape), np.float32) for one in self.schema.inputs})

    def classify(self, batch: Batch) -> Verdicts:
        """Judge a batch of NumPy arrays; see `Classifier.classify`.

        Raises:
            ValueError: another name, shape or dtype, or values that are not finite.
        """
        arrays = checked_batch(self.schema, batch)
        return verdicts_of(dict(zip(self._outputs, self._session.run(self._outputs, arrays), strict=True)))
