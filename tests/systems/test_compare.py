"""One table: same folds for all, finished folds kept, the winner named, nothing run where only the table is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.__main__ import app
from models.protocol.samples import Inputs, Samples
from models.systems.compare import names_for
from models.systems.cost import Cost, cost_of
from models.systems.score_units import score_units, units_table
from models.systems.ststnet import STSTNet
from models.systems.table import public, put_into


def flows() -> Samples:
    """Three subjects whose flow says plainly what they show."""
    random = np.random.default_rng(4)
    label = np.tile([0, 1, 2], 6)
    flow = random.integers(110, 146, (18, 28, 28, 3)).astype(np.uint8)
    for at, one in enumerate(label):
        flow[at, 9 * one : 9 * one + 9, :, :2] = 230
    subject = np.repeat(["a", "b", "c"], 6)
    name = np.array([f"clip{at}" for at in range(18)])
    return Samples(Inputs(name, {"flow": flow}), label, subject, np.full(18, "made"))


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr("models.systems.compare.read_data", lambda spec, say: flows())


def run(*words: str):
    return CliRunner().invoke(app, ["compare", "--data", "made:here", *words])


def test_only_models_that_can_read_the_data_are_run_ours_first():
    names = names_for(flows(), [])
    assert names == ["cloud", "logistic", "pointnet", "ststnet", "svm"]
    assert names_for(flows(), ["svm", "r3d", "cloud"]) == ["svm", "cloud"]


def test_the_table_is_written_and_finished_folds_are_kept(made, tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table: begin -->\nold\n<!-- table: end -->\nafter\n")
    words = ["--runs", str(tmp_path / "runs"), "--models", "svm,ststnet", "--set", "ststnet.epochs=12"]
    first = run(*words, "--out", str(page))
    assert first.exit_code == 0, first.output
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == 2 and "18 events of 3 subjects" in text and "`cloud` was not run" in text
    network = next(row for row in rows if "ststnet" in row).split("|")
    assert network[5].strip() == "12" and network[6].strip() == "1683" and "LOSO on all 442" in network[-2]
    assert float(rows[0].split("|")[2]) >= float(rows[1].split("|")[2])
    folds = {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob("*.npz")}
    assert len(folds) == 6
    again = run(*words, "--done-only")
    assert again.exit_code == 0
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob("*.npz")} == folds
    # Other settings are another run.
    other = run(*words[:-1], "ststnet.epochs=13", "--done-only")
    assert "ststnet: left out" in other.output and "| `svm`" in other.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "epochs=3"], "write MODEL.SETTING=VALUE"),
        (["--set", "nobody.epochs=3"], "no model of that name"),
        (["--set", "svm.colour=3", "--models", "svm"], "colour"),
        (["--models", "nobody"], "no model named 'nobody'"),
    ],
)
def test_nonsense_is_refused_in_one_line(made, tmp_path: Path, words: list[str], told: str):
    refused = run("--runs", str(tmp_path / "runs"), *words)
    assert refused.exit_code == 1 and told in refused.output and "Traceback" not in refused.output


def test_a_page_without_a_place_for_the_table_is_left_alone(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(ValueError, match="has no lines"):
        put_into(page, ["x"])
    assert page.read_text() == "nothing here\n"


def test_no_folder_of_this_machine_is_published():
    assert (
        public("loso --data megc2019:/home/me/data/m.npz --runs ../runs") == "loso --data megc2019:m.npz --runs ../runs"
    )


def test_cost_counts_what_is_known():
    cost = cost_of(STSTNet, [(3, 28, 28)], 2)
    convolutions = 2 * 30 * 30 * 27 * (3 + 5 + 8)
    assert cost.parameters == 1683 and cost.gflop == pytest.approx((convolutions + 2 * 400 * 3) / 1e9, rel=1e-6)
    assert cost.cpu_ms is not None and cost.cpu_ms > 0
    assert cost_of(STSTNet, [(3, 28, 28)], 0) == Cost(cost.parameters, cost.gflop)


def test_action_units_are_scored_on_clips_that_somebody_coded(monkeypatch):
    monkeypatch.setattr("models.systems.score_units.predict_units", lambda cloud: cloud[0, 0, :1].repeat(17))
    clouds, units = np.zeros((12, 8, 128, 6), np.float32), np.zeros((12, 17), np.int8)
    clouds[:8, 0, 0, 0] = 0.9  # all units are told in eight clips
    units[4:10, 8] = 1  # AU12 is there in six
    units[11] = -1
    names, subjects = np.array([f"c{n}" for n in range(12)]), np.repeat(["a", "b"], 6)
    samples = Samples(Inputs(names, {"clouds": clouds, "units": units}), np.zeros(12, np.int64), subjects, subjects)
    scores = score_units(samples)
    (twelve,) = [one for one in scores.units if one.unit == "AU12"]
    assert scores.clips == 11 and (twelve.occurs, twelve.precision) == (6, 0.5)
    assert twelve.recall == pytest.approx(4 / 6) and scores.judged == 1 and scores.mean_f1 == twelve.f1
    assert "| AU12 | 6 | 0.50 | 0.67 | 0.57 |" in units_table(scores, "x")


def test_a_step_at_the_reduced_size_moves_the_weights():
    done = CliRunner().invoke(app, ["step", "--model", "fuse_late", "--reduced"])
    assert done.exit_code == 0 and "fuse_late: " in done.stdout and "GFLOP an event" in done.stdout
    assert CliRunner().invoke(app, ["step", "--model", "nobody"]).exit_code == 1
