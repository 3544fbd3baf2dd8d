"""The face mesh as a surface: its triangles with eyes and mouth closed, and the mirror of each vertex."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VERTICES = 468
"""Vertices of MediaPipe's canonical face mesh, without irises."""

_HERE = Path(__file__).parent


def _table(name: str) -> NDArray[np.int32]:
    # Two comment lines or one, then the column names: loadtxt drops the comments, skip_header would count them.
    lines = [line for line in (_HERE / name).read_text().splitlines() if not line.startswith("#")]
    return np.array([[int(cell) for cell in line.split(",")] for line in lines[1:]], np.int32)


@lru_cache(maxsize=1)
def triangles() -> NDArray[np.int32]:
    """Vertex numbers of the mesh's 898 triangles, int32 (898, 3); read-only."""
    table = _table("face_triangles.csv")
    table.setflags(write=False)
    return table


@lru_cache(maxsize=1)
def mirror() -> NDArray[np.int32]:
    """For each vertex its counterpart on the other side of the face, int32 (468,); itself on the midline; read-only."""
    counterpart = np.arange(VERTICES, dtype=np.int32)
    for one, other in _table("face_mirror.csv"):
        counterpart[one], counterpart[other] = other, one
    counterpart.setflags(write=False)
    return counterpart
