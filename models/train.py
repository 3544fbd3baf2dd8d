"""`python -m models train`: simulate, fit, calibrate, and say how good it became. Needs the `train` extra."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from models.calibration import (
    CoverageRisk,
    best_f1_threshold,
    certain_threshold,
    expected_calibration_error,
    fit_temperature,
    softmax,
)
from models.cloud_network import CloudNetwork, to_checkpoint
from models.cloud_samples import CloudSamples, load_samples, save_samples
from models.cloud_training import FitSettings, Judged, fit, judge
from models.code_commit import current_commit
from models.labels import ACTION_UNITS, CLASSES
from models.metrics import confusion, f1_per_action_unit, recall_per_class, uar, uf1
from models.parameter_count import parameter_count
from models.protocol.source_digest import source_digest
from models.simulated_clouds import NuisanceSettings, Purpose, simulate


class TrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a TOML file given with --config may say."""

    samples: int = 16000
    held_out: int = 1600  # simulated people for calibration, and as many others for validation
    seed: int = 1
    most_risk: float = 0.1  # share of wrong labels that the `certain` threshold allows
    fit: FitSettings = FitSettings()
    nuisance: NuisanceSettings = NuisanceSettings()


class Report(msgspec.Struct, frozen=True):
    """What the training reached on simulated people that it never saw; written as result.json."""

    parameters: int
    samples: int
    seconds_simulating: float
    seconds_fitting: float
    temperature: float
    certain: float
    coverage: float  # share of expressions that get a label at this threshold
    risk: float  # share of wrong labels among them
    uf1: float
    uar: float
    recall: dict[str, float]
    confusion: list[list[int]]  # rows: truth
    calibration_error: float
    expression_recall: float
    expression_specificity: float
    action_unit_f1: dict[str, float | None]
    mean_action_unit_f1: float
    uf1_by_strength: dict[str, float]


class TrainError(RuntimeError):
    """Training cannot start; the message says what to do."""


def read_settings(file: Path | None, **given: int | None) -> TrainSettings:
    """Settings from defaults, a TOML file, and the command line.

    Args:
        file: keys are those of `TrainSettings`.
        given: samples, held_out, seed and epochs, where the command line has them.

    Raises:
        TrainError: the file is missing, unreadable, or holds an unknown key.
    """
    settings = TrainSettings()
    if file is not None:
        try:
            settings = msgspec.toml.decode(file.read_bytes(), type=TrainSettings)
        except (OSError, msgspec.MsgspecError) as error:
            raise TrainError(f"{file}: {error}") from None
    for name in ("samples", "held_out", "seed"):
        if given.get(name) is not None:
            settings = msgspec.structs.replace(settings, **{name: given[name]})
    fitted = msgspec.structs.replace(settings.fit, seed=settings.seed)
    if given.get("epochs") is not None:
        fitted = msgspec.structs.replace(fitted, epochs=given["epochs"])
    return msgspec.structs.replace(settings, fit=fitted)


