"""Measuring expressions on the GPU: from two crops to a cloud that the network reads where it lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier
from kernels import cuda_launch
from kernels.clouds import regional_cloud
from kernels.expression_cloud import STRIDE, UNIT_FACE_WIDTH, ExpressionCloud, Measured, check_crops
from kernels.expression_flow import ExpressionFlow
from kernels.face_regions import CLOUD_REGIONS, depth_map, region_labels, stable_skin
from kernels.strain import optical_strain


class ExpressionOnGpu:
    """As `kernels.expression_cloud.ExpressionCloud`, with every map and the cloud left on the GPU.

    Only the two crops and what is drawn from the mesh travel there, 0.6 MB for 256x256.

    Args:
        size: height and width of the crops, px.
        points: how many points each region gives.

    Raises:
        kernels.cuda_launch.CudaMissing: no CuPy, or no GPU.
    """

    def __init__(self, size: int = 256, points: int = 128) -> None:
        self.size, self.points = size, points
        self._arrays = cuda_launch.launcher().arrays
        self._flow = ExpressionFlow(size, size, preset="precise", backend="cupy")

    def warm(self) -> None:
        """Compile what the first measurement would wait for."""
        self._flow.warm()

    def measure(
        self, onset: NDArray[np.uint8], apex: NDArray[np.uint8], mesh: NDArray[np.float32], face_width: float
    ) -> Measured:
        """As `ExpressionCloud.measure`; the arrays of the result are CuPy's.

        Raises:
            ValueError: crops of another size, or a face without width.
            kernels.rigid.TooLittleSkin: the face lies outside the crop.
        """
        check_crops(onset, apex, self.size, face_width)
        there = self._arrays.asarray
        depth = there(depth_map(mesh, self.size, self.size))
        stable = there(stable_skin(mesh, self.size, self.size))
        labels = there(region_labels(mesh, self.size, self.size, "cloud"))
        flow, rigid = self._flow.estimate(there(onset), there(apex), depth, stable)
        scale = np.float32(UNIT_FACE_WIDTH / face_width)
        residual = rigid.residual * scale
        strain = optical_strain(residual, backend="cupy")
        some = np.s_[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
        cloud = regional_cloud(
            residual[some],
            strain[some],
            depth[some] / np.float32(STRIDE),
            labels[some],
            count=len(CLOUD_REGIONS),
            points=self.points,
            face_width=face_width / STRIDE,
            centre=(mesh.mean(axis=0) - np.array([STRIDE // 2, STRIDE // 2, 0], np.float32)) / STRIDE,
            backend="cupy",
        )
        return Measured(flow, residual, strain, cloud, float(rigid.noise * scale), rigid)


def meter_for(classifier: Classifier, size: int) -> ExpressionCloud | ExpressionOnGpu:
    """What measures for a network: on the GPU where the network runs there and reads arrays as they lie."""
    return ExpressionOnGpu(size) if classifier.provenance.backend == "tensorrt" else ExpressionCloud(size)


def fetched(array: Any) -> NDArray[np.float32]:
    """The same on the host."""
    return np.asarray(array.get() if hasattr(array, "get") else array)
