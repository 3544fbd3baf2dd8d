"""`python -m models loso`, as a user meets it."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="needs the train extra")

from models.__main__ import app
from models.protocol import run as run_module


def loso(*arguments):
    return CliRunner().invoke(app, ["loso", *map(str, arguments)])


def test_a_run_leaves_its_three_files(archive, tmp_path):
    out = tmp_path / "run"
    result = loso("--data", f"megc2019:{archive}", "--model", "svm", "--seeds", 2, "--out", out)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader((out / "predictions.csv").open()))
    columns = "name,subject,dataset,label,prediction,p_negative,p_positive,p_surprise,seed"
    assert (out / "predictions.csv").read_text().startswith(columns + "\n")
    assert len(rows) == 2 * 36
    assert {row["seed"] for row in rows} == {"1", "2"}
    assert {row["label"] for row in rows} == {"negative", "positive", "surprise"}
    for row in rows:
        chances = {word: float(row[f"p_{word}"]) for word in ("negative", "positive", "surprise")}
        assert max(chances, key=chances.get) == row["prediction"]
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
    figures = json.loads((out / "result.json").read_text())
    assert figures["scores"]["uf1"]["mean"] > 0.9  # the classes are easy to tell apart
    page = (out / "report.html").read_text()
    for words in ("Confusion", "Reliability", "Coverage and risk", "lab/00", "<svg"):
        assert words in page


def test_a_run_goes_on_where_it_was_cut_off(archive, tmp_path, monkeypatch):
    out = tmp_path / "run"
    judged = []
    judge = run_module.judge_fold

    def stop_after_three(recipe, samples, fold, seed):
        if len(judged) == 3:
            raise KeyboardInterrupt
        judged.append(fold.subject)
        return judge(recipe, samples, fold, seed)

    monkeypatch.setattr(run_module, "judge_fold", stop_after_three)
    cut = loso("--data", f"megc2019:{archive}", "--model", "svm", "--out", out)
    assert cut.exit_code == 1
    assert "goes on from there" in cut.output
    judged.clear()
    monkeypatch.setattr(run_module, "judge_fold", lambda *given: judged.append(given[2].subject) or judge(*given))
    result = loso("--data", f"megc2019:{archive}", "--model", "svm", "--out", out)
    assert result.exit_code == 0
    assert judged == ["lab/03", "lab/04", "lab/05"]


def test_processes_give_what_one_process_gives(archive, tmp_path):
    given = ("--data", f"megc2019:{archive}", "--model", "logistic")
    for jobs in (1, 2):
        assert loso(*given, "--jobs", jobs, "--out", tmp_path / str(jobs)).exit_code == 0
    tables = [(tmp_path / str(jobs) / "predictions.csv").read_text() for jobs in (1, 2)]
    assert tables[0] == tables[1]


def test_the_default_network_learns_repeats_and_leaks_only_where_told(archive, tmp_path):
    few = ("--set", "epochs=6", "--set", "hidden=32", "--set", "batch=8", "--set", "learning_rate=0.01")
    given = ("--data", f"megc2019:{archive}", "--model", "cloud", *few)
    assert loso(*given, "--out", tmp_path / "a").exit_code == 0
    assert loso(*given, "--out", tmp_path / "b").exit_code == 0
    leaky = loso(*given, "--leaky-epoch-choice", "--against", tmp_path / "a", "--out", tmp_path / "c")
    assert "LEAKY" in leaky.output
    texts = [(tmp_path / name / "predictions.csv").read_text() for name in "ab"]
    assert texts[0] == texts[1]
    honest, leaked = (json.loads((tmp_path / name / "result.json").read_text())["scores"] for name in "ac")
    assert honest["uf1"]["mean"] > 0.6
    assert leaked["accuracy"]["mean"] >= honest["accuracy"]["mean"]
    assert "Leaky on purpose" in (tmp_path / "c" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data", "megc2019:nowhere.npz", "--model", "svm"), "no such file"),
        (("--data", "films:x", "--model", "svm"), "write KIND:WHERE"),
        (("--data", "megc2019:{archive}", "--model", "dog"), "no model named 'dog'"),
        (("--data", "megc2019:{archive}", "--model", "svm", "--set", "epochs=3"), "epochs"),
        (("--data", "megc2019:{archive}", "--model", "svm", "--set", "depth"), "write NAME=VALUE"),
        (("--data", "megc2019:{archive}", "--model", "svm", "--leaky-epoch-choice"), "no epochs to choose from"),
        (("--data", "megc2019:{archive}", "--model", "svm", "--against", "nothing"), "does not exist"),
        (("--data", "sim:people=3", "--model", "svm"), "people"),
        (("--data", "sim:subjects=1", "--model", "svm"), "at least 2 subjects"),
        (("--data", "clips:.", "--model", "svm"), "truth.csv"),
    ],
)
def test_bad_input_is_one_line(archive, tmp_path, arguments, says):
    result = loso(*(word.format(archive=archive) for word in arguments), "--out", tmp_path / "run")
    assert result.exit_code == 1
    error = [line for line in result.output.splitlines() if line.startswith("error:")]
    assert len(error) == 1 and says in error[0]
    assert not (tmp_path / "run" / "folds").exists(), "refused before any work"
    assert "Traceback" not in result.output


def test_a_folder_keeps_to_one_run(archive, tmp_path):
    out = tmp_path / "run"
    assert loso("--data", f"megc2019:{archive}", "--model", "svm", "--out", out).exit_code == 0
    other = ("--data", f"megc2019:{archive}", "--model", "svm", "--set", "inverse_penalty=3.0", "--out", out)
    refused = loso(*other)
    assert refused.exit_code == 1
    assert "another settings" in refused.output and "--fresh" in refused.output
    assert loso(*other, "--fresh").exit_code == 0


def test_folds_that_nobody_can_place_are_not_taken(archive, tmp_path):
    out = tmp_path / "run"
    given = ("--data", f"megc2019:{archive}", "--model", "svm", "--out", out)
    assert loso(*given).exit_code == 0
    (out / "folds" / "seed-1" / "002.npz").write_bytes(b"PK damaged")
    damaged = loso(*given)
    assert damaged.exit_code == 1 and "002.npz: not a fold" in damaged.output
    (out / "run.json").unlink()
    refused = loso(*given)
    assert refused.exit_code == 1 and "holds folds, but not run.json" in refused.output
    assert loso(*given, "--fresh").exit_code == 0


def test_an_archive_of_something_else_is_refused(tmp_path):
    file = tmp_path / "x.npz"
    np.savez(file, flow=np.zeros((3, 28, 28, 3)))
    result = loso("--data", f"megc2019:{file}", "--model", "svm", "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert "lacks landmarks, label, subject, dataset, name" in result.output
