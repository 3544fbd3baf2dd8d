"""The `landmarks` sink: where the face was in each frame, and no pixel of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kernels.face_topology import VERTICES
from realtime.crop import invert, move_points
from realtime.kept_session import continued
from realtime.messages import FaceTracked
from realtime.parcel import Parcel

_COORDINATES = 3 * VERTICES
SCHEMA = pa.schema(
    [
        pa.field("frame", pa.int64()),
        pa.field("time_s", pa.float64(), metadata={"unit": "seconds since the first frame"}),
        pa.field("landmarks", pa.list_(pa.float32(), _COORDINATES), metadata={"unit": "frame px, x y z per vertex"}),
    ],
    metadata={"vertices": str(VERTICES), "mesh": "MediaPipe FaceMesh"},
)
_AT_ONCE = 64  # frames in a batch: what a crash may cost


class LandmarkRecord:
    """Arrow's streaming format: a file that was cut off can be read up to the cut.

    Args:
        path: .arrows file to write.
        resume: another record of this run was cut off: go on in a file beside it.
    """

    def __init__(self, path: Path, resume: bool = False) -> None:
        self._file = pa.OSFile(str(continued(path) if resume and path.exists() else path), "wb")
        self._writer = pa.ipc.new_stream(self._file, SCHEMA)
        self._frames: list[int] = []
        self._times: list[float] = []
        self._meshes: list[NDArray[np.float32]] = []

    def take(self, parcel: Parcel) -> None:
        """Keep the mesh of a tracked face, in pixels of the camera's frame."""
        tracked = parcel.message
        if not isinstance(tracked, FaceTracked):
            return
        frame_from_crop = invert(np.array(tracked.crop_from_frame).reshape(2, 3))
        self._frames.append(tracked.sequence)
        self._times.append(tracked.presentation_s)
        self._meshes.append(move_points(frame_from_crop, tracked.mesh()))
        if len(self._frames) == _AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Finish the file. A second call does nothing."""
        if self._file.closed:
            return
        self._flush()
        self._writer.close()
        self._file.close()

    def _flush(self) -> None:
        if not self._frames:
            return
        values = pa.array(np.concatenate([mesh.ravel() for mesh in self._meshes]))
        meshes = pa.FixedSizeListArray.from_arrays(values, _COORDINATES)
        columns = [pa.array(self._frames, pa.int64()), pa.array(self._times, pa.float64()), meshes]
        self._writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
        for column in (self._frames, self._times, self._meshes):
            column.clear()


def read_landmarks(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32]]:
    """What was kept, up to where the file was cut off if it was.

    Returns:
        Frame numbers (n,), times in seconds (n,), meshes float32 (n, 468, 3) in frame pixels.
    """
    batches = []
    with pa.OSFile(str(path), "rb") as file, pa.ipc.open_stream(file) as reader:
        while True:
            try:
                batches.append(reader.read_next_batch())
            except (StopIteration, pa.ArrowInvalid, OSError):
                break
    table = pa.Table.from_batches(batches, SCHEMA)
    meshes = np.concatenate([chunk.flatten().to_numpy() for chunk in table["landmarks"].chunks] or [np.empty(0, "f4")])
    return table["frame"].to_numpy(), table["time_s"].to_numpy(), meshes.reshape(-1, VERTICES, 3)
