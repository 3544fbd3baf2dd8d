"""A leave-one-subject-out run: folds over processes, kept as they finish, picked up where a run was cut off."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.protocol.folds import Fold, Judgement, judge_fold, judge_fold_leaking, leave_one_subject_out
from models.protocol.predictions import Predictions
from models.protocol.recipe import Recipe, load_recipe, settings_of
from models.protocol.samples import Samples
from models.protocol.source_digest import source_digest


class RunError(RuntimeError):
    """A run cannot begin or go on; the message says what to do."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is run; two runs of one plan give the same folds. Written as run.json."""

    data: str
    model: str
    settings: dict[str, Any]  # of the recipe, all of them
    leaky: bool
    samples: str  # SHA-256 of the samples
    code: str  # SHA-256 of the source of the model and of its judgement


@dataclass(frozen=True)
class Job:
    """One fold under one seed."""

    number: int
    seed: int


def make_plan(data: str, samples: Samples, recipe: Recipe, leaky: bool) -> Plan:
    """The plan of a run.

    Raises:
        RunError: the model has no epochs that could leak.
        models.protocol.samples.MissingInput: the model reads what these data do not hold.
    """
    for field in recipe.needs:
        samples.inputs[field]
    if leaky and not recipe.has_epochs:
        raise RunError(f"{recipe.name} has no epochs to choose from: leave out --leaky-epoch-choice")
    code = source_digest(type(recipe).__module__, "models.protocol.folds")
    return Plan(data, recipe.name, settings_of(recipe), leaky, _digest(samples, recipe), code)


def carry_out(
    plan: Plan, samples: Samples, seeds: int, jobs: int, out: Path, advanced: Callable[[int, int], None]
) -> Predictions:
    """Run every fold that is not on disk yet, under seeds 1 to `seeds`.

    Args:
        plan: from `make_plan`.
        samples: all of them.
        seeds: how many.
        jobs: processes; 1 runs here.
        out: folder of the run.
        advanced: called with the number of folds done and of all.

    Raises:
        RunError: the folder holds a run of another plan, or a damaged fold; or a process died.
    """
    out.mkdir(parents=True, exist_ok=True)
    _claim(out / "run.json", plan)
    folds = leave_one_subject_out(samples)
    every = [Job(number, seed) for seed in range(1, seeds + 1) for number in range(len(folds))]
    waiting = [job for job in every if not _file(out, job).is_file()]
    done = len(every) - len(waiting)
    advanced(done, len(every))
    for job, judgement in _judge_all(plan, samples, folds, waiting, jobs):
        _keep(_file(out, job), judgement)
        done += 1
        advanced(done, len(every))
    return _gather(samples, folds, every, out)


def is_done(out: Path, samples: Samples, seeds: int) -> bool:
    """Whether every fold of a run is on disk."""
    folds = range(len(leave_one_subject_out(samples)))
    return all(_file(out, Job(number, seed)).is_file() for seed in range(1, seeds + 1) for number in folds)


def _judge_all(
    plan: Plan, samples: Samples, folds: list[Fold], waiting: list[Job], jobs: int
) -> Iterator[tuple[Job, Judgement]]:
    if jobs <= 1 or len(waiting) < 2:
        recipe = load_recipe(plan.model, plan.settings)
        for job in waiting:
            yield job, _judge(recipe, plan, samples, folds[job.number], job.seed)
        return
    # Spawned, since threads of torch and OpenMP do not survive a fork.
    with ProcessPoolExecutor(
        min(jobs, len(waiting)), get_context("spawn"), initializer=_prepare, initargs=(plan, samples)
    ) as pool:
        futures = {pool.submit(_judge_here, job): job for job in waiting}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            raise RunError("a process died, for want of memory perhaps: go on with fewer --jobs") from None
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_worker: dict[str, Any] = {}


def _prepare(plan: Plan, samples: Samples) -> None:
    _worker.update(plan=plan, samples=samples, recipe=load_recipe(plan.model, plan.settings))
    _worker["folds"] = leave_one_subject_out(samples)


def _judge_here(job: Job) -> Judgement:
    fold = _worker["folds"][job.number]
    return _judge(_worker["recipe"], _worker["plan"], _worker["samples"], fold, job.seed)


def _judge(recipe: Recipe, plan: Plan, samples: Samples, fold: Fold, seed: int) -> Judgement:
    return (judge_fold_leaking if plan.leaky else judge_fold)(recipe, samples, fold, seed)


def _claim(file: Path, plan: Plan) -> None:
    written = msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"
    if not file.is_file():
        if next((file.parent / "folds").glob("seed-*/*.npz"), None) is not None:
            raise RunError(f"{file.parent} holds folds, but not {file.name} that says whose: add --fresh")
        file.write_bytes(written)
        return
    try:
        before = msgspec.json.decode(file.read_bytes(), type=Plan)
    except msgspec.MsgspecError:
        raise RunError(f"{file} is no run of this command: choose another --out, or add --fresh") from None
    now = msgspec.json.decode(written, type=Plan)
    # Where the data lie may change; what they hold may not.
    other = [
        field for field in Plan.__struct_fields__ if field != "data" and getattr(before, field) != getattr(now, field)
    ]
    if other:
        what = " and another ".join(other)
        raise RunError(f"{file.parent} holds a run with another {what}: choose another --out, or add --fresh")


def discard(out: Path) -> None:
    """Remove the folds of an earlier run, and nothing else."""
    for file in (out / "folds").glob("seed-*/*.npz"):
        file.unlink()
    (out / "run.json").unlink(missing_ok=True)


def _file(out: Path, job: Job) -> Path:
    return out / "folds" / f"seed-{job.seed}" / f"{job.number:03d}.npz"


def _keep(file: Path, judgement: Judgement) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    with unfinished.open("wb") as stream:
        np.savez(stream, probabilities=judgement.probabilities, epoch=judgement.epoch)
    unfinished.replace(file)


def _read(file: Path) -> NDArray[np.float64]:
    try:
        with np.load(file, allow_pickle=False) as archive:
            return np.asarray(archive["probabilities"], np.float64)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise RunError(f"{file}: not a fold ({error}); delete it, and the same command judges it again") from None


def _gather(samples: Samples, folds: list[Fold], every: list[Job], out: Path) -> Predictions:
    rows, chances, seeds = [], [], []
    for job in every:
        chances.append(_read(_file(out, job)))
        rows.append(folds[job.number].test)
        seeds.append(np.full(len(rows[-1]), job.seed))
    index, seed = np.concatenate(rows), np.concatenate(seeds)
    order = np.lexsort([samples.inputs.name[index], samples.subject[index], seed])
    index = index[order]
    return Predictions(
        samples.inputs.name[index], samples.subject[index], samples.dataset[index],
        samples.label[index], np.concatenate(chances)[order], seed[order],
    )  # fmt: skip


def _digest(samples: Samples, recipe: Recipe) -> str:
    digest = hashlib.sha256()
    for column in (samples.inputs.name, samples.subject, samples.dataset):
        digest.update("\n".join(column.tolist()).encode())
    digest.update(samples.label.tobytes())
    for field in recipe.needs:
        digest.update(repr(samples.inputs[field].shape).encode())
        for row in range(len(samples)):
            digest.update(np.ascontiguousarray(samples.inputs[field][row]).tobytes())
    return digest.hexdigest()
