"""Training one of the published systems on prepared clips, with people held out for calibration and for the report."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from models.calibration import certain_threshold, expected_calibration_error, fit_temperature, softmax
from models.code_commit import current_commit
from models.datasets.label_maps import class_names
from models.metrics import confusion, f1_per_action_unit, uar, uf1
from models.parameter_count import parameter_count
from models.protocol.samples import Samples
from models.protocol.sources import read_data
from models.systems.catalogue import SYSTEMS, Made
from models.systems.checkpoint import input_table, scrambled_inputs, to_checkpoint
from models.training.loop import Fitting, Learned, Truth, classes_of
from models.training.settings import FitSettings


class TrainError(ValueError):
    """Training cannot start; the message says what to do."""


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a TOML file given with --config may say; kept beside the weights as config.json."""

    classes: int = 3
    full: bool = False  # the published size
    seed: int = 1
    calibration_share: float = 0.15  # of the subjects, for the temperature and the least certain probability
    test_share: float = 0.15  # of the subjects, for the report
    most_risk: float = 0.1  # share of wrong labels that the least certain probability allows
    fit: FitSettings = FitSettings()


class Report(msgspec.Struct, frozen=True):
    """What the training reached on subjects that it never saw; written as result.json."""

    model: str
    parameters: int
    device: str
    seconds: float
    epochs: int
    subjects: dict[str, int]  # training, calibration, test
    samples: dict[str, int]
    uf1: float
    uar: float
    confusion: list[list[int]]  # rows: truth
    labels: list[str]
    calibration_error: float
    temperature: float
    certain: float
    action_unit_f1: dict[str, float | None]


class _Split(NamedTuple):
    training: NDArray[np.int64]
    calibration: NDArray[np.int64]
    test: NDArray[np.int64]


def read_config(file: Path | None, model: str, **given: int | None) -> TrainingConfig:
    """The system's own settings, changed by a TOML file and by what the command line gives.

    Raises:
        TrainError: the file is missing, unreadable, or holds an unknown key.
    """
    own = msgspec.to_builtins(TrainingConfig(fit=SYSTEMS[model].fit))
    if file is not None:
        try:
            _merge(own, msgspec.toml.decode(file.read_bytes()))
        except (OSError, msgspec.MsgspecError) as error:
            raise TrainError(f"{file}: {error}") from None
    if given.get("seed") is not None:
        own["seed"] = given["seed"]
    if given.get("epochs") is not None:
        own["fit"]["epochs"] = given["epochs"]
    try:
        return msgspec.convert(own, TrainingConfig)
    except msgspec.ValidationError as error:
        raise TrainError(f"{file or 'settings'}: {error}") from None


