"""How right the verdicts of a replay are: class and action units of the expressions that were spotted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.calibration import expected_calibration_error
from models.labels import ACTION_UNITS, CLASSES
from models.metrics import confusion, f1_per_action_unit, recall_per_class, uar, uf1
from models.simulator.truth import TruthRow
from models.spotting_files import ScoringError, read_events, read_scored_clips, true_interval
from models.spotting_metrics import match


class Verdicts(NamedTuple):
    """N spotted expressions with their truth."""

    label: NDArray[np.int64]  # (N,) number in models.labels.CLASSES
    probabilities: NDArray[np.float64]  # (N, 3)
    stated: NDArray[np.bool_]  # (N,) a class was named, not `uncertain`
    true_units: NDArray[np.bool_]  # (N, A) in the order of models.labels.ACTION_UNITS
    said_units: NDArray[np.bool_]  # (N, A)
    micro: NDArray[np.bool_]  # (N,)


class _Told(msgspec.Struct):
    """Of a line of an events file, what the network said."""

    label: str
    probabilities: dict[str, float]
    action_units: dict[str, float]


def read_verdicts(truth: Path, events: Path) -> tuple[Verdicts, int]:
    """Pair verdicts with the truth by the spotting protocol: same kind, IoU of at least 0.5.

    Args:
        truth: holds `NAME.truth.csv`, see `models.spotting_files.read_scored_clips`.
        events: holds `NAME.events.jsonl`, as `run_camera.py replay` writes them.

    Returns:
        The spotted expressions, and how many true ones there were.

    Raises:
        ScoringError: files are missing, are not what they should be, or nothing was spotted.
    """
    rows: list[tuple[TruthRow, _Told]] = []
    total = 0
    for clip in read_scored_clips(truth, events):
        file = events / f"{clip.name}.events.jsonl"
        told = [_told(line, file) for line in file.read_text(encoding="utf-8").splitlines()]
        found = read_events(file)
        for kind in ("micro", "macro"):
            true = [row for row in clip.rows if row.kind == kind and row.label in CLASSES]
            mine = [index for index, interval in enumerate(found) if interval.kind == kind]
            pairs = match([true_interval(row) for row in true], [found[index] for index in mine])
            rows += [(true[row], told[mine[column]]) for row, column in pairs]
            total += len(true)
    if not rows:
        raise ScoringError(f"{events}: no event there matches a true expression in {truth}")
    return _verdicts(rows), total


def score_verdicts(verdicts: Verdicts, total: int, least_occurrences: int = 5) -> dict[str, Any]:
    """All figures, ready for JSON.

    Args:
        verdicts: of spotted expressions.
        total: true expressions, spotted or not.
        least_occurrences: of an action unit among the spotted expressions for its F1 to count.
    """
    label, said = verdicts.label, verdicts.probabilities.argmax(axis=1)
    units = f1_per_action_unit(verdicts.true_units, verdicts.said_units, least_occurrences)
    counted = np.isfinite(units)
    counts = confusion(label, said, len(CLASSES))
    stated = verdicts.stated
    return {
        "true": total,
        "spotted": len(label),
        "uf1": uf1(label, said),
        "uar": uar(label, said),
        "accuracy": float((label == said).mean()),
        "uf1_by_kind": {
            name: uf1(label[mine], said[mine])
            for name, mine in (("micro", verdicts.micro), ("macro", ~verdicts.micro))
            if mine.any()
        },
        "recall": dict(zip(CLASSES, recall_per_class(counts).tolist(), strict=True)),
        "confusion": counts.tolist(),
        "stated": float(stated.mean()),
        "right_of_stated": float((label == said)[stated].mean()) if stated.any() else None,
        "calibration_error": expected_calibration_error(verdicts.probabilities, label),
        "action_unit_f1": {
            name: None if np.isnan(score) else float(score) for name, score in zip(ACTION_UNITS, units, strict=True)
        },
        "action_units_counted": int(counted.sum()),
        "least_occurrences": least_occurrences,
        "mean_action_unit_f1": float(units[counted].mean()) if counted.any() else None,
        "pooled_action_unit_f1": _pooled_f1(verdicts.true_units, verdicts.said_units),
    }


def _told(line: str, file: Path) -> _Told:
    try:
        return msgspec.convert(json.loads(line), _Told)
    except (ValueError, msgspec.ValidationError) as error:
        raise ScoringError(f"{file}: not a verdict ({error})") from None


def _verdicts(rows: list[tuple[TruthRow, _Told]]) -> Verdicts:
    true_units = [{"AU" + code.lstrip("LR") for code in row.action_units.split("+")} for row, _ in rows]
    return Verdicts(
        np.array([CLASSES.index(row.label) for row, _ in rows], np.int64),
        np.array([[told.probabilities.get(name, 0.0) for name in CLASSES] for _, told in rows], np.float64),
        np.array([told.label != "uncertain" for _, told in rows]),
        np.array([[unit in present for unit in ACTION_UNITS] for present in true_units]),
        np.array([[unit in told.action_units for unit in ACTION_UNITS] for _, told in rows]),
        np.array([row.kind == "micro" for row, _ in rows]),
    )


def _pooled_f1(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """F1 over all units together, so that a rare one weighs as often as it occurs."""
    return float(2 * (truth & said).sum() / max(truth.sum() + said.sum(), 1))
