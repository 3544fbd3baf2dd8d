"""How the CPU kernels are compiled, and how their machine code is kept on disk without harm.

Numba keeps machine code per function in `__pycache__`. Two things would make that unsafe. It does not see that a
function called from another file has changed: so all of it is dropped here once any source of this package differs.
And two processes that save different signatures of one function at the same moment can exchange them: so every kernel
is called with one signature only (see `kernels.backend.contiguous`), and `compiling` lets one process compile at a
time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

_SOURCES = Path(__file__).parent
_CACHE = _SOURCES / "__pycache__"


@contextmanager
def compiling() -> Iterator[None]:
    """Hold the lock that lets one process of this machine compile at a time; the others then find its code on disk."""
    if not os.access(_CACHE, os.W_OK):
        yield  # nothing is kept here, so nothing can be harmed
        return
    with (_CACHE / "compiling.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def drop_stale_code() -> None:
    """Delete the machine code on disk where it was made from other sources."""
    _CACHE.mkdir(exist_ok=True)
    digest = hashlib.sha256()
    for source in sorted(_SOURCES.glob("*.py")):
        digest.update(source.name.encode() + source.read_bytes())
    stamp = _CACHE / "sources.sha256"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    with compiling():
        if stamp.exists() and stamp.read_text() == digest.hexdigest():
            return
        for kind in ("*.nbi", "*.nbc"):
            for file in _CACHE.glob(kind):
                file.unlink(missing_ok=True)
        fresh = stamp.with_suffix(f".{os.getpid()}")
        fresh.write_text(digest.hexdigest())
        fresh.replace(stamp)


def compiled(function: Function) -> Function:
    """Compile at first call, with IEEE rules, and keep the machine code on disk."""
    return cast(Function, njit(cache=True, error_model="numpy", nogil=True)(function))


def compiled_fast(function: Function) -> Function:
    """As `compiled`, with sums reordered for SIMD; for inputs known to be finite."""
    return cast(Function, njit(cache=True, error_model="numpy", fastmath=True, boundscheck=False, nogil=True)(function))


# A read-only checkout cannot have been edited since it was compiled.
if os.access(_SOURCES, os.W_OK):
    drop_stale_code()