def _merge(into: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def read_samples(specs: Sequence[str], classes: int, say: Callable[[str], None]) -> Samples:
    """The samples of one source.

    Raises:
        models.protocol.sources.DataError: data that cannot be read.
        TrainError: several sources, or another number of classes than three from data that know three only.
    """
    from models.preparation.samples import read_classes

    if len(specs) > 1:
        raise TrainError("prepare several data sets into one store: python -m models prepare --data A --data B")
    kind, _, where = specs[0].partition(":")
    if classes == 3:
        return read_data(specs[0], say)
    if kind != "prepared":
        raise TrainError(f"--data {specs[0]}: {classes} classes need prepared:STORE")
    return read_classes(Path(where), classes, say)


def train_system(
    model: str, config: TrainingConfig, data: Sequence[str], out: Path, command: str, say: Callable[[str], None] = print
) -> Report:
    """Train and write OUT/MODEL.pt, result.json, config.json and tensorboard/; goes on from OUT/training.pt.

    Args:
        model: a name of `models.systems.catalogue.SYSTEMS`.
        config: all settings.
        data: as `python -m models loso --data` takes them.
        out: folder for everything written.
        command: the command line, for the record.
        say: called with each line of progress.

    Raises:
        TrainError: too few subjects, or a folder with another run in it.
        models.protocol.sources.DataError: data that cannot be read.
        models.protocol.samples.MissingInput: data without what the model reads.
    """
    begun = time.monotonic()
    samples = read_samples(data, config.classes, say)
    split = split_subjects(samples, config)
    labels = _labels(samples, config.classes)
    _same_run(out, model, config, data)
    torch.manual_seed(config.seed)
    made = SYSTEMS[model].make(config.classes, config.full)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parameters = parameter_count(made.network)
    say(f"{model}: {parameters} parameters, {len(split.training)} clips, {config.fit.epochs} epochs on {device}")
    training = samples.take(split.training)
    truth = Truth(torch.from_numpy(training.label), *made.units(training.inputs))
    fitting = Fitting(made.network, made.view, config.fit, config.classes, config.seed, device)
    with _Curves(out / "tensorboard") as curves:

        def watch(learned: Learned) -> None:
            curves.add(learned)
            inner = "" if learned.inner_uf1 is None else f", UF1 on inner subjects {learned.inner_uf1:.3f}"
            say(f"epoch {learned.epoch}/{config.fit.epochs}: loss {learned.loss:.3f}{inner}")

        learned = fitting.run(
            training.inputs, truth, training.subject.tolist(), after_epoch=watch, checkpoint=out / "training.pt"
        )
    made.network.to("cpu").eval()
    calibrated = _judge(made, samples.take(split.calibration))
    temperature = fit_temperature(calibrated.classes, samples.label[split.calibration])
    chances = softmax(calibrated.classes, temperature)
    certain = certain_threshold(chances, samples.label[split.calibration], config.most_risk).threshold
    report = _report(
        model, made, samples.take(split.test), temperature, certain,
        parameters=parameters, device=device, seconds=round(time.monotonic() - begun, 1), epochs=len(learned),
        labels=list(labels), samples={name: len(index) for name, index in split._asdict().items()},
        subjects={name: len(np.unique(samples.subject[index])) for name, index in split._asdict().items()},
    )  # fmt: skip
    torch.save(
        {
            "model": model, "module": "models.systems.checkpoint",
            "network": to_checkpoint(model, config.classes, config.full, made.network),
            "temperature": temperature, "certain": certain, "labels": list(labels),
            "action_units": list(made.unit_names), "inputs": input_table(made),
            "samples": scrambled_inputs(made, samples.inputs.take(split.test), 16),
            "trained_by": command, "commit": current_commit(), "data": ", ".join(data),
        },
        out / f"{model}.pt",
    )  # fmt: skip
    (out / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return report


def split_subjects(samples: Samples, config: TrainingConfig) -> _Split:
    """Training, calibration and test samples, no subject in two of them.

    Raises:
        TrainError: fewer than four subjects.
    """
    subjects = np.unique(samples.subject)
    if len(subjects) < 4:
        raise TrainError(
            f"training needs four subjects: two to learn from, one to calibrate and one to test; not {len(subjects)}"
        )
    order = np.random.default_rng(config.seed).permutation(subjects)
    calibrate = max(round(config.calibration_share * len(order)), 1)
    test = max(round(config.test_share * len(order)), 1)
    if calibrate + test > len(order) - 2:
        raise TrainError("calibration_share and test_share leave fewer than two subjects to learn from")
    parts = order[calibrate + test :], order[:calibrate], order[calibrate : calibrate + test]
    return _Split(*(np.flatnonzero(np.isin(samples.subject, part)) for part in parts))


class _Judged(NamedTuple):
    classes: NDArray[np.float32]
    units: NDArray[np.bool_] | None


def _judge(made: Made, samples: Samples) -> _Judged:
    classes, units = [], []
    with torch.inference_mode():
        for start in range(0, len(samples), 32):
            some = samples.inputs.take(np.arange(start, min(start + 32, len(samples))))
            said = made.network(*(torch.from_numpy(one) for one in made.view.read(some)))
            classes.append(classes_of(said).numpy())
            if made.unit_names:
                units.append((said.action_units > 0).numpy())
    return _Judged(np.concatenate(classes), np.concatenate(units) if units else None)


def _report(model: str, made: Made, test: Samples, temperature: float, certain: float, **costs: Any) -> Report:
    judged = _judge(made, test)
    said, count = judged.classes.argmax(axis=1), len(costs["labels"])
    units: dict[str, float | None] = {}
    targets, known = made.units(test.inputs)
    if judged.units is not None and targets is not None and known is not None and known.any():
        coded = known.numpy()
        scores = f1_per_action_unit(targets.numpy()[coded] > 0, judged.units[coded], least_occurrences=1)
        units = {n: None if np.isnan(s) else float(s) for n, s in zip(made.unit_names, scores, strict=True)}
    return Report(
        model=model,
        uf1=uf1(test.label, said, count),
        uar=uar(test.label, said, count),
        confusion=confusion(test.label, said, count).tolist(),
        calibration_error=expected_calibration_error(softmax(judged.classes, temperature), test.label),
        temperature=temperature,
        certain=certain,
        action_unit_f1=units,
        **costs,
    )


def _labels(samples: Samples, classes: int) -> tuple[str, ...]:
    names = {class_names(str(dataset), classes) for dataset in np.unique(samples.dataset)}
    if len(names) > 1:
        raise TrainError(f"these data sets mean different things by {classes} classes: train on one, or on 3, 4 or 7")
    return names.pop()


def _same_run(out: Path, model: str, config: TrainingConfig, data: Sequence[str]) -> None:
    """Write down what runs here; refuse a folder in which something else ran."""
    out.mkdir(parents=True, exist_ok=True)
    versions = {name: version(name) for name in ("torch", "numpy")} | {"python": platform.python_version()}
    told = {"model": model, "data": list(data), "versions": versions, "config": msgspec.to_builtins(config)}
    file = out / "config.json"
    text = msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"
    if file.exists() and file.read_bytes() != text and (out / "training.pt").exists():
        raise TrainError(f"{out} holds another run (see {file.name}): give a new folder, or --fresh")
    file.write_bytes(text)


class _Curves:
    """Event files for TensorBoard: loss, rate, and UF1 on inner subjects."""

    def __init__(self, folder: Path) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(folder))

    def add(self, learned: Learned) -> None:
        self._writer.add_scalar("loss", learned.loss, learned.epoch)
        self._writer.add_scalar("learning rate", learned.rate, learned.epoch)
        if learned.inner_uf1 is not None:
            self._writer.add_scalar("UF1 on inner subjects", learned.inner_uf1, learned.epoch)

    def __enter__(self) -> _Curves:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
