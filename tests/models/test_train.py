"""Training from nothing to an exported network, at the smallest size that exercises every step."""

import json

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from engine.export import export_checkpoint  # noqa: E402
from engine.pick import load  # noqa: E402
from models.cloud_samples import load_samples  # noqa: E402
from models.cloud_training import vary  # noqa: E402
from models.train import TrainError, TrainSettings, read_settings, train  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("train")
    settings = read_settings(None, samples=160, held_out=60, epochs=2, seed=77)
    fitted = msgspec.structs.replace(settings.fit, batch=32)
    lines = []
    report = train(
        msgspec.structs.replace(settings, fit=fitted), out, "python -m models train --model cloud", lines.append
    )
    return out, report, lines


def test_report_is_written_as_returned(trained):
    out, report, lines = trained
    assert json.loads((out / "result.json").read_text()) == msgspec.to_builtins(report)
    assert report.parameters < 500_000
    assert sum(map(sum, report.confusion)) == (load_samples(out / "samples" / "validation").label >= 0).sum()
    assert sum(line.startswith("epoch") for line in lines) == 2


def test_purposes_share_no_sample(trained):
    clouds = [np.asarray(load_samples(trained[0] / "samples" / name).clouds) for name in ("training", "validation")]
    first = {cloud.tobytes() for cloud in clouds[0]}
    assert not any(cloud.tobytes() in first for cloud in clouds[1])


def test_checkpoint_exports_with_parity_and_metadata(trained, tmp_path):
    out, report, _ = trained
    parity = export_checkpoint(out / "cloud.pt", tmp_path / "cloud.onnx")
    assert max(parity) < 1e-4
    classifier = load("cloud", folder=tmp_path)
    assert classifier.certain == pytest.approx(report.certain)
    assert classifier.provenance.trained_by == "python -m models train --model cloud"
    assert "/" not in (tmp_path / "manifest.json").read_text(), "no path of the machine that trained it"
    assert str(out).encode() not in (tmp_path / "cloud.onnx").read_bytes()


def test_varied_clouds_keep_their_form():
    random = torch.Generator().manual_seed(2)
    clouds = torch.randn(5, 8, 128, 6)
    clouds[:, 2] = 0
    varied = vary(clouds, 40, random)
    assert varied.shape == (5, 8, 40, 6)
    assert torch.isfinite(varied).all()
    assert (varied[:, 2] == 0).all(), "a missing region stays missing"
    assert not torch.equal(varied, vary(clouds, 40, random))


def test_settings_come_from_file_and_command_line(tmp_path):
    file = tmp_path / "train.toml"
    file.write_text("samples = 5\nmost_risk = 0.2\n[fit]\nepochs = 3\n[nuisance.capture]\nnoise = 9.0\n")
    settings = read_settings(file, samples=7, seed=None)
    assert (settings.samples, settings.most_risk, settings.fit.epochs) == (7, 0.2, 3)
    assert settings.nuisance.capture.noise == 9.0
    assert settings.nuisance.stranger == TrainSettings().nuisance.stranger


@pytest.mark.parametrize("text", ["sample = 5", "samples = 'many'", "[fit\n", "[fit]\nepoch = 3"])
def test_unusable_settings_are_one_line(tmp_path, text):
    file = tmp_path / "train.toml"
    file.write_text(text)
    with pytest.raises(TrainError, match=r"train\.toml: ") as caught:
        read_settings(file)
    assert "\n" not in str(caught.value)


def test_missing_settings_file(tmp_path):
    with pytest.raises(TrainError, match=r"none\.toml"):
        read_settings(tmp_path / "none.toml")
