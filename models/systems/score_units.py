"""How well the shipped network tells action units, on prepared clips whose sheets name them."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.labels import ACTION_UNITS
from models.metrics import f1_per_action_unit
from models.preparation.predicted_units import predict_units
from models.protocol.samples import Samples

PRESENT = 0.5


class UnitScore(msgspec.Struct, frozen=True):
    """One action unit."""

    unit: str
    occurs: int  # clips
    precision: float | None  # None where it was never said
    recall: float | None  # None where it never occurs
    f1: float | None


class UnitScores(msgspec.Struct, frozen=True):
    """All of them, over the clips whose action units somebody coded."""

    clips: int
    subjects: int
    units: tuple[UnitScore, ...]
    mean_f1: float  # over those that occur at least `least` times
    least: int
    judged: int  # units that do


def score_units(samples: Samples, least: int = 5) -> UnitScores:
    """Judge every coded clip by its cloud from onset to apex.

    Args:
        samples: with the fields `clouds` and `units` of a store.
        least: occurrences below which a unit is listed and not averaged.

    Raises:
        ValueError: no clip has coded action units.
        models.preparation.predicted_units.ShippedNetworkMissing: the network is damaged.
    """
    stored = np.asarray(samples.inputs["units"])
    coded = np.flatnonzero((stored >= 0).all(axis=1))
    if not len(coded):
        raise ValueError("no clip in these data has coded action units")
    truth: NDArray[np.bool_] = stored[coded] > 0
    said = np.stack([predict_units(samples.inputs["clouds"][int(at)]) >= PRESENT for at in coded])
    hits, told, there = (truth & said).sum(axis=0), said.sum(axis=0), truth.sum(axis=0)
    f1 = f1_per_action_unit(truth, said, least_occurrences=1)
    rows = tuple(
        UnitScore(name, int(there[at]), _share(hits[at], told[at]), _share(hits[at], there[at]), _number(f1[at]))
        for at, name in enumerate(ACTION_UNITS)
    )
    judged = f1[there >= least]
    mean = float(np.mean(judged)) if len(judged) else float("nan")
    return UnitScores(len(coded), len(np.unique(samples.subject[coded])), rows, mean, least, len(judged))


def units_table(scores: UnitScores, command: str) -> str:
    """As Markdown; units that neither occur nor were said are left out."""
    rows = ["| action unit | clips with it | precision | recall | F1 |", "|---|---|---|---|---|"]
    rows += [
        f"| {one.unit} | {one.occurs} | {_cell(one.precision)} | {_cell(one.recall)} | {_cell(one.f1)} |"
        for one in scores.units
        if one.occurs or one.precision is not None
    ]
    told = (
        f"{scores.clips} clips of {scores.subjects} subjects, present from {PRESENT} on, by `{command}`. "
        f"Mean F1 of the {scores.judged} action units that occur at least {scores.least} times: {scores.mean_f1:.3f}.\n"
    )
    return told + "\n" + "\n".join(rows) + "\n"


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
