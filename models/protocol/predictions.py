"""The verdicts of a run: one row per event and seed, as arrays and as `predictions.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.labels import CLASSES

COLUMNS = (
    *("name", "subject", "dataset", "label", "prediction"),
    *("p_negative", "p_positive", "p_surprise", "seed"),
)


class PredictionsError(ValueError):
    """A table of predictions that cannot be used; the message says why."""


@dataclass(frozen=True)
class Predictions:
    """Rows in order of seed, subject and name."""

    name: NDArray[np.str_]
    subject: NDArray[np.str_]
    dataset: NDArray[np.str_]
    label: NDArray[np.int64]
    probabilities: NDArray[np.float64]  # (N, 3)
    seed: NDArray[np.int64]

    @property
    def said(self) -> NDArray[np.int64]:
        """The class of largest probability, (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    def seeds(self) -> list[int]:
        """Which seeds there are, rising."""
        return [int(seed) for seed in np.unique(self.seed)]

    def of_seed(self, seed: int) -> Predictions:
        """The rows of one seed, in order of subject and name."""
        mine = np.flatnonzero(self.seed == seed)
        mine = mine[np.lexsort([self.name[mine], self.subject[mine]])]
        return Predictions(
            self.name[mine], self.subject[mine], self.dataset[mine],
            self.label[mine], self.probabilities[mine], self.seed[mine],
        )  # fmt: skip


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write the table; probabilities with six digits."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for row in range(len(predictions.name)):
            words = CLASSES[predictions.label[row]], CLASSES[predictions.said[row]]
            chances = (f"{chance:.6f}" for chance in predictions.probabilities[row])
            who = predictions.name[row], predictions.subject[row], predictions.dataset[row]
            table.writerow([*who, *words, *chances, int(predictions.seed[row])])


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises:
        PredictionsError: no such file, other columns, or values that are none.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            if tuple(table.fieldnames or ()) != COLUMNS:
                raise PredictionsError(f"{path} is no table of predictions: its columns must be {','.join(COLUMNS)}")
            rows = list(table)
        return Predictions(
            np.array([row["name"] for row in rows], np.str_),
            np.array([row["subject"] for row in rows], np.str_),
            np.array([row["dataset"] for row in rows], np.str_),
            np.array([CLASSES.index(row["label"]) for row in rows], np.int64),
            np.array([[float(row[column]) for column in COLUMNS[5:8]] for row in rows], np.float64).reshape(-1, 3),
            np.array([int(row["seed"]) for row in rows], np.int64),
        )
    except FileNotFoundError:
        raise PredictionsError(f"{path} does not exist: give the --out folder of a finished run") from None
    except (TypeError, ValueError) as error:
        if isinstance(error, PredictionsError):
            raise
        raise PredictionsError(f"{path} holds a row that is no prediction: {error}") from None
