import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_streams import head_on_mesh

from realtime.flow_picture import colour_wheel, flow_colours, flow_over_face, full_scale, inside_face


def uniform(u, v):
    return np.tile(np.array([u, v], np.float32), (4, 5, 1))


@pytest.mark.parametrize(
    ("u", "v", "colour"), [(2, 0, (255, 0, 0)), (-2, 0, (0, 255, 255)), (0, 2, (128, 255, 0)), (0, -2, (128, 0, 255))]
)
def test_direction_gives_the_hue(u, v, colour):
    np.testing.assert_allclose(flow_colours(uniform(u, v), 2.0)[0, 0], colour, atol=2)


def test_distance_gives_the_strength():
    saturation = [np.ptp(flow_colours(uniform(px, 0), 4.0)[0, 0].astype(int)) for px in (0, 1, 2, 4, 9)]
    assert saturation[0] == 0 and saturation[3] == saturation[4] == 255
    assert saturation == sorted(saturation)


@given(angle=st.floats(0, 2 * np.pi), length=st.floats(0.05, 0.9))
def test_the_wheel_shows_the_colours_of_the_picture(angle, length):
    size = 201
    x, y = size / 2 + np.array([np.cos(angle), np.sin(angle)]) * length * size / 2
    ix, iy = int(x), int(y)
    flow = (np.array([ix, iy]) + 0.5 - size / 2) / (size / 2)
    *colour, cover = colour_wheel(size)[iy, ix].astype(float)
    face = np.full((4, 5), 90, np.uint8)
    seen = flow_over_face(face, uniform(*(3 * flow)), np.ones((4, 5), bool), 3.0)[0, 0]
    np.testing.assert_allclose(seen, 90 + (np.array(colour) - 90) * cover / 255, atol=4)


def test_the_wheel_is_round():
    wheel = colour_wheel(64)
    assert wheel[0, 0, 3] == 0 and wheel.shape == (64, 64, 4)
    assert wheel[32, 32, 3] < 20 and wheel[32, 60, 3] > 180, "the middle is bare, the rim is covered"


def test_only_the_face_is_coloured_and_stillness_leaves_it_as_it_is():
    face = np.full((256, 256), 90, np.uint8)
    where = inside_face(head_on_mesh(), 256, 256)
    flow = np.full((256, 256, 2), 3.0, np.float32)
    flow[:, :100] = 0
    picture = flow_over_face(face, flow, where, 2.0)
    coloured = np.ptp(picture.astype(int), axis=-1) > 20
    assert not coloured[~where].any() and not coloured[:, :100].any() and coloured[where][:, None].any()
    np.testing.assert_array_equal(picture[where & (np.arange(256) < 100)], 90)


def test_full_scale_is_round_and_covers_nearly_all():
    flow = np.zeros((100, 100, 2), np.float32)
    assert full_scale(flow) == 0.5
    flow[:50, :, 0] = 1.7
    assert full_scale(flow) == 2.0
    flow[0, 0] = 40  # one wild pixel
    assert full_scale(flow) == 2.0
    assert full_scale(flow, np.zeros((100, 100), bool)) == 0.5
