"""Networks run by TensorRT."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.classifier import Classifier, ModelError
from engine.cuda_device import find_device
from engine.tensorrt_library import find_library


def open_tensorrt(path: Path, say: Callable[[str], None] = lambda line: None) -> Classifier:
    library = find_library()
    find_device()
    raise ModelError(f"{library}: {path} cannot be run")
