"""Expressions drawn at random, as often as annotators of micro-expressions saw their action units together."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.labels import ACTION_UNITS, CLASSES
from models.simulator.action_units import BOTH_SIDES_ONLY


class Priors(NamedTuple):
    """What one body of annotations says about one class; shares are of the class's samples."""

    together: dict[tuple[str, ...], float]  # frequent sets of action units
    units: dict[str, float]  # every action unit
    counts: dict[int, float]  # how many act at once
    unilateral: dict[str, float]  # share of an action unit's occurrences on one side only


@lru_cache(maxsize=1)
def priors() -> dict[tuple[str, str], Priors]:
    """By (scope, class). Counted over the published annotation sheets of CASME II and SAMM, and over six data sets."""
    found: dict[tuple[str, str], Priors] = {}
    with Path(__file__).with_name("expression_priors.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            prior = found.setdefault((row["scope"], row["class"]), Priors({}, {}, {}, {}))
            share = float(row["share"])
            if row["kind"] == "together":
                prior.together[tuple(f"AU{number}" for number in row["item"].split("+"))] = share
            elif row["kind"] == "count":
                prior.counts[int(row["item"])] = share
            else:
                prior.units[f"AU{row['item']}"] = share
                prior.unilateral[f"AU{row['item']}"] = float(row["unilateral"])
    return found


def draw_expression(label: int, random: np.random.Generator) -> dict[str, float]:
    """Activations of one expression in arbitrary common strength.

    Args:
        label: number in `models.labels.CLASSES`.
        random: source of chance.

    Returns:
        Activations by action unit; two-sided units as `AU12L` and `AU12R`. Keys are the units that count as present.
    """
    scope = ("CASME2+SAMM", "ALL6")[random.integers(2)]
    prior = priors()[scope, CLASSES[label]]
    return _draw_activations(_draw_units(prior, random), prior.unilateral, random)


def draw_any_units(random: np.random.Generator) -> dict[str, float]:
    """Activations of one to three action units that need not make sense together, rare ones as often as common ones."""
    count = random.choice(3, p=(0.5, 0.35, 0.15)) + 1
    units = tuple(str(unit) for unit in random.choice(ACTION_UNITS, count, replace=False))
    return _draw_activations(units, dict.fromkeys(units, 0.2), random)


def _draw_activations(
    units: tuple[str, ...], unilateral: dict[str, float], random: np.random.Generator
) -> dict[str, float]:
    activations: dict[str, float] = {}
    for unit in units:
        strength = float(np.exp(random.normal(0, 0.35)))
        if unit in BOTH_SIDES_ONLY:
            activations[unit] = strength
            continue
        left, right = np.exp(random.normal(0, 0.12, 2))
        if random.random() < min(unilateral[unit], 0.6):
            weak = random.uniform(0, 0.3)
            left, right = (left, weak) if random.random() < 0.5 else (weak, right)
        activations[unit + "L"], activations[unit + "R"] = strength * left, strength * right
    return activations


def draw_idle_activity(random: np.random.Generator) -> dict[str, float]:
    """Activations of a face that expresses nothing: at rest, blinking, speaking, swallowing."""
    activations: dict[str, float] = {}
    if random.random() < 0.4:
        closure = float(random.uniform(0.1, 1.0))
        activations |= {"AU45": closure, "AU4": closure * random.uniform(0, 0.12), "AU6": random.uniform(0, 0.04)}
    if random.random() < 0.3:
        activations |= {"AU26": random.uniform(0.02, 0.5), "AU25": random.uniform(0, 0.4)}
        activations |= {"AU17": random.uniform(0, 0.1), "AU23": random.uniform(0, 0.2)}
    return activations


def _draw_units(prior: Priors, random: np.random.Generator) -> tuple[str, ...]:
    sets = list(prior.together)
    shares = np.array([prior.together[units] for units in sets])
    if random.random() < shares.sum():
        return sets[random.choice(len(sets), p=shares / shares.sum())]
    counts, units = list(prior.counts), list(prior.units)
    how_often = np.array([prior.counts[count] for count in counts])
    weights = np.array([prior.units[unit] for unit in units])
    count = counts[random.choice(len(counts), p=how_often / how_often.sum())]
    chosen = random.choice(len(units), size=min(count, len(units)), replace=False, p=weights / weights.sum())
    return tuple(units[index] for index in chosen)
