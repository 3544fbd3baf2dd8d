"""report.html of a leave-one-subject-out run: one page that needs nothing else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from models.calibration import coverage_risk
from models.labels import CLASSES
from models.protocol.predictions import Predictions

if TYPE_CHECKING:
    from models.protocol.outcome import Outcome

_BINS = 10


def write_report(outcome: Outcome, predictions: Predictions, path: Path) -> None:
    """Write the page: figures, confusion, subjects, reliability, coverage and risk, comparisons."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template("report.html.j2").render(
        outcome=outcome,
        scores=outcome.scores,
        classes=CLASSES,
        reliability=_reliability(predictions),
        coverage=_coverage(predictions),
        curve=_curve_table(predictions),
    )
    path.write_text(page, encoding="utf-8")


def _reliability(predictions: Predictions) -> Markup:
    """How often a stated probability was right."""
    confidence = predictions.probabilities.max(axis=1)
    right = predictions.said == predictions.label
    index = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    figure = Figure(figsize=(4.4, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="calibrated")
    present = [number for number in range(_BINS) if (index == number).any()]
    stated = [confidence[index == number].mean() for number in present]
    true = [right[index == number].mean() for number in present]
    counts = [int((index == number).sum()) for number in present]
    axes.plot(stated, true, marker="o", color="#0b5394", label="this run")
    for x, y, count in zip(stated, true, counts, strict=True):
        axes.annotate(str(count), (x, y), textcoords="offset points", xytext=(6, -10), fontsize=8)
    axes.set(xlim=(0.3, 1), ylim=(0, 1), xlabel="stated probability", ylabel="share that was right")
    axes.legend(frameon=False, loc="upper left")
    return _svg(figure, "Reliability: share of right verdicts over stated probability, with the number of events")


def _coverage(predictions: Predictions) -> Markup:
    """What share is wrong when only the surest events get a label."""
    confidence = predictions.probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    wrong = (predictions.said != predictions.label)[order]
    count = np.arange(1, len(wrong) + 1)
    figure = Figure(figsize=(4.4, 3.6), layout="constrained")
    axes = figure.subplots()
    least = max(len(wrong) // 20, 1)  # of fewer events a share says nothing
    axes.plot(count[least - 1 :] / len(wrong), (np.cumsum(wrong) / count)[least - 1 :], color="#0b5394")
    axes.set(xlim=(0, 1), ylim=(0, None), xlabel="coverage: share of events that get a label", ylabel="share wrong")
    return _svg(figure, "Coverage and risk: share of wrong labels over the share of events that get one")


def _curve_table(predictions: Predictions) -> list[Any]:
    return [coverage_risk(predictions.probabilities, predictions.label, threshold / 20) for threshold in range(7, 20)]


def _svg(figure: Figure, says: str) -> Markup:
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "glimpse"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Title": says})
    text = buffer.getvalue()
    return Markup(text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{says}"', 1))
