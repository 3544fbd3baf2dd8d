"""Landmarks are kept in frame pixels, and survive a file that is cut off."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.landmark_record import LandmarkRecord, read_landmarks
from realtime.messages import FaceLost, FaceTracked, Quality
from realtime.parcel import Parcel

SIMILARITY = (0.5, 0.0, 10.0, 0.0, 0.5, -20.0)
STAMP = {"source": "test", "captured_ns": 0, "grabbed_ns": 0, "epoch": 0}


def tracked(number: int) -> Parcel:
    mesh = np.random.default_rng(number).uniform(0, 256, (468, 3)).astype(np.float32)
    return Parcel(
        FaceTracked(
            **STAMP,
            sequence=number,
            presentation_s=number / 30,
            crop_epoch=1,
            crop_from_frame=SIMILARITY,
            landmarks=mesh.tobytes(),
            face_width=184.0,
            quality=Quality(10.0, 200.0, 0.0, 0.0, 0.0, 0.0),
        ),
        np.zeros((256, 256), np.uint8),
    )


def test_kept_in_pixels_of_the_frame(tmp_path):
    record = LandmarkRecord(tmp_path / "face.arrows")
    for number in range(100):
        record.take(tracked(number))
    record.take(Parcel(FaceLost(**STAMP, sequence=100, presentation_s=3.3, reason="gone")))
    record.close()
    record.close()
    frames, times, meshes = read_landmarks(tmp_path / "face.arrows")
    assert frames.tolist() == list(range(100)) and times[30] == pytest.approx(1.0)
    in_crop = tracked(42).message.mesh()
    assert meshes[42][:, 0] == pytest.approx((in_crop[:, 0] - 10) / 0.5, abs=1e-3)
    assert meshes[42][:, 1] == pytest.approx((in_crop[:, 1] + 20) / 0.5, abs=1e-3)
    assert meshes[42][:, 2] == pytest.approx(in_crop[:, 2] / 0.5, abs=1e-3)


def test_a_file_cut_off_loses_its_last_batch_only(tmp_path):
    whole = tmp_path / "whole.arrows"
    record = LandmarkRecord(whole)
    for number in range(200):
        record.take(tracked(number))
    record.close()
    cut = tmp_path / "cut.arrows"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.7)])
    frames, _, meshes = read_landmarks(cut)
    assert frames.tolist() == list(range(128)) and len(meshes) == 128


def test_nothing_tracked_is_an_empty_record(tmp_path):
    LandmarkRecord(tmp_path / "none.arrows").close()
    frames, times, meshes = read_landmarks(tmp_path / "none.arrows")
    assert len(frames) == len(times) == 0 and meshes.shape == (0, 468, 3)