def train(settings: TrainSettings, out: Path, command: str, say: Callable[[str], None] = print) -> Report:
    """Train the network `cloud` and write DIR/cloud.pt and DIR/result.json.

    Samples are kept under DIR/samples and used again when the settings and the code that made them are the same.

    Args:
        settings: samples, fit and nuisance.
        out: folder for everything written.
        command: the command line, for the record.
        say: called with each line of progress.
    """
    torch.set_num_threads(1)
    started = time.monotonic()
    sets = {purpose: _samples(settings, purpose, out, say) for purpose in Purpose if purpose is not Purpose.TEST}
    simulated = time.monotonic()
    torch.manual_seed(settings.seed)
    network = CloudNetwork()
    epochs = settings.fit.epochs
    fit(
        network,
        sets[Purpose.TRAINING],
        settings.fit,
        lambda epoch, loss: say(
            f"epoch {epoch}/{epochs}: loss {loss:.3f}, {time.monotonic() - simulated:.0f} s since the fit began"
        ),
    )
    fitted = time.monotonic()
    _place_unit_thresholds(network, sets[Purpose.CALIBRATION])
    temperature, certain = _calibrate(network, sets[Purpose.CALIBRATION], settings.most_risk)
    validation = sets[Purpose.VALIDATION]
    report = _report(
        judge(network, validation), validation, temperature, certain,
        parameters=parameter_count(network), samples=settings.samples,
        seconds_simulating=round(simulated - started, 1), seconds_fitting=round(fitted - simulated, 1),
    )  # fmt: skip
    torch.save(
        {
            "model": "cloud",
            "network": to_checkpoint(network),
            "temperature": temperature,
            "certain": certain.threshold,
            "trained_by": command,
            "commit": current_commit(),
            "clouds": torch.from_numpy(validation.take(np.arange(min(64, len(validation)))).clouds),
        },
        out / "cloud.pt",
    )
    (out / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return report


def _samples(settings: TrainSettings, purpose: Purpose, out: Path, say: Callable[[str], None]) -> CloudSamples:
    count = settings.samples if purpose is Purpose.TRAINING else settings.held_out
    folder = out / "samples" / purpose.name.lower()
    recipe = msgspec.json.encode([count, settings.seed, settings.nuisance, source_digest("models.simulated_clouds")])
    note = folder / "recipe.json"
    if not (note.is_file() and note.read_bytes() == recipe):
        samples = simulate(purpose, settings.seed, count, settings.nuisance, say)
        note.unlink(missing_ok=True)  # until all of them are written it would speak for a mixture
        save_samples(samples, folder)
        note.write_bytes(recipe)
    return load_samples(folder)


def _place_unit_thresholds(network: CloudNetwork, samples: CloudSamples) -> None:
    """Shift the action units' logits so that probability 0.5 is where each unit is best called present."""
    shown = samples.take(np.flatnonzero(samples.expression))
    logits = judge(network, shown).action_units
    thresholds = [best_f1_threshold(logits[:, unit], shown.action_units[:, unit]) for unit in range(logits.shape[1])]
    with torch.no_grad():
        network.action_units.bias.sub_(torch.tensor(thresholds))


def _calibrate(network: CloudNetwork, samples: CloudSamples, most_risk: float) -> tuple[float, CoverageRisk]:
    known = samples.label >= 0
    logits, truth = judge(network, samples).classes[known], samples.label[known]
    temperature = fit_temperature(logits, truth)
    return temperature, certain_threshold(softmax(logits, temperature), truth, most_risk)


def _report(
    judged: Judged, validation: CloudSamples, temperature: float, certain: CoverageRisk, **costs: Any
) -> Report:
    known = validation.label >= 0
    truth, predicted = validation.label[known], judged.classes[known].argmax(axis=1)
    counts = confusion(truth, predicted, len(CLASSES))
    units = f1_per_action_unit(validation.action_units, judged.action_units > 0)
    said = judged.expression > 0
    strength = validation.strength[known]
    bands = {
        "under 1 px": strength < 1,
        "1 to 2 px": (strength >= 1) & (strength < 2),
        "2 to 4 px": (strength >= 2) & (strength < 4),
        "4 px and more": strength >= 4,
    }
    return Report(
        temperature=temperature,
        certain=certain.threshold,
        coverage=certain.coverage,
        risk=certain.risk,
        uf1=uf1(truth, predicted),
        uar=uar(truth, predicted),
        recall=dict(zip(CLASSES, recall_per_class(counts).tolist(), strict=True)),
        confusion=counts.tolist(),
        calibration_error=expected_calibration_error(softmax(judged.classes[known], temperature), truth),
        expression_recall=float(said[validation.expression].mean()) if validation.expression.any() else 0.0,
        expression_specificity=float((~said[~validation.expression]).mean()) if (~validation.expression).any() else 0.0,
        action_unit_f1={
            name: None if np.isnan(score) else float(score) for name, score in zip(ACTION_UNITS, units, strict=True)
        },
        mean_action_unit_f1=float(np.nanmean(units)) if np.isfinite(units).any() else 0.0,
        uf1_by_strength={name: uf1(truth[chosen], predicted[chosen]) for name, chosen in bands.items() if chosen.any()},
        **costs,
    )
