"""What the spotting network is taught, and that it can be taught and exported."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from motions import REGIONS, pulse
from samples import samples

from models.simulator.events import Event
from models.simulator.truth import TruthRow
from realtime.sample_trace import SampleTrace

torch = pytest.importorskip("torch", reason="training needs the train extra")

from engine.stream_network import load_spot_network  # noqa: E402
from models.parameter_count import parameter_count  # noqa: E402
from models.spotting_export import export_spotting  # noqa: E402
from models.spotting_network import LAGS, STATES, SpottingNetwork, to_checkpoint  # noqa: E402
from models.spotting_patterns import LEVELS, Pattern, inject  # noqa: E402
from models.spotting_recordings import TRAINING, VALIDATION  # noqa: E402
from models.spotting_targets import mirrored, teach  # noqa: E402
from models.spotting_train import SpotTrainSettings, _begun  # noqa: E402
from models.spotting_training import SpotFitSettings, fit_spotting  # noqa: E402
from models.spotting_variants import begun_later, paced  # noqa: E402


def row(kind, onset, apex, offset, letter="C"):
    return TruthRow("c", kind, "positive", onset, apex, offset, 0, 0, 0, "12", letter)


def trace(seconds=12.0, motion=None):
    return SampleTrace.of(samples(np.arange(0, seconds, 1 / 30), motion), seconds)


def test_an_event_is_to_be_told_shortly_after_its_end_and_its_times_are_known():
    taught = teach(trace(), [row("micro", 3.0, 3.2, 3.4), row("macro", 6.0, 6.3, 8.0), row("speech", 10, 10.5, 11)])
    told = taught.time_s[taught.ended[:, 0] == 1]
    assert told.min() > 3.4 and told.max() <= 3.4 + 0.15
    at = int(np.argmin(np.abs(taught.time_s - told[0])))
    lags = dict(zip(LAGS, taught.lags[at], strict=True))
    assert told[0] - lags["micro_onset"] == pytest.approx(3.0, abs=1e-4)
    assert told[0] - lags["micro_apex"] == pytest.approx(3.2, abs=1e-4)
    assert np.isnan(lags["macro_onset"])
    lasting = taught.time_s[taught.lasting == 1]
    assert lasting.min() == pytest.approx(6.5, abs=0.02) and lasting.max() == pytest.approx(8.0, abs=0.02)
    speaks = taught.time_s[taught.states[:, STATES.index("speech")] == 1]
    assert (speaks.min(), speaks.max()) == (pytest.approx(10, abs=0.02), pytest.approx(11, abs=0.02))


def test_a_mirror_twice_is_the_same_face():
    features = teach(trace(3.0), []).features
    assert mirrored(mirrored(features)) == pytest.approx(features)
    assert not np.allclose(mirrored(features), features)


def pattern(kind="micro"):
    event = Event("micro" if kind == "micro" else "macro", 0.0, 0.2, 0.45, {"AU12": 0.3}, "positive", 0.0, "C")
    motion = np.zeros((1 + len(LEVELS), REGIONS, 2))
    motion[1:, 10:12, 1] = -2.0 * np.array(LEVELS)[:, None]
    return Pattern(kind, event, motion, np.zeros(1 + len(LEVELS)), np.zeros(1 + len(LEVELS)))


def test_expressions_are_put_where_nobody_speaks_and_the_truth_says_where():
    base = trace(40.0)
    busy = [row("speech", 10, 10.5, 20), row("micro", 30, 30.2, 30.4)]
    made, truth = inject(base, busy, [pattern()], np.random.default_rng(1), mean_gap_s=0.5)
    new = [one for one in truth if one.clip == "injected"]
    assert len(new) > 8 and truth == sorted(truth, key=lambda one: one.onset_s)
    assert not [one for one in new if one.onset_s < 20.4 and one.offset_s > 9.6]
    moved = made.regions - base.regions
    first = new[0]
    inside = (base.time_s > first.onset_s) & (base.time_s < first.offset_s)
    assert np.abs(moved[inside, 10:12, 1]).max() > 0.8
    outside = np.ones(len(base), bool)
    for one in new:
        outside &= (base.time_s <= one.onset_s) | (base.time_s >= one.offset_s)
    assert np.abs(moved[outside]).max() < 1e-5  # truth is rounded to a tenth of a millisecond


def test_a_recording_begun_later_never_begins_within_an_expression():
    kept, truth = begun_later(trace(), [row("blink", 0.5, 0.6, 0.8), row("micro", 3.0, 3.2, 3.4)], 3.1)
    assert kept.time_s[0] == pytest.approx(3.65, abs=0.04) and truth == []
    kept, truth = begun_later(trace(), [row("blink", 0.5, 0.6, 0.8), row("micro", 3.0, 3.2, 3.4)], 1.0)
    assert kept.time_s[0] == pytest.approx(1.0, abs=0.04) and [one.kind for one in truth] == ["micro"]


def test_at_another_pace_truth_and_samples_keep_together():
    slow, (event,) = paced(trace(), [row("blink", 5.0, 5.1, 5.3)], 1.1)
    assert slow.seconds == pytest.approx(13.2) and slow.time_s[-1] == pytest.approx(1.1 * trace().time_s[-1])
    assert (event.onset_s, event.apex_s, event.offset_s) == pytest.approx((5.5, 5.61, 5.83))


def test_training_goes_on_from_a_checkpoint(tmp_path):
    network = SpottingNetwork()
    torch.save({"network": to_checkpoint(network)}, tmp_path / "spot.pt")
    begun = _begun(SpotTrainSettings(begin_with=str(tmp_path / "spot.pt")))
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), begun.parameters(), strict=True))
    assert _begun(SpotTrainSettings()) is None


def test_training_and_validation_share_no_seed_and_leave_9000_and_up_alone():
    training, validation = {one.seed for one in TRAINING}, {one.seed for one in VALIDATION}
    assert not training & validation and max(training | validation) < 9000
    assert len({one.name for one in (*TRAINING, *VALIDATION)}) == len(TRAINING) + len(VALIDATION)


def test_a_few_steps_lower_the_loss_and_the_export_says_the_same(tmp_path):
    def motion(t):
        return pattern().motion[-1] * pulse(np.array([t % 3.0]), 1.0, 1.2, 1.45)[0]

    truth = [row("micro", 1.0 + 3 * i, 1.2 + 3 * i, 1.45 + 3 * i) for i in range(4)]
    lines: list[str] = []
    settings = SpotFitSettings(steps=60, batch=4, rows=200, width=8, settle=20, learning_rate=1e-2)
    said = []
    fit_spotting([teach(trace(motion=motion), truth)], replace_steps(settings, 1), said.append)
    network = fit_spotting([teach(trace(motion=motion), truth)], settings, lines.append)
    assert parameter_count(network) < 100_000 and parameter_count(SpottingNetwork()) < 100_000
    stored = {"network": to_checkpoint(network), "shift": -1.0, "trained_by": "a test", "commit": "none"}
    assert export_spotting(stored, tmp_path / "spot.onnx") < 1e-4
    shipped = (tmp_path / "spot.onnx").read_bytes()
    with pytest.raises(ValueError, match="strays by nan"):
        export_spotting({**stored, "shift": float("nan")}, tmp_path / "spot.onnx")
    assert (tmp_path / "spot.onnx").read_bytes() == shipped and not list(tmp_path.glob("*.new"))
    wider = SpotFitSettings(steps=1, batch=4, rows=200, settle=20)
    assert fit_spotting([teach(trace(motion=motion), truth)], wider, said.append, network).width == 8
    answers = load_spot_network(tmp_path).judge(teach(trace(motion=motion), truth).features)
    assert answers.ended.shape[1] == 2 and 0 <= answers.ended.min() <= answers.ended.max() <= 1


def replace_steps(settings, steps):
    import msgspec

    return msgspec.structs.replace(settings, steps=steps)


def test_a_trace_comes_back_from_its_file(tmp_path):
    made = replace(trace(2.0), seconds=2.5)
    made.save(tmp_path / "t.npz")
    back = SampleTrace.load(tmp_path / "t.npz")
    assert back.seconds == 2.5 and np.array_equal(back.regions, made.regions)
    assert [s.time_s for s in back.samples()] == [s.time_s for s in made.samples()]
    (tmp_path / "bad.npz").write_bytes(b"no")
    cut_short = (tmp_path / "t.npz").read_bytes()[:-40]
    for damaged in (b"", b"no archive", cut_short):
        (tmp_path / "bad.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match="not a trace"):
            SampleTrace.load(tmp_path / "bad.npz")
