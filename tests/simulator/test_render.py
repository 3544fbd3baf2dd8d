"""What is drawn agrees with what is claimed to have moved."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.simulator.face_frame import face_width
from models.simulator.head import FaceState
from models.simulator.pose import HeadPose
from models.simulator.topology import HOLES

REST = FaceState()


def _taken_back(after: np.ndarray, flow: np.ndarray) -> np.ndarray:
    height, width = flow.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)), 2)
    return cv2.remap(after, grid + flow, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


@pytest.mark.parametrize(
    "state",
    [
        FaceState({"AU4": 0.2, "AU12": 0.1}),
        FaceState({"AU1": 0.5, "AU12": 0.5, "AU26": 0.3}),
        FaceState({}, HeadPose(right=0.02, down=-0.01, yaw=2.0, pitch=-1.0, roll=1.0)),
        FaceState({"AU12": 0.3}, HeadPose(back=0.1, yaw=-2.0)),
    ],
)
def test_true_flow_takes_the_picture_back(stage, state):
    before, after = stage.render(REST), stage.render(state)
    flow = stage.flow(REST, state)
    moving = np.linalg.norm(flow, axis=2) > 0.3
    assert moving.mean() > 0.01
    warped = np.abs(_taken_back(after, flow).astype(int) - before).mean(2)[moving]
    unwarped = np.abs(after.astype(int) - before).mean(2)[moving]
    assert warped.mean() < 0.25 * unwarped.mean()
    assert warped.mean() < 1.0


def test_flow_there_and_back_cancels(stage):
    state = FaceState({"AU12": 0.2}, HeadPose(right=0.01))
    there, back = stage.flow(REST, state), stage.flow(state, REST)
    returned = _taken_back(back[..., 0], there), _taken_back(back[..., 1], there)
    error = np.hypot(returned[0] + there[..., 0], returned[1] + there[..., 1])
    assert np.percentile(error, 99) < 0.05


def test_flow_at_a_vertex_is_the_motion_of_the_mesh(stage):
    state = FaceState({"AU1": 0.3, "AU12": 0.2, "AU15": 0.1}, HeadPose(yaw=1.0))
    start, end = stage.mesh(REST), stage.mesh(state)
    flow = stage.flow(REST, state)
    inside = [v for v in (1, 50, 55, 105, 151, 199, 205, 280, 285, 334, 425) if v]
    for vertex in inside:
        x, y = start[vertex, :2]
        seen = (
            cv2.getRectSubPix(flow[..., 0], (1, 1), (float(x), float(y)))[0, 0],
            cv2.getRectSubPix(flow[..., 1], (1, 1), (float(x), float(y)))[0, 0],
        )
        np.testing.assert_allclose(seen, (end - start)[vertex, :2], atol=0.15)


def test_nothing_moves_without_a_cause(stage):
    assert np.abs(stage.flow(REST, REST)).max() < 1e-3


def test_background_rests_while_the_head_moves(stage):
    state = FaceState({}, HeadPose(right=0.05, yaw=4.0))
    flow = stage.flow(REST, state)
    for corner in (flow[:15, :15], flow[:15, -15:], flow[-15:, :15]):
        assert np.abs(corner).max() < 0.05
    face = stage.mesh(REST)[[1, 50, 280, 151]].round().astype(int)
    assert (flow[face[:, 1], face[:, 0], 0] > 8).all()


def test_picture_is_covered_without_holes(stage):
    """Every pixel of the moving part is written: a hole would keep the mark that stood there before."""
    from models.simulator.raster import interpolate

    for state in (REST, FaceState({"AU26": 1.0, "AU45": 1.0}, HeadPose(yaw=3.0, roll=3.0))):
        corners = stage.head.vertices(state)[:, :2]
        source = np.full((stage.height, stage.width, 2), -1e6, np.float32)
        interpolate(corners, stage.head.texture, stage.head.triangles, source)
        assert source.min() > -1e5


def test_closed_lid_covers_the_eye(stage):
    """In a blink no pixel shows what lies behind the opening any more."""
    seam = stage.height  # texture rows below belong to eyeball and teeth
    from models.simulator.raster import interpolate

    behind = []
    for closure in (0.0, 1.0):
        corners = stage.head.vertices(FaceState({"AU45": closure}))[:, :2]
        source = stage._still.copy()
        interpolate(corners, stage.head.texture, stage.head.triangles, source)
        eyes = 0
        for name in ("eye_right", "eye_left"):
            loop = stage.mesh(REST)[list(HOLES[name]), :2]
            (x0, y0), (x1, y1) = np.floor(loop.min(0)).astype(int), np.ceil(loop.max(0)).astype(int)
            eyes += int((source[y0:y1, x0:x1, 1] > seam).sum())
        behind.append(eyes)
    assert behind[0] > 300
    assert behind[1] < 0.05 * behind[0]


def test_gaze_moves_the_iris_and_not_the_lids(stage):
    looks = FaceState(gaze=(0.03, 0.0))
    np.testing.assert_array_equal(stage.mesh(REST), stage.mesh(looks))
    flow = stage.flow(REST, looks)
    eye = stage.mesh(REST)[list(HOLES["eye_left"]), :2].mean(0).round().astype(int)
    assert flow[eye[1], eye[0], 0] == pytest.approx(0.03 * 224, abs=1.0)
    skin = stage.mesh(REST)[[50, 55, 105, 27]].round().astype(int)
    assert np.abs(flow[skin[:, 1], skin[:, 0]]).max() < 1.0


@pytest.mark.parametrize(
    ("pose", "sign_x", "sign_y"),
    [(HeadPose(yaw=3), 1, 0), (HeadPose(pitch=3), 0, 1), (HeadPose(right=0.02), 1, 0), (HeadPose(down=0.02), 0, 1)],
)
def test_pose_moves_the_nose_tip_as_documented(stage, pose, sign_x, sign_y):
    moved = (stage.mesh(FaceState({}, pose)) - stage.mesh(REST))[1, :2]
    assert moved[0] * sign_x > 2 or sign_x == 0
    assert moved[1] * sign_y > 2 or sign_y == 0


def test_moving_back_makes_the_face_smaller_as_perspective_says(stage):
    near, far = stage.mesh(REST), stage.mesh(FaceState({}, HeadPose(back=0.5)))
    assert face_width(far) / face_width(near) == pytest.approx(5.0 / 5.5, abs=0.02)
