"""Compiling every CPU kernel once, so that later processes load it from disk."""

from __future__ import annotations

import numpy as np

from kernels.clouds import regional_cloud
from kernels.compiled import compiling
from kernels.displace import displaced
from kernels.expression_flow import ExpressionFlow
from kernels.face_regions import depth_map, region_labels, stable_skin
from kernels.face_topology import VERTICES
from kernels.magnify import magnify_eulerian
from kernels.region_motion import main_direction, region_motion, top_magnitudes
from kernels.rigid import RigidMotion
from kernels.sampling import farthest_points
from kernels.strain import optical_strain


def warm() -> None:
    """Compile, or load from disk, every kernel of this package; a process waits for another that is compiling."""
    size = 64
    random = np.random.default_rng(0)
    flow = random.normal(0, 1, (size, size, 2)).astype(np.float32)
    plane = np.zeros((size, size), np.float32)
    labels = np.zeros((size, size), np.int16)
    mesh = random.uniform(0, size, (VERTICES, 3)).astype(np.float32)
    for preset in ("tracking", "precise"):
        ExpressionFlow(size, size, preset).warm()
    with compiling():
        stable_skin(mesh, size, size)
        region_labels(mesh, size, size)
        depth_map(mesh, size, size)
        RigidMotion(size, size).remove(flow, plane, plane == 0)
        strain = optical_strain(flow)
        region_motion(flow, labels, 1)
        main_direction(flow, labels, 1)
        top_magnitudes(flow, labels, 1, 4)
        regional_cloud(flow, strain, plane, labels, count=1, points=4, face_width=50.0, centre=np.zeros(3))
        farthest_points(mesh, 4)
        displaced(plane, flow, 0.5)
        magnify_eulerian(np.zeros((4, size, size), np.float32), 30.0)
