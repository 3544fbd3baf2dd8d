"""TensorRT, whichever of the two is installed; the only file that imports it.

The full library (package `tensorrt-cu13`) and TensorRT for RTX (`tensorrt-rtx-cu13`) have the same Python interface for
what is needed here. Their plans are not interchangeable, so every plan carries the library's name.
"""

from __future__ import annotations

import importlib
import re
from typing import Any, NamedTuple

from engine.classifier import ModelError, first_line

LIBRARIES = {"tensorrt": "TensorRT", "tensorrt_rtx": "TensorRT for RTX"}
"""Modules, best first, with their names for people."""

_LEAST = {"tensorrt": (10, 13), "tensorrt_rtx": (1, 1)}


class TensorRTMissing(ModelError):
    """Neither library is installed, or it cannot be used here."""


class Library(NamedTuple):
    """An imported TensorRT."""

    module: Any
    package: str  # tensorrt or tensorrt_rtx
    version: str

    def __str__(self) -> str:
        return f"{LIBRARIES[self.package]} {self.version}"

    @property
    def is_rtx(self) -> bool:
        """Whether kernels are compiled on the user's machine, when the plan is first run."""
        return self.package == "tensorrt_rtx"


def find_library() -> Library:
    """The best TensorRT that is installed.

    Raises:
        TensorRTMissing: there is none, it is too old, or its own libraries do not load.
    """
    reasons = []
    for package, name in LIBRARIES.items():
        try:
            module = importlib.import_module(package)
        except ModuleNotFoundError as error:
            if error.name != package:
                reasons.append(f"{name} does not load: {error}")
            continue
        except (ImportError, OSError, RuntimeError) as error:
            reasons.append(f"{name} does not load: {first_line(error)}")
            continue
        version = str(module.__version__)
        if _numbers(version) < _LEAST[package]:
            least = ".".join(map(str, _LEAST[package]))
            reasons.append(f"{name} {version} is too old, {least} is the least")
            continue
        return Library(module, package, version)
    advice = "pip install -e '.[gpu,rtx]' (GeForce and RTX) or '.[gpu,tensorrt]' (any NVIDIA GPU)"
    raise TensorRTMissing("; ".join(reasons) or "TensorRT is not installed", advice)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


class _Silent:
    """What TensorRT has to say, kept until it is asked for: its errors go into our own one-line message."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def last(self, otherwise: str) -> str:
        return self.errors[-1] if self.errors else otherwise


def quiet_logger(library: Library) -> tuple[Any, _Silent]:
    """A logger that prints nothing, and what it heard of errors."""
    module = library.module
    heard = _Silent()
    worst = (module.ILogger.Severity.ERROR, module.ILogger.Severity.INTERNAL_ERROR)

    class Logger(module.ILogger):  # type: ignore[misc,name-defined]  # known only when it is imported
        def __init__(self) -> None:
            module.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity in worst:
                heard.errors.append(" ".join(message.split()))

    return Logger(), heard
