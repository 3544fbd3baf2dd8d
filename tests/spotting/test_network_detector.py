"""The shipped spotting network in its detector, on signals with known events."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from motions import REGIONS, pulse
from samples import samples

from engine.classifier import ModelError
from engine.stream_network import SPOT_WEIGHTS, Answers, StreamNetwork, load_spot_network
from kernels.face_regions import MOTION_REGIONS
from models.spotting_replay import told_on_trace
from realtime.network_detector import NetworkDetector, stands_out
from realtime.sample_trace import SampleTrace
from realtime.settings import SpotSettings
from realtime.spot import make_detector
from realtime.spot_features import FEATURES
from realtime.statistics_detector import StatisticsDetector

PULL = np.zeros((REGIONS, 2))
for _name, _pull in {"mouth_corner": (1.0, -1.6), "cheek": (0.3, -0.8), "lip_upper": (0.0, -0.3)}.items():
    for _index, _region in enumerate(MOTION_REGIONS):
        if _region.startswith(_name):
            PULL[_index] = (_pull[0] * (1 if _region.endswith("_left") else -1), _pull[1])


def smile(onset, apex, offset, held=0.0):
    return lambda t: PULL * pulse(np.array([t]), onset, apex, offset, held)[0]


def run(seconds, motion=None, fps=30.0, detector=None, skip=None, noise=0.05, eyes=lambda t: 0.3):
    times = np.arange(0, seconds, 1 / fps)
    times = times if skip is None else times[(times < skip[0]) | (times > skip[1])]
    trace = SampleTrace.of(samples(times, motion, noise=noise, eyes=eyes), seconds)
    make = (lambda settings: detector) if detector else make_detector
    return [found for _, found in told_on_trace(trace, SpotSettings(), make=make)]


@pytest.mark.parametrize("fps", [30, 60, 200])
def test_a_brief_smile_is_a_micro_expression_at_any_rate(fps):
    (found,) = run(6, smile(2.0, 2.2, 2.45), fps)
    assert (found.kind, found.state) == ("micro", "over")
    assert found.onset_s == pytest.approx(2.0, abs=0.1) and found.offset_s == pytest.approx(2.45, abs=0.1)
    assert found.apex_s == pytest.approx(2.2, abs=0.035)
    assert found.regions.argmax() in [i for i, name in enumerate(MOTION_REGIONS) if name.startswith("mouth_corner")]
    assert 0.5 <= found.confidence <= 1 and found.score > 5


class SureNetwork:
    """Says at 2.5 s that a micro-expression from 2.0 to 2.45 s is over, whatever it is shown."""

    def __init__(self):
        self.rows = 0

    def forget(self):
        self.rows = 0

    def judge(self, rows):
        at = (self.rows + np.arange(len(rows))) / 60
        self.rows += len(rows)
        ended = np.stack([np.where(np.abs(at - 2.52) < 0.03, 0.99, 0.0), np.zeros(len(rows))], 1)
        lags = np.stack([at - 2.0, at - 2.2, at - 2.45, at - 2.0, at - 2.2, at - 2.45], 1)
        return Answers(ended, np.zeros(len(rows)), np.zeros((len(rows), 5)), lags)


@pytest.mark.parametrize("size, expected", [(0.02, 0), (1.0, 1)])
def test_what_does_not_stand_out_of_the_noise_is_not_told_however_sure_the_network(size, expected):
    detector = NetworkDetector(SpotSettings(threshold=0.6), SureNetwork())
    found = run(4, lambda t: size * smile(2.0, 2.2, 2.45)(t), detector=detector)
    assert len(found) == expected
    assert all(0.6 < one.confidence <= 0.99 for one in found)


@pytest.mark.parametrize("blinks, smiles, expected", [(True, 0.0, 0), (True, 1.0, 1), (False, 0.0, 1)])
def test_in_a_blink_lids_do_not_count_and_what_they_drag_along_counts_as_noise(blinks, smiles, expected):
    pull = smiles * PULL
    for index, region in enumerate(MOTION_REGIONS):
        pull[index, 1] += 3.0 * region.startswith("eyelid") + 0.35 * region.startswith("brow_outer")
    detector = NetworkDetector(SpotSettings(threshold=0.3), SureNetwork())
    found = run(
        4,
        lambda t: pull * pulse(np.array([t]), 2.0, 2.2, 2.45)[0],
        detector=detector,
        eyes=lambda t: 0.18 if blinks and 2.05 < t < 2.4 else 0.3,
    )
    assert len(found) == expected


def test_the_larger_a_motion_beside_its_noise_the_more_it_is_believed():
    shares = [stands_out(score, "micro") for score in (0.0, 2.0, 3.5, 7.0, 50.0)]
    assert shares == sorted(shares) and shares[0] == 0 and shares[2] == 0.5 and shares[-1] > 0.99
    assert all(stands_out(score, "macro") < stands_out(score, "micro") for score in (2.0, 5.0, 20.0))


def test_a_face_at_rest_says_nothing():
    assert run(30) == []


def test_a_kept_smile_is_announced_in_time_and_closed_with_its_offset():
    detector = make_detector(SpotSettings())
    told = []
    for sample in samples(np.arange(0, 8, 1 / 30), smile(2.0, 2.2, 2.7, held=2.0)):
        told += [(sample.time_s, one) for one in detector.push(sample)]
    assert [one.state for _, one in told] == ["held", "released"]
    assert told[0][0] - 2.0 <= 0.7 + 1 / 30
    assert told[1][1].kind == "macro" and told[1][1].offset_s == pytest.approx(4.7, abs=0.35)


def test_two_smiles_close_together_are_two():
    def both(t):
        return smile(2.0, 2.15, 2.4)(t) + smile(2.9, 3.05, 3.3)(t)

    assert [one.kind for one in run(6, both)] == ["micro", "micro"]


def test_nothing_is_bridged_over_a_gap():
    assert run(6, smile(2.0, 2.2, 2.45), skip=(2.1, 2.5)) == []


def test_what_goes_on_at_the_end_is_closed_there():
    found = run(4.0, smile(2.0, 2.2, 2.7, held=9.0))
    assert [one.state for one in found] == ["held", "released"]
    assert found[1].offset_s == pytest.approx(4.0, abs=0.05)


def test_memory_does_not_grow():
    detector = make_detector(SpotSettings())
    sizes = []
    for index, sample in enumerate(samples(np.arange(0, 90, 1 / 30))):
        detector.push(sample)
        if index % 600 == 599:
            parts = [vars(detector), vars(detector._features), vars(detector._grid), vars(detector._neutral)]
            sizes.append(sum(sys.getsizeof(value) for part in parts for value in part.values()))
    assert len(detector._history) <= 30 * (SpotSettings().longest_event + 2) + 2
    assert max(sizes[1:]) <= 1.1 * sizes[1]


def test_settings_change_while_it_runs():
    detector = make_detector(SpotSettings())
    detector.adjust(SpotSettings(threshold=0.999))
    assert run(6, smile(2.0, 2.2, 2.45), detector=detector) == []


def test_method_names_the_detector():
    assert isinstance(make_detector(SpotSettings()), NetworkDetector)
    assert isinstance(make_detector(SpotSettings(method="statistics")), StatisticsDetector)


def test_a_stream_row_by_row_says_the_same_as_all_at_once():
    rows = np.random.default_rng(1).normal(0, 1, (300, FEATURES)).astype(np.float32)
    whole, stream = load_spot_network().judge(rows), load_spot_network()
    parts = [stream.judge(rows[i : i + 1]) for i in range(len(rows))]
    for index, expected in enumerate(whole):
        assert np.concatenate([part[index] for part in parts]) == pytest.approx(expected, abs=1e-4)
    stream.forget()
    assert stream.judge(rows[:1]).ended == pytest.approx(whole.ended[:1], abs=1e-5)


def test_a_foreign_or_damaged_file_is_refused(tmp_path):
    foreign = tmp_path / "spot.onnx"
    foreign.write_bytes(b"no network")
    with pytest.raises(ModelError, match="not a model"):
        StreamNetwork(foreign)
    with pytest.raises(ModelError, match="not a spotting network"):
        StreamNetwork(SPOT_WEIGHTS.parent / "cloud.onnx")
    (tmp_path / "manifest.json").write_text((SPOT_WEIGHTS / "manifest.json").read_text())
    with pytest.raises(ModelError, match="SHA-256"):
        load_spot_network(tmp_path)
    with pytest.raises(ValueError, match="rows must be"):
        load_spot_network().judge(np.zeros((1, 3), np.float32))
