"""Samples of simulated strangers, rendered and measured as live faces are: `--data sim:subjects=20,events=8`."""

from __future__ import annotations

import time

import msgspec
import numpy as np

from kernels.expression_cloud import ExpressionCloud
from kernels.inputs.small_flow import small_flow
from models.protocol.samples import Inputs, Samples
from models.protocol.sources import DataError, Say
from models.simulated_clouds import (
    EVENTS_PER_STRANGER,
    SIZE,
    NuisanceSettings,
    Purpose,
    render_pair,
    spatial_face_width,
)


class SimulatedSubjects(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand after `sim:`."""

    subjects: int = 20
    events: int = 8
    seed: int = 9000


def read(where: str, say: Say) -> Samples:
    """Simulate people and their expressions; the same words give the same samples.

    Raises:
        DataError: words that are no settings.
    """
    wanted = _settings(where)
    nuisance = msgspec.structs.replace(NuisanceSettings(), idle=0.0, classless=0.0)
    meter = ExpressionCloud(SIZE)
    clouds, flows, landmarks, labels, names, subjects = [], [], [], [], [], []
    begun = told = time.monotonic()
    for subject in range(wanted.subjects):
        for event in range(wanted.events):
            pair = render_pair(Purpose.TEST, wanted.seed, subject * EVENTS_PER_STRANGER + event, nuisance)
            measured = meter.measure(pair.onset, pair.apex, pair.mesh, spatial_face_width(pair.mesh))
            small = small_flow(measured, pair.mesh)
            clouds.append(measured.cloud)
            flows.append(small.flow)
            landmarks.append(small.landmarks)
            labels.append(pair.label)
            subjects.append(f"sim/{wanted.seed}-{subject:03d}")
            names.append(f"sim{wanted.seed}_{subject:03d}_{event:02d}")
        if time.monotonic() - told > 10:
            told = time.monotonic()
            left = (told - begun) / (subject + 1) * (wanted.subjects - subject - 1)
            say(f"{subject + 1}/{wanted.subjects} subjects simulated, {left:.0f} s left")
    arrays = {"clouds": np.stack(clouds), "flow": np.stack(flows), "landmarks": np.stack(landmarks)}
    say(f"{len(names)} simulated events of {wanted.subjects} people who do not exist, seed {wanted.seed}")
    return Samples(
        Inputs(np.array(names), arrays),
        np.array(labels, np.int64),
        np.array(subjects),
        np.full(len(names), "simulated"),
    )


def _settings(where: str) -> SimulatedSubjects:
    parts = (part.partition("=") for part in where.split(",") if part)
    words = {name: value for name, _, value in parts}
    try:
        wanted = msgspec.convert(words, SimulatedSubjects, strict=False)
    except msgspec.ValidationError as error:
        raise DataError(f"--data sim:{where}: {error}; write sim:subjects=20,events=8,seed=9000") from None
    if not 1 <= wanted.events <= EVENTS_PER_STRANGER or wanted.subjects < 2 or wanted.seed < 0:
        raise DataError(f"--data sim:{where}: at least 2 subjects with 1 to {EVENTS_PER_STRANGER} events each")
    return wanted
