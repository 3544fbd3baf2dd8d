"""Expressions are drawn as often as annotators saw them."""

from collections import Counter

import numpy as np
import pytest

from models.drawn_expressions import draw_any_units, draw_expression, draw_idle_activity, priors
from models.labels import ACTION_UNITS, CLASSES
from models.simulator.action_units import BOTH_SIDES_ONLY, MUSCLES


def units_of(activations):
    return {name.rstrip("LR") for name in activations}


@pytest.mark.parametrize(("label", "usual"), [(0, {"AU4", "AU7"}), (1, {"AU12", "AU6"}), (2, {"AU1", "AU2", "AU5"})])
def test_usual_units_come_most_often(label, usual):
    random = np.random.default_rng(1)
    seen = Counter(unit for _ in range(600) for unit in units_of(draw_expression(label, random)))
    assert {unit for unit, _ in seen.most_common(len(usual))} == usual


def test_frequencies_follow_the_annotations():
    random = np.random.default_rng(2)
    drawn = [units_of(draw_expression(1, random)) for _ in range(3000)]
    annotated = np.mean([priors()[scope, "positive"].units["AU12"] for scope in ("CASME2+SAMM", "ALL6")])
    assert np.mean(["AU12" in units for units in drawn]) == pytest.approx(annotated, abs=0.08)


def test_every_unit_has_its_muscles():
    for prior in priors().values():
        for units in (*prior.together, tuple(prior.units)):
            assert set(units) <= set(ACTION_UNITS) <= set(MUSCLES)


def test_priors_cover_both_scopes_and_all_classes():
    assert {name for _, name in priors()} == set(CLASSES)
    assert len(priors()) == 6


def test_some_are_one_sided_but_never_those_of_the_midline():
    random = np.random.default_rng(3)
    lopsided = 0
    for _ in range(400):
        activations = draw_expression(2, random)
        assert not {name for name in activations if name[-1] in "LR"} & {u + s for u in BOTH_SIDES_ONLY for s in "LR"}
        if "AU2L" in activations:
            low, high = sorted((activations["AU2L"], activations["AU2R"]))
            lopsided += low < 0.4 * high
    assert 20 < lopsided < 250


def test_any_units_reach_the_rare_ones():
    random = np.random.default_rng(4)
    seen = Counter(unit for _ in range(1500) for unit in units_of(draw_any_units(random)))
    assert set(seen) == set(ACTION_UNITS)
    assert max(seen.values()) < 2 * min(seen.values())


def test_idle_faces_blink_or_speak_or_rest():
    random = np.random.default_rng(5)
    idle = [draw_idle_activity(random) for _ in range(300)]
    assert {} in idle
    assert any("AU45" in activity for activity in idle)
    assert any("AU26" in activity for activity in idle)
    assert not any("AU12" in activity for activity in idle)
