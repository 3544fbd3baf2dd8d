"""What is no expression: most where skin moves, alike on both sides, the same from process to process."""

import os
import subprocess
import sys

import numpy as np
import pytest

from models import flow_nuisance
from models.flow_atlas import draw_atlas
from models.flow_nuisance import FlowNuisance, NoiseBank, as_estimated, draw_nuisance, peak, without_little
from models.flow_skin import how_often, know_faces

ERRORS_ONLY = FlowNuisance(people=4, blink=0.0, turn=0.0, depth=0.0, spikes=0)
LIDS, NOSE = np.s_[:, 6:10, 4:9], np.s_[:, 12:17, 12:16]


@pytest.fixture(scope="module")
def random():
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def faces(random):
    return know_faces(draw_atlas(4, ERRORS_ONLY.stranger, random), ERRORS_ONLY.still)


@pytest.fixture(scope="module")
def bank(random):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow_nuisance, "_BANK", 200)
        yield NoiseBank(random)


def test_errors_are_many_around_the_eyes_and_few_on_the_nose(faces, bank, random):
    errors = draw_nuisance(np.arange(400) % 4, faces, bank, ERRORS_ONLY, random)
    energy = (errors**2).mean(axis=(0, 3))
    assert energy[LIDS[1:]].mean() > 3 * energy[NOSE[1:]].mean()


def test_both_sides_have_motion_up_and_down_in_common(faces, bank, random):
    errors = draw_nuisance(np.arange(400) % 4, faces, bank, ERRORS_ONLY, random)
    across, down = ((errors * errors[:, :, ::-1] * (-1, 1)).mean(axis=(0, 1, 2)) / (errors**2).mean(axis=(0, 1, 2))).T
    assert down > 0.3 and down > across + 0.1


def test_the_nose_is_nearest_and_the_lids_are_the_most_mobile(faces):
    assert faces.nearness[NOSE].mean() > 0.8
    assert faces.mobility[LIDS][..., 1].mean() > 2 * faces.mobility[NOSE][..., 1].mean()


def test_annotated_units_are_pulled_more_often_than_others():
    smile, funnel, lids = how_often(("AU12L", "AU20L", "AU45L"), blinks=0.5)
    assert lids > smile > 0.2 > 0.1 > funnel > 0


def test_an_estimator_carries_motion_on_to_its_surroundings(bank, random):
    flow = np.zeros((40, 28, 28, 2), np.float32)
    flow[:, 14, 14] = 1
    seen = as_estimated(flow, bank, FlowNuisance(patchy=0.0), random)
    assert seen[:, 14, 17, 0].mean() > 10 * seen[:, 14, 26, 0].mean() > 0


def test_little_motion_is_swallowed_and_strong_motion_stays():
    flow = np.zeros((1, 28, 28, 2), np.float32)
    flow[0, :4, :, 0], flow[0, 4:, :, 0] = 2.0, 0.2
    left = without_little(flow, np.ones((1, 1, 1, 1)))
    assert left[0, 0, 0, 0] == pytest.approx(2.0, rel=0.05) and 0 < left[0, 10, 0, 0] < 0.05
    assert peak(left) == pytest.approx(peak(flow), rel=0.05)


def test_flows_do_not_depend_on_how_python_hashes_names():
    told = "import models.flow_nuisance as n; n._BANK = 20; from models.simulated_flows import simulate_flows"
    told += "; print(simulate_flows(60, 1, n.FlowNuisance(people=2)).flow.sum())"
    sums = {
        subprocess.run(
            [sys.executable, "-c", told], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert len(sums) == 1
