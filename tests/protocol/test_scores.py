"""Pooled scores, paired intervals, and the table of predictions."""

import numpy as np
import pytest

from models.metrics import uar, uf1
from models.protocol.bootstrap import compare, interval
from models.protocol.predictions import COLUMNS, Predictions, PredictionsError, read_predictions, write_predictions
from models.protocol.scores import score


def predictions(right=0.7, seeds=2, count=90, seed=0):
    random = np.random.default_rng(seed)
    parts = []
    label = random.integers(0, 3, count)
    for number in range(1, seeds + 1):
        said = np.where(random.random(count) < right, label, random.integers(0, 3, count))
        chances = 0.7 * np.eye(3)[said] + 0.1
        names = np.array([f"e{row:03d}" for row in range(count)])
        subjects = np.array([f"s{row // 10}" for row in range(count)])
        datasets = np.where(np.arange(count) < 40, "one", "two")
        parts.append((names, subjects, datasets, label, chances, np.full(count, number)))
    return Predictions(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def test_scores_are_pooled_over_folds_and_averaged_over_seeds():
    table = predictions()
    figures = score(table)
    expected = [uf1(part.label, part.said) for part in (table.of_seed(1), table.of_seed(2))]
    assert figures.uf1.by_seed == pytest.approx(expected)
    assert figures.uf1.mean == pytest.approx(np.mean(expected))
    assert figures.uf1.deviation == pytest.approx(np.std(expected, ddof=1))
    first = table.of_seed(1)
    one = first.dataset == "one"
    assert figures.by_dataset["one"]["uar"].by_seed[0] == pytest.approx(uar(first.label[one], first.said[one]))
    assert sum(map(sum, figures.confusion)) == 180
    assert sum(subject.events for subject in figures.by_subject) == 90


def test_a_run_does_not_beat_itself():
    same = compare(predictions(), predictions(), "itself", resamples=300)
    assert (same.difference, same.low, same.high, same.better) == (0, 0, 0, 0)


def test_a_better_run_is_found_better():
    better = compare(predictions(0.95), predictions(0.4), "guesses", resamples=500)
    assert better.low > 0.1
    assert better.better == 1
    low, high = interval(predictions(0.95), resamples=500)
    assert low < score(predictions(0.95)).uf1.mean < high


def test_runs_on_other_events_are_not_compared():
    with pytest.raises(PredictionsError, match="other events"):
        compare(predictions(), predictions(count=80), "x")


def test_the_table_comes_back(tmp_path):
    table = predictions()
    write_predictions(table, tmp_path / "predictions.csv")
    assert (tmp_path / "predictions.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    back = read_predictions(tmp_path / "predictions.csv")
    assert np.array_equal(back.name, table.name)
    assert np.array_equal(back.said, table.said)
    assert np.allclose(back.probabilities, table.probabilities, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "says"),
    [("a,b\n", "its columns must be"), (",".join(COLUMNS) + "\nx,s,d,joy,joy,1,0,0,1\n", "no prediction")],
)
def test_a_table_of_something_else_is_refused(tmp_path, text, says):
    file = tmp_path / "predictions.csv"
    file.write_text(text)
    with pytest.raises(PredictionsError, match=says):
        read_predictions(file)
