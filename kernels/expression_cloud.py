"""From an onset crop and an apex crop to what a network reads: the one place where both training and live use do it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.clouds import regional_cloud
from kernels.expression_flow import ExpressionFlow
from kernels.face_regions import CLOUD_REGIONS, depth_map, region_labels, stable_skin
from kernels.rigid import RigidFit
from kernels.strain import optical_strain

STRIDE = 3
"""Every third pixel each way may become a point: neighbours say the same, and points shall cover more than the peak."""

UNIT_FACE_WIDTH = 224.0
"""Motions are stated in pixels of a face this wide, so that strength does not depend on the crop."""


class Measured(NamedTuple):
    """How a face moved from onset to apex."""

    flow: NDArray[np.float32]  # (size, size, 2), crop px, head and expression
    residual: NDArray[np.float32]  # (size, size, 2), px at 224 px face width, without the head's own motion
    strain: NDArray[np.float32]  # (size, size), optical strain of the residual, same unit per crop px
    cloud: NDArray[np.float32]  # (8, points, 6): x, y, z in face widths; u, v; strain
    noise: float  # of the flow on stable skin after the fit, px at 224 px face width
    rigid: RigidFit  # the head's motion, in crop px


def check_crops(onset: NDArray[np.uint8], apex: NDArray[np.uint8], size: int, face_width: float) -> None:
    """Refuse what cannot be measured.

    Raises:
        ValueError: crops of another size than (size, size), or a face without width.
    """
    if onset.shape != (size, size) or apex.shape != onset.shape:
        raise ValueError(f"crops must be ({size}, {size}), not {onset.shape} and {apex.shape}")
    if not face_width > 0:
        raise ValueError(f"face width must be positive, not {face_width}")


class ExpressionCloud:
    """Measures expressions in square face crops.

    Args:
        size: height and width of the crops, px.
        points: how many points each region gives.
    """

    def __init__(self, size: int = 256, points: int = 128) -> None:
        self.size = size
        self.points = points
        self._flow = ExpressionFlow(size, size, preset="precise")

    def warm(self) -> None:
        """Compile what the first measurement would wait for."""
        self._flow.warm()

    def measure(
        self,
        onset: NDArray[np.uint8],
        apex: NDArray[np.uint8],
        mesh: NDArray[np.float32],
        face_width: float,
    ) -> Measured:
        """Dense flow from onset to apex, the head's motion taken out of it, and the points that moved most.

        Args:
            onset: grey uint8 (size, size), the face before the expression.
            apex: the same face at the expression's peak, cut with the same similarity.
            mesh: float32 (468, 3) in px of these crops; a few px of error do no harm.
            face_width: in the crops, px.

        Raises:
            ValueError: crops of another size, or a face without width.
            kernels.rigid.TooLittleSkin: the face lies outside the crop.
        """
        check_crops(onset, apex, self.size, face_width)
        depth = depth_map(mesh, self.size, self.size)
        flow, rigid = self._flow.estimate(onset, apex, depth, stable_skin(mesh, self.size, self.size))
        scale = np.float32(UNIT_FACE_WIDTH / face_width)
        residual = rigid.residual * scale
        strain = optical_strain(residual)
        cloud = self._points(residual, strain, depth, mesh, face_width)
        return Measured(flow, residual, strain, cloud, float(rigid.noise * scale), rigid)

    def _points(
        self,
        residual: NDArray[np.float32],
        strain: NDArray[np.float32],
        depth: NDArray[np.float32],
        mesh: NDArray[np.float32],
        face_width: float,
    ) -> NDArray[np.float32]:
        some = np.s_[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
        labels = region_labels(mesh, self.size, self.size, "cloud")[some]
        # The middle of all vertices hardly feels the jitter of single ones. Lengths are in strides from here on.
        centre = (mesh.mean(axis=0) - np.array([STRIDE // 2, STRIDE // 2, 0], np.float32)) / STRIDE
        return regional_cloud(
            residual[some],
            strain[some],
            depth[some] / np.float32(STRIDE),
            labels,
            count=len(CLOUD_REGIONS),
            points=self.points,
            face_width=face_width / STRIDE,
            centre=centre,
        )
