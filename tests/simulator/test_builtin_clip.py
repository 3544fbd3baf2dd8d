"""The built-in clip is what its truth table says."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from models.simulator.builtin_clip import EVENTS, BuiltinClip, builtin_state, make_builtin_clip
from models.simulator.intensity import peak_motion
from models.simulator.topology import LOWER_LIDS, UPPER_LIDS
from models.simulator.truth import read_truth
from realtime.face_mesh import FaceMesh


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> BuiltinClip:
    return make_builtin_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def frames(clip: BuiltinClip) -> list[av.VideoFrame]:
    with av.open(str(clip.video)) as container:
        return list(container.decode(video=0))


def test_columns_of_the_truth_table(clip: BuiltinClip):
    header = next(csv.reader(clip.truth.open()))
    assert ",".join(header) == (
        "clip,kind,label,onset_s,apex_s,offset_s,onset_frame,apex_frame,offset_frame,action_units,intensity"
    )


def test_events_of_the_clip(clip: BuiltinClip):
    rows = read_truth(clip.truth)
    micro = {row.label: row for row in rows if row.kind == "micro"}
    assert {label: row.action_units for label, row in micro.items()} == {
        "negative": "4+7",
        "positive": "6+12",
        "surprise": "1+2+5",
    }
    assert all(0.2 <= row.offset_s - row.onset_s <= 0.5 for row in micro.values())
    assert [row.kind for row in rows].count("blink") == 2
    (smile,) = [row for row in rows if row.kind == "macro"]
    assert smile.offset_s - smile.onset_s > 0.8
    quiet = [after.onset_s - before.offset_s for before, after in pairwise(rows)]
    assert min(quiet) >= 0.8
    assert rows[0].onset_s >= 1.0


def test_micro_expressions_move_the_skin_by_one_to_two_and_a_half_pixels(units):
    for event in EVENTS:
        if event.kind == "micro":
            assert 1.0 <= peak_motion(units, event.activations) <= 2.5


def test_frames_and_presentation_times(frames: list[av.VideoFrame]):
    assert len(frames) == 375
    assert (frames[0].width, frames[0].height) == (640, 480)
    stamps = [float(frame.pts * frame.time_base) for frame in frames]
    np.testing.assert_allclose(stamps, np.arange(375) / 30, atol=1e-4)


def test_truth_frames_frame_the_motion(clip: BuiltinClip, stage):
    """Up to the frame before the onset, and from the offset on, the expression is at rest; at the apex it is not."""
    for row in read_truth(clip.truth):
        for frame, moves in ((row.onset_frame - 1, False), (row.onset_frame, True), (row.offset_frame, False)):
            assert bool(builtin_state(frame / 30).activations) == moves


def test_face_mesh_follows_every_frame_and_sees_the_blinks(clip: BuiltinClip, frames: list[av.VideoFrame]):
    tracker = FaceMesh()
    openness = []
    for frame in frames:
        faces = tracker.fit(frame.to_ndarray(format="rgb24"))
        assert len(faces) == 1
        gaps = [
            np.linalg.norm(faces[0][list(u[2:-2]), :2] - faces[0][list(low[2:-2]), :2], axis=1).mean()
            / np.linalg.norm(faces[0][u[0], :2] - faces[0][u[-1], :2])
            for u, low in zip(UPPER_LIDS, LOWER_LIDS, strict=True)
        ]
        openness.append(float(np.mean(gaps)))
    tracker.close()
    open_eyes = np.median(openness)
    blinks = [row for row in read_truth(clip.truth) if row.kind == "blink"]
    inside = np.zeros(len(frames), bool)
    for row in blinks:
        inside[row.onset_frame : row.offset_frame + 1] = True
        assert min(openness[row.onset_frame : row.offset_frame]) < 0.78 * open_eyes
    assert np.array(openness)[~inside].min() > 0.82 * open_eyes


def test_clip_is_the_same_every_time(clip: BuiltinClip, tmp_path: Path):
    again = make_builtin_clip(tmp_path / "again")
    assert again.video.read_bytes() == clip.video.read_bytes()
    assert again.truth.read_text() == clip.truth.read_text()
