"""INT8 through its command: what it writes, what it measures, and when it refuses."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="needs the train extra")

from calibrate import int8 as quantising
from calibrate.__main__ import app
from calibrate.int8 import Report, compare, install
from engine.classifier import ModelError
from engine.manifest import WEIGHTS, find_proof
from engine.pick import choose
from engine.proof import read_proof
from models.cloud_samples import CloudSamples


def run(*arguments):
    return CliRunner().invoke(app, ["int8", *(str(argument) for argument in arguments)])


@pytest.fixture(scope="module")
def samples():
    """The stored real clouds, each a few times with a little noise, labelled as the network labels them."""
    stored = read_proof(find_proof("cloud"))
    random = np.random.default_rng(3)
    clouds = np.repeat(stored.inputs["clouds"], 8, axis=0)
    clouds += random.normal(0, 0.01, clouds.shape).astype(np.float32)
    clouds[..., 5] = np.abs(clouds[..., 5])
    label = np.repeat(stored.answers["probabilities"].argmax(axis=1), 8).astype(np.int8)
    count = len(label)
    return CloudSamples(
        clouds, label, np.zeros((count, 1), bool), np.ones(count, bool), np.ones(count, np.float32), np.arange(count)
    )


@pytest.fixture
def simulated(monkeypatch, samples):
    asked = []

    def simulate(purpose, seed, count, settings, say):
        asked.append((purpose, seed, count))
        return samples

    monkeypatch.setattr(quantising, "simulate", simulate)
    return asked


def test_it_writes_a_network_that_proves_itself(tmp_path, simulated):
    result = run("--out", tmp_path, "--events", 64, "--test-events", 64)
    assert result.exit_code == 0, result.output
    choice = choose("cloud-int8", backend="onnxruntime", folder=tmp_path)
    assert choice.classifier.provenance.precision == "int8" and choice.difference < 1e-5
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["products"] > 10 and report["losses"][0]["events"] == 64
    assert "simulated people never seen, 64 events: UF1" in result.output


def test_ranges_and_test_come_from_different_people(tmp_path, simulated):
    run("--out", tmp_path, "--events", 64, "--test-events", 64)
    (ranges, seed_ranges, _), (test, seed_test, _) = simulated
    assert (ranges.name, test.name) == ("CALIBRATION", "TEST") and seed_test >= 9000 and seed_ranges < 9000


def test_nothing_is_installed_unasked(tmp_path, simulated, monkeypatch):
    monkeypatch.setattr(quantising, "install", lambda report: pytest.fail("installed"))
    assert run("--out", tmp_path, "--events", 64, "--test-events", 64).exit_code == 0


def test_loss_is_counted_as_megc_does():
    truth = np.array([0, 0, 1, 1, 2, 2])
    exact = np.eye(3)[truth]
    rounded = np.eye(3)[[0, 1, 1, 1, 2, 2]]
    loss = compare("here", truth, exact, rounded)
    assert loss.uf1_float32 == loss.uar_float32 == 1
    assert loss.uf1_int8 == pytest.approx((2 / 3 + 4 / 5 + 1) / 3)
    assert loss.uar_int8 == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert loss.lost == pytest.approx(1 - loss.uf1_int8) and loss.other_label == pytest.approx(1 / 6)
    assert loss.largest_difference == 1


def report(tmp_path, *lost):
    losses = [quantising.Loss(f"place {n}", 9, 0.8, 0.8 - one, 0.8, 0.8, 0.0, 0.1) for n, one in enumerate(lost)]
    return Report("cloud", "0" * 64, str(tmp_path / "cloud-int8.onnx"), 15, "minmax", 64, losses)


@pytest.mark.parametrize("lost", [(0.0101,), (0.0, 0.02), (-0.05, 0.011), (0.0, float("nan"))])
def test_what_loses_too_much_anywhere_is_not_installed(tmp_path, lost):
    with pytest.raises(ModelError, match=r"INT8 loses .* UF1 on place .*: not installed"):
        install(report(tmp_path, *lost), tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_loses_little_is_installed_beside_the_others(tmp_path, simulated):
    made, weights = tmp_path / "made", tmp_path / "weights"
    weights.mkdir()
    for file in ("cloud.onnx", "cloud.proof.npz", "manifest.json"):
        (weights / file).write_bytes((WEIGHTS / file).read_bytes())
    measured = quantising.calibrate_int8("cloud", made, 64, 64, "minmax", lambda line: None, weights)
    measured.losses[:] = report(tmp_path, 0.009).losses
    install(measured, weights)
    assert choose("cloud-int8", folder=weights).classifier.provenance.precision == "int8"
    assert choose("cloud", folder=weights).classifier.provenance.precision == "float32"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "none"), "no model named 'none'"),
        (("--method", "magic"), "no method named 'magic'; choose minmax, entropy or percentile"),
        (("--loso", "nonsense"), "write KIND:WHERE"),
    ],
)
def test_bad_wishes_are_one_line(tmp_path, simulated, arguments, said):
    result = run("--out", tmp_path, *arguments)
    assert result.exit_code == 1
    assert said in result.output and "Traceback" not in result.output


def test_without_onnx_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = run()
    assert result.exit_code == 1 and "pip install -e '.[train]'" in result.output
