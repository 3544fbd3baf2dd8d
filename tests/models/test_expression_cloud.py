"""From two crops to a cloud: what the head does is taken out, what the face does stays, in the stated units."""

import numpy as np
import pytest

from kernels.expression_cloud import ExpressionCloud
from kernels.face_regions import CLOUD_REGIONS
from kernels.rigid import TooLittleSkin
from models.capture_faults import Camera, photograph
from models.simulated_clouds import spatial_face_width
from models.simulator.head import FaceState, Head
from models.simulator.neutral import neutral_mesh
from models.simulator.portrait import builtin_portrait
from models.simulator.pose import HeadPose
from models.simulator.render import FaceRenderer

GOOD_CAMERA = Camera(noise=1.0, flicker=0.0, shrink=1.0, blur=0.0, quality=0)


@pytest.fixture(scope="module")
def meter():
    return ExpressionCloud(256)


@pytest.fixture(scope="module")
def portrait():
    return builtin_portrait()


def renderer_of(portrait, face_px):
    placed = portrait.placed(256, 256, face_px, (0.5, 0.5))
    return FaceRenderer(placed.image, Head(neutral_mesh(placed.mesh), 256, 256, texture_mesh=placed.mesh))


def measure(meter, portrait, apex, face_px=184.0):
    renderer = renderer_of(portrait, face_px)
    random = np.random.default_rng(6)
    crops = [photograph(renderer.render(state), GOOD_CAMERA, random) for state in (FaceState(), apex)]
    mesh = renderer.mesh(FaceState())
    return meter.measure(*crops, mesh, spatial_face_width(mesh))


def motion(measured, region):
    return measured.cloud[CLOUD_REGIONS.index(region), :, 3:5].mean(axis=0)


def test_forms(meter, portrait):
    measured = measure(meter, portrait, FaceState())
    assert measured.cloud.shape == (8, 128, 6)
    assert measured.cloud.dtype == np.float32
    assert measured.flow.shape == measured.residual.shape == (256, 256, 2)
    assert measured.strain.shape == (256, 256)
    assert np.abs(measured.cloud[..., :2]).max() < 0.8, "positions are in face widths from the middle of the face"
    assert (measured.cloud[..., 5] >= 0).all()


def test_regions_lie_where_their_names_say(meter, portrait):
    cloud = measure(meter, portrait, FaceState()).cloud
    x, y = (dict(zip(CLOUD_REGIONS, cloud[..., axis].mean(axis=1), strict=True)) for axis in (0, 1))
    for part in ("eye", "cheek", "mouth_corner"):
        assert x[f"{part}_left"] > 0.05 > -0.05 > x[f"{part}_right"], "the subject's left is the image's right"
    assert y["eye_left"] < y["cheek_left"] < y["mouth"] < y["chin"]


def test_face_at_rest_hardly_moves(meter, portrait):
    measured = measure(meter, portrait, FaceState())
    assert np.linalg.norm(measured.cloud[..., 3:5], axis=2).max() < 0.4
    assert measured.noise < 0.15


def test_smile_pulls_corners_up_and_out(meter, portrait):
    measured = measure(meter, portrait, FaceState({"AU12": 0.15}))
    left, right = motion(measured, "mouth_corner_left"), motion(measured, "mouth_corner_right")
    assert left[0] > 0.3 and right[0] < -0.3
    assert left[1] < -0.3 and right[1] < -0.3
    assert np.linalg.norm(motion(measured, "eye_left")) < 0.3


def test_one_sided_smile_stays_on_its_side(meter, portrait):
    measured = measure(meter, portrait, FaceState({"AU12L": 0.15}))
    left, right = (np.linalg.norm(motion(measured, f"mouth_corner_{side}")) for side in ("left", "right"))
    assert left > 3 * right


@pytest.mark.parametrize(
    "pose", [HeadPose(right=0.01, down=-0.01), HeadPose(roll=1.0), HeadPose(yaw=1.5), HeadPose(back=0.07)]
)
def test_head_motion_is_taken_out(meter, portrait, pose):
    still = measure(meter, portrait, FaceState({"AU12": 0.15}))
    moving = measure(meter, portrait, FaceState({"AU12": 0.15}, pose))
    raw = np.linalg.norm(moving.flow[60:200, 60:200], axis=2).mean()
    left = np.linalg.norm(moving.cloud[..., 3:5] - still.cloud[..., 3:5], axis=2).mean()
    assert raw > 0.9
    assert left < 0.5 * raw
    np.testing.assert_allclose(motion(moving, "mouth_corner_left"), motion(still, "mouth_corner_left"), atol=0.6)


def test_strength_does_not_depend_on_the_crop(meter, portrait):
    smile = FaceState({"AU12": 0.2})
    near, far = (np.linalg.norm(motion(measure(meter, portrait, smile, px), "mouth_corner_left")) for px in (190, 150))
    assert near == pytest.approx(far, rel=0.25)


def test_same_crops_same_cloud(meter, portrait):
    first, second = (measure(meter, portrait, FaceState({"AU4": 0.2})).cloud for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_wrong_crops_are_refused(meter):
    mesh = np.zeros((468, 3), np.float32)
    with pytest.raises(ValueError, match="crops must be"):
        meter.measure(np.zeros((128, 128), np.uint8), np.zeros((128, 128), np.uint8), mesh, 184.0)
    with pytest.raises(ValueError, match="face width"):
        meter.measure(np.zeros((256, 256), np.uint8), np.zeros((256, 256), np.uint8), mesh, 0.0)


def test_face_outside_the_crop_is_refused(meter):
    mesh = np.full((468, 3), 1000, np.float32) + np.arange(468, dtype=np.float32)[:, None]
    with pytest.raises(TooLittleSkin):
        meter.measure(np.zeros((256, 256), np.uint8), np.zeros((256, 256), np.uint8), mesh, 184.0)
