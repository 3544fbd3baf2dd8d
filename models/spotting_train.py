"""`python -m models train --model spot`: simulate, measure, fit, choose the operating point, export."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from models.parameter_count import parameter_count
from models.simulator.portrait import builtin_portrait
from models.spotting_export import export_spotting
from models.spotting_network import SpottingNetwork, from_checkpoint, to_checkpoint
from models.spotting_patterns import Pattern, draw_patterns
from models.spotting_recordings import TRAINING, TracedRecording, trace_all
from models.spotting_targets import TaughtRows, minutes, teach
from models.spotting_training import SpotFitSettings, fit_spotting
from models.spotting_variants import variant

_PATTERN_SEED = 77
_PER_PERSON = 10


class SpotTrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a TOML file given with --config may say."""

    patterns: int = 900  # expressions measured on still faces
    variants: int = 6  # how often each recording is used with other expressions put into it
    face_px: tuple[float, float] = (150.0, 330.0)  # of the faces on which patterns are measured
    shift: float = -2.5  # added to all log odds, so that one half is near a good operating point (on seeds 500 to 599)
    begin_with: str = ""  # a `spot.pt` to fit further; empty: begin anew
    fit: SpotFitSettings = SpotFitSettings()


def train_spotting(
    settings: SpotTrainSettings, out: Path, command: str, commit: str, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Fit the spotting network and write `spot.pt` and `spot.onnx` with its manifest.

    Args:
        settings: of data and fit.
        out: recordings are kept under `out/recordings`.
        command: the command line, for the record.
        commit: of the code.
        say: told how far it is.

    Returns:
        Parameters, minutes, expressions and seconds.
    """
    began = time.monotonic()
    recordings = trace_all(TRAINING, out / "recordings", say)
    say(f"measuring {settings.patterns} expressions")
    patterns = draw_patterns(
        [builtin_portrait()], settings.patterns, _PER_PERSON, settings.face_px, np.random.default_rng(_PATTERN_SEED)
    )
    rows, micro = taught_rows(recordings, patterns, settings.variants)
    say(f"{minutes(rows):.0f} minutes with {micro} micro-expressions")
    torch.set_num_threads(1)
    network = fit_spotting(rows, settings.fit, say, _begun(settings))
    stored = {
        "model": "spot",
        "network": to_checkpoint(network),
        "shift": settings.shift,
        "trained_by": command,
        "commit": commit,
    }
    torch.save(stored, out / "spot.pt")
    astray = export_spotting(stored, out / "spot.onnx")
    say(f"{out / 'spot.onnx'}: differs from torch by at most {astray:.1e}")
    report = {
        "parameters": parameter_count(network),
        "minutes": minutes(rows),
        "micro_expressions": micro,
        "seconds": time.monotonic() - began,
        "settings": msgspec.to_builtins(settings),
    }
    (out / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return report


def _begun(settings: SpotTrainSettings) -> SpottingNetwork | None:
    if not settings.begin_with:
        return None
    return from_checkpoint(torch.load(settings.begin_with, weights_only=True)["network"])


def taught_rows(
    recordings: Sequence[TracedRecording], patterns: Sequence[Pattern], variants: int
) -> tuple[list[TaughtRows], int]:
    """Every recording as it is, and again with other expressions put into it; and how many micro-expressions."""
    rows = [teach(one.trace, one.truth) for one in recordings]
    micro = sum(row.kind == "micro" for one in recordings for row in one.truth)
    for number_of_variant in range(variants):
        for number, one in enumerate(recordings):
            # A recording in which much happens has less to give the second time.
            if one.plan.holds != "none" and number_of_variant >= (variants + 1) // 2:
                continue
            trace, truth = variant(one, patterns, np.random.default_rng([number_of_variant, number, 5]))
            rows.append(teach(trace, truth))
            micro += sum(row.kind == "micro" for row in truth)
    return rows, micro
