"""The tracker on real pixels: the public-domain portrait, placed in frames at will."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from realtime.messages import FaceFound, FaceLost, FaceTracked, FrameCaptured
from realtime.parcel import Parcel
from realtime.settings import TrackSettings
from realtime.track import FaceTracker

PORTRAIT = np.ascontiguousarray(astronaut()[:300, 60:360])


def frame(*faces: tuple[int, int, float]) -> np.ndarray:
    """A grey room with the portrait at (x, y), scaled."""
    image = np.full((480, 960, 3), 120, np.uint8)
    for x, y, scale in faces:
        small = cv2.resize(PORTRAIT, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        height, width = min(small.shape[0], 480 - y), min(small.shape[1], 960 - x)
        image[y : y + height, x : x + width] = small[:height, :width]
    return image


class Camera:
    def __init__(self, **settings):
        self.tracker = FaceTracker(TrackSettings(**settings))
        self.sequence = 0

    def see(self, image, epoch=0) -> list[Parcel]:
        height, width = image.shape[:2]
        time_s = self.sequence / 30
        message = FrameCaptured(
            source="test",
            sequence=self.sequence,
            captured_ns=int(time_s * 1e9),
            grabbed_ns=0,
            epoch=epoch,
            width=width,
            height=height,
            presentation_s=time_s,
        )
        self.sequence += 1
        return self.tracker.track(Parcel(message, image))


def kinds(parcels):
    return [type(p.message) for p in parcels]


def centre_in_frame(parcel):
    message = parcel.message
    similarity = np.array(message.crop_from_frame).reshape(2, 3)
    middle = message.mesh()[:, :2].mean(axis=0)
    return np.linalg.solve(similarity[:, :2], middle - similarity[:, 2])


def test_found_followed_lost_and_found_again():
    camera = Camera()
    face, empty = frame((300, 60, 1.3)), frame()
    assert kinds(camera.see(face)) == [FaceFound, FaceTracked]
    (followed,) = camera.see(face)
    assert followed.pixels.shape == (256, 256) and followed.pixels.dtype == np.uint8
    assert followed.message.face_width == pytest.approx(184, abs=6)
    assert kinds(camera.see(empty)) == [FaceLost, FrameCaptured]
    assert kinds(camera.see(empty)) == [FrameCaptured], "the loss is told once"
    assert kinds(camera.see(face)) == [FaceFound, FaceTracked]


def test_the_largest_of_several_is_taken_and_kept():
    camera = Camera()
    *_, first = camera.see(frame((20, 60, 0.9), (480, 40, 1.3)))
    assert centre_in_frame(first)[0] > 480
    for _ in range(3):
        (kept,) = camera.see(frame((20, 20, 1.45), (480, 40, 1.3)))
        assert centre_in_frame(kept)[0] > 480, "identity is kept though the other face is larger now"


def test_a_jump_to_another_place_is_another_face():
    camera = Camera()
    camera.see(frame((20, 60, 1.2)))
    assert FaceLost in kinds(camera.see(frame((560, 60, 1.2))))


def test_a_tiny_face_is_no_face():
    camera = Camera(smallest_face=150)
    assert kinds(camera.see(frame((300, 60, 1.0)))) == [FrameCaptured]


def test_a_reconnected_source_starts_afresh():
    camera = Camera()
    camera.see(frame((300, 60, 1.3)))
    assert kinds(camera.see(frame((300, 60, 1.3)), epoch=1)) == [FaceLost, FaceFound, FaceTracked]


def test_a_hand_over_the_mouth_is_hinted():
    camera = Camera()
    free = frame((300, 60, 1.3))
    for _ in range(5):
        *_, seen = camera.see(free)
    assert seen.message.quality.occluded == 0
    covered = free.copy()
    similarity = np.array(seen.message.crop_from_frame).reshape(2, 3)
    corners = np.array([[40.0, 150], [216, 150], [216, 256], [40, 256]])
    patch = np.linalg.solve(similarity[:, :2], (corners - similarity[:, 2]).T).T
    cv2.fillPoly(covered, [patch.astype(np.int32)], (250, 250, 250))
    *_, hidden = camera.see(covered)
    if isinstance(hidden.message, FaceTracked):
        assert hidden.message.quality.occluded > 0.15
    else:
        pytest.fail("the face was lost; the patch is too large for this test")


def test_a_laboratory_camera_gets_a_mesh_at_most_as_often_as_asked():
    tracker, fitted = FaceTracker(TrackSettings(mesh_rate=75)), []
    fit = tracker._follow.fit
    for number in range(12):
        tracker._follow.fit = lambda image, number=number: fitted.append(number) or fit(image)
        message = FrameCaptured(
            source="test",
            sequence=number,
            captured_ns=number * 5_000_000,
            grabbed_ns=0,
            epoch=0,
            width=960,
            height=480,
            presentation_s=number / 200,
        )
        assert kinds(tracker.track(Parcel(message, frame((300, 60, 1.3)))))[-1] is FaceTracked
    assert fitted == [0, 3, 6, 9]


def test_a_webcam_gets_a_mesh_for_every_frame():
    camera = Camera()
    meshes = [camera.see(frame((300 + shift, 60, 1.3)))[-1].message.landmarks for shift in (0, 3, 6, 9)]
    assert len(set(meshes)) == 4
