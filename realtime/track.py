"""Find the largest face, follow it by identity, and cut a crop that holds still."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from realtime.crop import SteadyCrop, cut, face_width, move_points
from realtime.face_mesh import FaceMesh
from realtime.messages import FaceFound, FaceLost, FaceTracked, FrameCaptured, stamp
from realtime.parcel import Parcel
from realtime.quality import QualityMeter
from realtime.settings import TrackSettings


class FaceTracker:
    """The `track` stage.

    MediaPipe's mesh jitters by one to three pixels: it places regions and the crop, and never measures motion.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self.settings = settings
        self._search = FaceMesh(still=True, most_faces=settings.most_faces)
        self._follow = FaceMesh()
        self._crop = SteadyCrop(settings.crop_face_width, settings.crop_drift, settings.smoothing_s)
        self._quality = QualityMeter()
        self._mesh: NDArray[np.float32] | None = None
        self._fitted_ns = 0
        self._epoch = 0

    def track(self, parcel: Parcel) -> list[Parcel]:
        """Follow the face into one frame.

        Args:
            parcel: FrameCaptured with its RGB uint8 (height, width, 3); other messages are passed on.

        Returns:
            FaceTracked with a grey (256, 256) crop while a face is followed, preceded by FaceFound at the first;
            FaceLost once when it is gone; FrameCaptured without pixels for a frame with no face.
        """
        frame, image = parcel
        if not isinstance(frame, FrameCaptured) or image is None:
            return [parcel]
        out: list[Parcel] = []
        if frame.epoch != self._epoch:
            self._epoch = frame.epoch
            out += self._lose(frame, "the source was reconnected")
        before = self._mesh
        mesh = self._fit(image, frame.captured_ns)
        if mesh is None:
            out += self._lose(frame, self._why(image))
            return [*out, Parcel(frame)]
        if before is None:
            out.append(Parcel(FaceFound(**stamp(frame), presentation_s=frame.presentation_s)))
        self._mesh = mesh
        similarity = self._crop.follow(mesh, frame.captured_ns)
        crop = cut(image, similarity)
        in_crop = move_points(similarity, mesh)
        tracked = FaceTracked(
            **stamp(frame),
            presentation_s=frame.presentation_s,
            crop_epoch=self._crop.epoch,
            crop_from_frame=tuple(float(value) for value in similarity.ravel()),  # type: ignore[arg-type]
            landmarks=in_crop.tobytes(),
            face_width=face_width(in_crop),
            quality=self._quality.measure(crop, mesh),
        )
        return [*out, Parcel(tracked, crop)]

    def _fit(self, image: NDArray[np.uint8], time_ns: int) -> NDArray[np.float32] | None:
        # The mesh only places regions and crop, and a face moves little in a hundredth of a second: a laboratory
        # camera's frames in between keep the last one, and their motion is measured in the flow like everybody's.
        if self._mesh is not None and 0 <= (time_ns - self._fitted_ns) * 1e-9 * self.settings.mesh_rate < 1:
            return self._mesh
        self._fitted_ns = time_ns
        if self._mesh is None:
            return self._acquire(image)
        faces = self._follow.fit(image)
        return faces[0] if faces and self._same_face(faces[0]) and self._large_enough(faces[0]) else None

    def _acquire(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Choose the largest face and set the follower on it."""
        faces = [face for face in self._search.fit(image) if self._large_enough(face)]
        if not faces:
            return None
        largest = max(faces, key=face_width)
        self._follow.forget()
        # The follower takes whichever face it finds first; with the rest of the picture dark it can only find this one.
        followed = self._follow.fit(image if len(faces) == 1 else _only(image, largest))
        return followed[0] if followed and self._large_enough(followed[0]) else None

    def _same_face(self, mesh: NDArray[np.float32]) -> bool:
        assert self._mesh is not None
        width = face_width(self._mesh)
        jump = np.linalg.norm((mesh - self._mesh)[:, :2].mean(axis=0)) / width
        return bool(jump < self.settings.jump and 1 / 1.4 < face_width(mesh) / width < 1.4)

    def _large_enough(self, mesh: NDArray[np.float32]) -> bool:
        return face_width(mesh) >= self.settings.smallest_face

    def _why(self, image: NDArray[np.uint8]) -> str:
        if self._mesh is None:
            return ""
        return "the picture went dark" if image.mean() < 8 else "the face is gone, covered or too small"

    def _lose(self, frame: FrameCaptured, reason: str) -> list[Parcel]:
        if self._mesh is None:
            return []
        self._mesh = None
        self._crop.forget()
        self._quality.forget()
        self._follow.forget()
        return [Parcel(FaceLost(**stamp(frame), presentation_s=frame.presentation_s, reason=reason))]


def _only(image: NDArray[np.uint8], mesh: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The image with everything dark but the surroundings of one face."""
    centre, reach = mesh[:, :2].mean(axis=0), face_width(mesh)
    left, top = np.maximum(centre - reach, 0).astype(int)
    right, bottom = (centre + reach).astype(int)
    dark = np.zeros_like(image)
    dark[top:bottom, left:right] = image[top:bottom, left:right]
    return dark
