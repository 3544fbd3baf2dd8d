"""Every model on the same folds of the same data, with its cost and what its authors reported: one table."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch

from models.cloud_grid import grid_points
from models.cloud_recipe import Cloud
from models.cloud_regions import RegionNetwork, RegionShape
from models.protocol.outcome import Outcome, conclude
from models.protocol.recipe import RECIPES, load_recipe
from models.protocol.run import carry_out, make_plan
from models.protocol.samples import MissingInput, Samples
from models.protocol.sources import read_data
from models.systems.catalogue import SYSTEMS
from models.systems.cost import Cost, cost_of

OURS = "cloud"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
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


def names_for(samples: Samples, wanted: Sequence[str]) -> list[str]:
    """Models that can read these data, ours first."""
    names = list(wanted) if wanted else [name for name in RECIPES if name not in _NOT_COMPARED]
    readable = []
    for name in sorted(names, key=lambda one: (one != OURS, one)):
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
    epochs: int | None = None,
    timing_runs: int = 15,
    say: Callable[[str], None] = print,
) -> list[Line]:
    """Judge every model that can read the data, leave-one-subject-out, last epoch.

    Args:
        data: as `python -m models loso --data` takes it.
        wanted: models; all that can read the data when empty.
        runs: a folder per model is kept here; finished folds are not run again.
        command: for the record.
        seeds: of each model.
        jobs: folds at a time.
        epochs: instead of each model's own number; for trying the command.
        timing_runs: of each network.
        say: hears of progress.

    Raises:
        models.protocol.sources.DataError: data that cannot be read.
        models.protocol.recipe.UnknownRecipe: an unknown model.
        models.protocol.run.RunError: a folder that holds another run.
    """
    samples = read_data(data, say)
    lines = []
    for name in names_for(samples, wanted):
        begun = time.monotonic()
        recipe = load_recipe(name)
        if epochs is not None and hasattr(recipe, "epochs"):
            recipe = load_recipe(name, {"epochs": epochs})
        plan = make_plan(data, samples, recipe, False)
        folder = runs / data.partition(":")[0] / name
        folder.mkdir(parents=True, exist_ok=True)
        predictions = carry_out(plan, samples, seeds, jobs, folder, lambda done, total: None)
        seconds = _seconds(folder, time.monotonic() - begun)
        outcome = conclude(plan, predictions, [], folder, command, seconds)
        lines.append(Line(name, data, outcome, _cost(name, False, timing_runs), _full_cost(name), seconds))
        say(f"{name}: UF1 {outcome.scores.uf1.mean:.3f}, UAR {outcome.scores.uar.mean:.3f}, {seconds:.0f} s")
    return lines


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


def table(lines: Sequence[Line]) -> str:
    """Lines of one data set as Markdown, best UF1 first."""
    if not lines:
        return "No model was run.\n"
    scores = lines[0].outcome.scores
    rows = [
        "| model | UF1 | 95 % over subjects | UAR | parameters | GFLOP | ms per event, CPU | ms, GPU | reduced to "
        "| at published size | published | published protocol |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for line in sorted(lines, key=lambda one: -one.outcome.scores.uf1.mean):
        system = SYSTEMS.get(line.model)
        title = f"`{line.model}` (the default)" if line.model == OURS else f"`{line.model}`"
        low, high = line.outcome.interval
        rows.append(
            f"| {title} | {line.outcome.scores.uf1.mean:.3f} | {low:.3f} to {high:.3f} "
            f"| {line.outcome.scores.uar.mean:.3f} | {_figures(line.cost)} "
            f"| {(system.reduced if system else '') or 'nothing'} | {_size(line.full)} "
            f"| {f'{system.published.figure} ({system.published.source})' if system else ''} "
            f"| {system.published.protocol if system else ''} |"
        )
    kind = lines[0].data.partition(":")[0]
    seeds = len(scores.seeds)
    told = (
        f"{kind}: {scores.events} events of {scores.subjects} subjects, leave-one-subject-out, last epoch, pooled, "
        f"{seeds} seed{'s' * (seeds > 1)}. {platform.machine()} {platform.system()}, one thread; the time is the "
        "network's alone, median over runs, in torch.\n"
    )
    return told + "\n" + "\n".join(rows) + "\n\n" + verdict(lines) + "\n"


def verdict(lines: Sequence[Line]) -> str:
    """Which model wins, and what the default costs against it."""
    best = max(lines, key=lambda one: one.outcome.scores.uf1.mean)
    ours = next((line for line in lines if line.model == OURS), None)
    if ours is None:
        return f"Best here: `{best.model}`. The default was not run."
    if best is ours:
        networks = [line for line in lines if line is not ours and line.cost is not None]
        second = max(networks, key=lambda one: one.outcome.scores.uf1.mean, default=None)
        if second is None or ours.cost is None or second.cost is None:
            return "The default wins."
        ratio = second.cost.gflop / ours.cost.gflop
        return f"The default wins; next of the networks is `{second.model}`, at {ratio:.2g} times its GFLOP."
    gap = best.outcome.scores.uf1.mean - ours.outcome.scores.uf1.mean
    return f"`{best.model}` wins over the default by {gap:.3f} UF1."


def _figures(cost: Cost | None) -> str:
    if cost is None:
        return "no network | | | "
    return f"{_count(cost.parameters)} | {cost.gflop:.3g} | {_ms(cost.cpu_ms)} | {_ms(cost.gpu_ms)}"


def _size(cost: Cost | None) -> str:
    return "" if cost is None else f"{_count(cost.parameters)}, {cost.gflop:.3g} GFLOP"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _count(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M" if parameters >= 1e5 else f"{parameters}"


def put_into(page: Path, tables: Sequence[str]) -> None:
    """Replace what stands between the page's two marks.

    Raises:
        ValueError: a page without them.
    """
    text = page.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page}: has no lines {BEGIN} and {END}, between which the table goes")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    page.write_text(before + "\n\n" + "\n".join(tables) + "\n" + after)
