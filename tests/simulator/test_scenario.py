"""What happens in a recording: as often, as strong and as one-sided as drawn for, and never at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.labels import CLASSES
from models.simulator.events import Event, activations_at
from models.simulator.intensity import PEAKS, peak_motion, with_intensity
from models.simulator.scenario import Rates, draw_events
from models.simulator.truth import TruthRow, read_truth, truth_row, write_truth


@pytest.fixture(scope="module")
def events(units) -> list[Event]:
    rng = np.random.default_rng(4)
    return [event.moved(600.0 * i) for i in range(6) for event in draw_events(600.0, units, rng)]


def test_rates(events):
    minutes = 60
    for kind, low, high in (("micro", 5.5, 8.5), ("macro", 3.0, 5.0), ("speech", 1.0, 2.0), ("blink", 8, 24)):
        assert low < sum(event.kind == kind for event in events) / minutes < high
    labels = [event.label for event in events if event.kind == "micro"]
    for name in CLASSES:
        assert 0.25 < labels.count(name) / len(labels) < 0.42


def test_expressions_never_overlap_and_have_quiet_between(events):
    busy = [event for event in events if event.kind in ("micro", "macro", "speech")]
    quiet = np.array([after.onset_s - before.offset_s for before, after in pairwise(busy)])
    assert quiet.min() > 0.39
    assert quiet.max() > 15  # long stretches in which nothing happens


def test_kinds_differ_by_duration(events):
    for event in events:
        whole = event.offset_s - event.onset_s
        if event.kind == "micro":
            assert whole <= 0.5
        if event.kind == "macro":
            assert whole > 0.5
    held = [event for event in events if event.kind == "macro" and event.hold_s > 0.5]
    assert held
    assert max(event.hold_s for event in held) <= 5.0


def test_intensity_is_the_motion_that_is_stated(events, units):
    for event in events:
        if event.kind == "micro":
            low, high = PEAKS["micro"][event.intensity]
            moved = peak_motion(units, event.activations)
            # Lids and brows end before the wanted motion, and closing lids stop each other: never more than stated.
            assert moved < 1.02 * high
            if max(event.activations.values()) < 0.6:
                assert moved > 0.9 * low


def test_with_intensity_keeps_relations(units):
    strong = with_intensity(units, {"AU12L": 1.0, "AU6L": 0.5}, "micro", "B", np.random.default_rng(0))
    assert strong["AU12L"] == pytest.approx(2 * strong["AU6L"])


def test_strength_rises_holds_and_falls():
    event = Event("macro", 1.0, 1.4, 3.0, {"AU12": 0.5}, "positive", hold_s=1.0)
    at = np.linspace(0, 4, 4001)
    strength = event.strength(at)
    assert strength[at <= 1.0].max() == 0
    assert strength[at >= 3.0].max() == 0
    np.testing.assert_allclose(strength[(at >= 1.4) & (at <= 2.4)], 1.0)
    assert (np.diff(strength[(at > 1.0) & (at < 1.4)]) > 0).all()
    assert (np.diff(strength[(at > 2.4) & (at < 3.0)]) < 0).all()
    assert activations_at([event], 2.0) == {"AU12": 0.5}
    assert activations_at([event], 0.5) == {}


@pytest.mark.parametrize(
    ("activations", "codes"),
    [
        ({"AU12": 0.1, "AU6": 0.1}, "6+12"),
        ({"AU12L": 0.1, "AU12R": 0.09, "AU6": 0.1}, "6+12"),
        ({"AU14L": 0.1, "AU14R": 0.01}, "L14"),
        ({"AU2R": 0.1, "AU1": 0.1}, "1+R2"),
    ],
)
def test_codes_of_action_units(activations, codes):
    assert Event("micro", 0, 1, 2, activations).action_units() == codes


def test_blinks_spare_most_micro_expressions(events):
    micro = [event for event in events if event.kind == "micro"]
    blinks = [event for event in events if event.kind == "blink"]
    disturbed = sum(any(b.onset_s < m.offset_s and b.offset_s > m.onset_s for b in blinks) for m in micro)
    assert disturbed < 0.1 * len(micro)


def test_no_events_when_no_rates(units):
    none = Rates(micro=0, macro=0, held=0, speech=0, gaze=0, blink=0)
    assert draw_events(60.0, units, np.random.default_rng(0), none) == []


def test_truth_table_survives_the_disk(tmp_path):
    stamps = np.array([0.0, 0.03, 0.07, 0.2, 0.25, 0.3])
    row = truth_row("a.mp4", Event("micro", 0.07, 0.21, 0.25, {"AU4": 0.2}, "negative", intensity="B"), stamps)
    assert (row.onset_frame, row.apex_frame, row.offset_frame) == (3, 3, 4)
    write_truth(tmp_path / "a.truth.csv", [row])
    assert read_truth(tmp_path / "a.truth.csv") == [row]
    assert isinstance(row, TruthRow)


def test_broken_truth_table_names_its_line(tmp_path):
    (tmp_path / "b.csv").write_text("clip,kind\nx,micro\n")
    with pytest.raises(ValueError, match="line 2"):
        read_truth(tmp_path / "b.csv")
