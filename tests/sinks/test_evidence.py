import numpy as np
import pytest
from message_streams import head_on_mesh

from realtime.evidence import CROP, EVIDENCE, pack_evidence, unpack_evidence

rng = np.random.default_rng(3)


def parts():
    return {
        "onset": rng.integers(0, 256, (CROP, CROP), np.uint8),
        "apex": rng.integers(0, 256, (CROP, CROP), np.uint8),
        "mesh": head_on_mesh(),
        "flow": rng.normal(0, 2, (CROP, CROP, 2)).astype(np.float32),
        "cloud": rng.normal(0, 1, (8, 128, 6)).astype(np.float32),
    }


def test_round_trip_through_bytes():
    given = parts()
    record = np.frombuffer(pack_evidence(**given).tobytes(), EVIDENCE).reshape(())
    evidence = unpack_evidence(record)
    for name in ("onset", "apex", "mesh", "cloud"):
        np.testing.assert_array_equal(getattr(evidence, name), given[name])
    assert evidence.flow.dtype == np.float32
    np.testing.assert_allclose(evidence.flow, given["flow"], atol=0.005)


def test_shares_tell_where_the_motion_was():
    given = parts()
    given["cloud"][:] = 0
    given["cloud"][2, :, 3:5] = [3, 4]
    given["cloud"][6, :, 3:5] = [0, 15]
    np.testing.assert_allclose(
        unpack_evidence(pack_evidence(**given)).shares, [0, 0, 0.25, 0, 0, 0, 0.75, 0], atol=1e-6
    )


def test_no_motion_has_no_shares():
    given = parts()
    given["cloud"][:] = 0
    assert not unpack_evidence(pack_evidence(**given)).shares.any()


@pytest.mark.parametrize("name", ["onset", "apex", "mesh", "flow", "cloud"])
def test_refuses_other_shapes(name):
    given = parts()
    given[name] = given[name][1:]
    with pytest.raises(ValueError, match=f"evidence: {name} must have shape"):
        pack_evidence(**given)


def test_refuses_what_is_no_record():
    with pytest.raises(ValueError, match="not a record of evidence"):
        unpack_evidence(np.zeros((), np.float32))
