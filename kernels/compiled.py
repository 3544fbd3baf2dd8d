"""How the CPU kernels are compiled: one signature each, one core unless told otherwise, kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile at first call, with IEEE rules, and keep the machine code on disk."""
    return cast(Function, njit(cache=True, error_model="numpy")(function))


def compiled_fast(function: Function) -> Function:
    """As `compiled`, with sums reordered for SIMD; for inputs known to be finite."""
    return cast(Function, njit(cache=True, error_model="numpy", fastmath=True, boundscheck=False)(function))
