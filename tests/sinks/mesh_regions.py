"""Makes realtime/mesh_regions.csv: which triangles of the face mesh lie in which region of motion.

Run it from the checkout's root when regions change: python tests/sinks/mesh_regions.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from skimage.data import astronaut

from kernels.face_regions import MOTION_REGIONS, region_labels
from kernels.face_topology import triangles
from realtime.face_mesh import FaceMesh

TABLE = Path(__file__).resolve().parents[2] / "realtime" / "mesh_regions.csv"
_SIZE = 1024


def mesh_regions() -> dict[str, list[int]]:
    """Triangles whose middle lies in a region, on the portrait that scikit-image ships and its mirror image."""
    image = astronaut()
    (mesh,) = FaceMesh(still=True).fit(image)
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    mesh[:, :2] = (mesh[:, :2] - low) / (high - low).max() * (_SIZE - 1)
    labels = region_labels(mesh, _SIZE, _SIZE)
    x, y = mesh[triangles()][..., :2].mean(axis=1).T
    found = cv2.remap(labels.astype(np.float32), x, y, cv2.INTER_NEAREST).ravel().astype(int)
    return {name: np.flatnonzero(found == index).tolist() for index, name in enumerate(MOTION_REGIONS)}


def table() -> str:
    """The file's text."""
    lines = [
        "# Triangles of the face mesh in each region of motion, in the order of kernels.face_regions.MOTION_REGIONS"
    ]
    lines += ["# Made by tests/sinks/mesh_regions.py", "region,triangles"]
    lines += [f"{name},{' '.join(map(str, numbers))}" for name, numbers in mesh_regions().items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table())
