"""Which triangles of the face mesh belong to which region of motion, for drawing.

A table, so that who draws need not load the compiled kernels; a test holds it to `kernels.face_regions`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=1)
def mesh_regions() -> dict[str, NDArray[np.intp]]:
    """Names in the order of `MotionMeasured.motion`, each with its rows in `kernels.face_topology.triangles()`."""
    lines = (Path(__file__).parent / "mesh_regions.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines if not line.startswith("#")][1:]
    return {name: np.array(numbers.split(), np.intp) for name, numbers in rows}
