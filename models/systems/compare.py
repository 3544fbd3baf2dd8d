"""Every model on the same folds of the same data, with its cost and what its authors reported: one table."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from models.cloud_grid import grid_points
from models.cloud_recipe import Cloud
from models.cloud_regions import RegionNetwork, RegionShape
from models.protocol.outcome import Outcome, conclude
from models.protocol.recipe import RECIPES, Recipe, load_recipe
from models.protocol.run import Plan, carry_out, is_done, make_plan
from models.protocol.samples import MissingInput, Samples
from models.protocol.sources import read_data
from models.systems.catalogue import SYSTEMS
from models.systems.cost import Cost, cost_of

OURS = "cloud"
_NOT_COMPARED = frozenset({"cloud-simulated"})
"""Models that learn from other data than the folds they are judged on."""


class Line(msgspec.Struct, frozen=True):
    """One model on one data set."""

    model: str
    data: str
    outcome: Outcome
    cost: Cost | None  # None for what is no network
    full: Cost | None  # at the published size, where that is another
    seconds: float  # of this model's folds, now or when they were made
    epochs: int | None = None  # None for what has none


def names_for(samples: Samples, wanted: Sequence[str]) -> list[str]:
    """Models that can read these data: those wanted, or all, ours first."""
    every = sorted(RECIPES.keys() - _NOT_COMPARED, key=lambda one: (one != OURS, one))
    readable = []
    for name in wanted or every:
        try:
            for field in load_recipe(name).needs:
                samples.inputs[field]
            readable.append(name)
        except MissingInput:
            continue
    return readable


def compare(
    data: str,
    wanted: Sequence[str],
    runs: Path,
    command: str,
    *,
    seeds: int = 1,
    jobs: int = 1,
    done_only: bool = False,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    timing_runs: int = 15,
    say: Callable[[str], None] = print,
) -> list[Line]:
    """Judge every model that can read the data, leave-one-subject-out, last epoch.

    Args:
        data: as `python -m models loso --data` takes it.
        wanted: models; all that can read the data when empty.
        runs: a folder per model, settings, code and samples is kept here; finished folds are not run again.
        command: for the record.
        seeds: of each model.
        jobs: folds at a time.
        done_only: run nothing; models of which a fold is missing are left out.
        settings: of single models, by their names; the others keep their own.
        timing_runs: of each network.
        say: hears of progress.

    Raises:
        models.protocol.sources.DataError: data that cannot be read.
        models.protocol.recipe.UnknownRecipe: an unknown model.
        models.protocol.run.RunError: a folder that holds something else.
        ValueError: settings for a model that does not exist.
    """
    samples = read_data(data, say)
    lines = []
    names = names_for(samples, wanted)
    for name in settings or {}:
        if name not in RECIPES:
            raise ValueError(f"--set {name}....: no model of that name; choose of: {', '.join(sorted(RECIPES))}")
    for name in names:
        begun = time.monotonic()
        recipe = load_recipe(name, (settings or {}).get(name))
        plan = make_plan(data, samples, recipe, False)
        folder = runs / f"{data.partition(':')[0]}-{name}-{_digest(plan)}"
        if done_only and not is_done(folder, samples, seeds):
            say(f"{name}: left out, not all its folds are there")
            continue
        predictions = carry_out(plan, samples, seeds, jobs, folder, _Told(name, say))
        seconds = _seconds(folder, time.monotonic() - begun)
        outcome = conclude(plan, predictions, [], folder, command, seconds)
        epochs = _epochs(name, recipe)
        lines.append(Line(name, data, outcome, _cost(name, False, timing_runs), _full_cost(name), seconds, epochs))
        say(f"{name}: UF1 {outcome.scores.uf1.mean:.3f}, UAR {outcome.scores.uar.mean:.3f}, {seconds:.0f} s")
    return lines


class _Told:
    """Says every ten seconds how far a model's folds are."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name, self._say, self._told = name, say, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told > 10:
            self._told = time.monotonic()
            self._say(f"{self._name}: {done}/{total} folds")


def _digest(plan: Plan) -> str:
    """Of all that decides a run; where its data lie does not."""
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(plan, data=""))).hexdigest()[:8]


def _epochs(name: str, recipe: Recipe) -> int | None:
    own = getattr(recipe, "epochs", None)
    return SYSTEMS[name].fit.epochs if own is None and name in SYSTEMS else own


def _seconds(folder: Path, now: float) -> float:
    """The longest this run ever took: a run whose folds are there already takes none."""
    try:
        before = msgspec.json.decode((folder / "result.json").read_bytes(), type=Outcome).seconds
    except (OSError, msgspec.MsgspecError):
        before = 0.0
    return max(before, now)


def _cost(name: str, full: bool, timing_runs: int) -> Cost | None:
    if name in SYSTEMS:
        with torch.device("meta"):
            shapes = [one.shape for one in SYSTEMS[name].make(3, full).inputs]
        return cost_of(lambda: SYSTEMS[name].make(3, full).network, shapes, timing_runs)
    if name == OURS:
        own = Cloud()
        shape = RegionShape(hidden=own.hidden, noise=own.noise)
        points = grid_points(np.zeros((1, 28, 28, 3), np.uint8)).shape[1:]
        return cost_of(lambda: RegionNetwork(shape), [points], timing_runs)
    return None


def _full_cost(name: str) -> Cost | None:
    return _cost(name, True, 0) if name in SYSTEMS and SYSTEMS[name].reduced else None
