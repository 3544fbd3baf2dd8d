"""From the verdicts of a run to its figures, its comparisons and the files that tell them."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec

from models.protocol.bootstrap import Comparison, compare, interval
from models.protocol.predictions import Predictions, read_predictions, write_predictions
from models.protocol.run import Plan
from models.protocol.scores import Scores, score


class Outcome(msgspec.Struct, frozen=True):
    """Everything a run says; written as result.json."""

    plan: Plan
    command: str
    seconds: float  # this call took; less than the whole run when folds were there from before
    machine: str
    scores: Scores
    interval: tuple[float, float]  # 95 % of UF1, mean over seeds, over resampled subjects
    comparisons: list[Comparison]


def conclude(
    plan: Plan, predictions: Predictions, against: Sequence[Path], out: Path, command: str, seconds: float
) -> Outcome:
    """Score a run, compare it, and write predictions.csv, result.json and report.html.

    Raises:
        models.protocol.predictions.PredictionsError: a folder to be compared with holds no run on the same events.
    """
    from models.protocol.report import write_report

    write_predictions(predictions, out / "predictions.csv")
    comparisons = [
        compare(predictions, read_predictions(folder / "predictions.csv"), _name(folder)) for folder in against
    ]
    machine = f"{platform.machine()} {platform.system()}, Python {platform.python_version()}"
    outcome = Outcome(plan, command, round(seconds, 1), machine, score(predictions), interval(predictions), comparisons)
    (out / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(outcome), indent=2) + b"\n")
    write_report(outcome, predictions, out / "report.html")
    return outcome


def _name(folder: Path) -> str:
    """The model of another run and the folder it lies in."""
    try:
        plan = msgspec.json.decode((folder / "run.json").read_bytes(), type=Plan)
    except (OSError, msgspec.MsgspecError):
        return folder.name
    return f"{plan.model}{' (leaky)' if plan.leaky else ''} [{folder.name}]"
