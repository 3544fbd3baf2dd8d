"""The network: size, symmetry, and what it must not depend on."""

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from models.cloud_network import (  # noqa: E402
    CloudNetwork,
    CloudShape,
    from_checkpoint,
    mirrored,
    to_checkpoint,
)
from models.labels import ACTION_UNITS  # noqa: E402
from models.parameter_count import parameter_count  # noqa: E402


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return CloudNetwork().eval()


@pytest.fixture(scope="module")
def clouds():
    random = torch.Generator().manual_seed(5)
    clouds = torch.randn(6, 8, 128, 6, generator=random) * 0.5
    clouds[..., 5] = clouds[..., 5].abs() * 0.05
    return clouds


def judge(network, clouds):
    with torch.inference_mode():
        return network(clouds)


def assert_same(first, second, tolerance=1e-5):
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, atol=tolerance, rtol=1e-4)


def assert_differs(first, second):
    assert (first.classes - second.classes).abs().max() > 1e-4


def test_shapes(network, clouds):
    logits = judge(network, clouds)
    assert logits.classes.shape == (6, 3)
    assert logits.action_units.shape == (6, len(ACTION_UNITS))
    assert logits.expression.shape == (6,)


def test_small_enough(network):
    assert parameter_count(network) < 500_000


def test_mirrored_expression_gets_the_same_verdict(network, clouds):
    assert_same(judge(network, clouds), judge(network, mirrored(clouds)))


def test_mirroring_is_not_vacuous(network, clouds):
    swapped = clouds[:, [1, 0, 3, 2, 5, 4, 6, 7]]  # sides exchanged, but x and u left as they are
    assert_differs(judge(network, clouds), judge(network, swapped))


def test_mirrored_twice_is_the_same(clouds):
    assert torch.equal(mirrored(mirrored(clouds)), clouds)


def test_order_of_points_does_not_matter(network, clouds):
    order = torch.randperm(128, generator=torch.Generator().manual_seed(1))
    assert_same(judge(network, clouds), judge(network, clouds[:, :, order]))


def test_order_of_regions_does(network, clouds):
    assert_differs(judge(network, clouds), judge(network, clouds.roll(1, dims=1)))


def test_missing_points_are_not_points_at_rest(network, clouds):
    half = clouds.clone()
    half[:, :, 64:] = 0
    assert_same(judge(network, half), judge(network, clouds[:, :, :64]))


def test_missing_regions_and_no_points_at_all_are_finite(network, clouds):
    lost = clouds.clone()
    lost[:, ::2] = 0
    for values in (*judge(network, lost), *judge(network, torch.zeros_like(clouds))):
        assert torch.isfinite(values).all()


def test_one_event_does_not_depend_on_its_batch(network, clouds):
    alone = judge(network, clouds[2:3])
    together = judge(network, clouds)
    assert_same(alone, [values[2:3] for values in together])


def test_amplitude_matters_only_where_told_so(clouds):
    louder = clouds.clone()
    louder[..., 3:6] *= 3
    torch.manual_seed(3)
    with_amplitude = CloudNetwork().eval()
    assert_differs(judge(with_amplitude, clouds), judge(with_amplitude, louder))
    torch.manual_seed(3)
    without = CloudNetwork(CloudShape(amplitude=False)).eval()
    assert_same(judge(without, clouds), judge(without, louder), tolerance=1e-3)


def test_checkpoint_brings_the_same_network_back(network, clouds):
    assert_same(judge(network, clouds), judge(from_checkpoint(to_checkpoint(network)), clouds), tolerance=0)
