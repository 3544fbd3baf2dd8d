"""The peer: the same work as a plain loop over OpenCV and MediaPipe in one thread, as a notebook would do it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS, region_labels, stable_skin
from realtime.crop import CROP_SIZE, cut, move_points, upright
from realtime.face_mesh import FaceMesh

_FACE_WIDTH = 184.0  # px in the crop, as in the pipeline
_RENEWED_EVERY = 60  # frames


def plain_loop(video: Path, drawn: Path) -> float:
    """Read, fit the mesh, crop, dense flow, head motion out, region means, draw and write: frame after frame.

    OpenCV decodes and encodes; flow is its DIS in the preset `fast`; head motion is a robust affine fit to the flow on
    still skin. OpenCV is held to one thread. There is no spotting and no network in it, so it does less than the
    pipeline.

    Args:
        video: any that OpenCV reads.
        drawn: where the frames with their meshes go, .mp4.

    Returns:
        Frames per second from the first frame to the last, opening and loading left out.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return _loop(video, drawn)
    finally:
        cv2.setNumThreads(threads)


def _loop(video: Path, drawn: Path) -> float:
    mesh_fit = FaceMesh()
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    capture = cv2.VideoCapture(str(video))
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(drawn), code, capture.get(cv2.CAP_PROP_FPS), size)
    reference: NDArray[np.uint8] | None = None
    motions = []
    frames = 0
    started = time.perf_counter()
    while True:
        there, image = capture.read()
        if not there:
            break
        frames += 1
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        faces = mesh_fit.fit(rgb)
        if faces:
            if reference is None or frames % _RENEWED_EVERY == 0:
                similarity = upright(faces[0], _FACE_WIDTH)
                reference = cut(rgb, similarity)
                in_crop = move_points(similarity, faces[0])
                labels = region_labels(in_crop, CROP_SIZE, CROP_SIZE, regions="motion")
                still = np.argwhere(stable_skin(in_crop, CROP_SIZE, CROP_SIZE) > 0)[::16, ::-1].astype(np.float32)
            moved = flow.calc(reference, cut(rgb, similarity), None)
            motions.append(_region_means(_without_head(moved, still), labels))
            for x, y in faces[0][:, :2].astype(int).tolist():
                cv2.circle(image, (x, y), 1, (0, 255, 0), -1)
        writer.write(image)
    elapsed = time.perf_counter() - started
    writer.release()
    capture.release()
    return frames / elapsed


def _without_head(flow: NDArray[np.float32], still: NDArray[np.float32]) -> NDArray[np.float32]:
    moved = still + flow[still[:, 1].astype(int), still[:, 0].astype(int)]
    affine, _ = cv2.estimateAffine2D(still, moved)
    if affine is None:
        return flow
    rows, columns = np.mgrid[:CROP_SIZE, :CROP_SIZE].astype(np.float32)
    head = np.stack([columns, rows], axis=-1) @ (affine[:, :2] - np.eye(2)).T + affine[:, 2]
    return (flow - head).astype(np.float32)


def _region_means(flow: NDArray[np.float32], labels: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    return np.array([flow[labels == region].mean(axis=0) for region in range(len(MOTION_REGIONS))])
