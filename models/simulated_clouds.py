"""Clouds of simulated strangers: rendered at onset and apex, and measured exactly as live faces are."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kernels.expression_cloud import UNIT_FACE_WIDTH, ExpressionCloud
from models.capture_faults import CaptureSettings, draw_camera, photograph
from models.cloud_samples import CloudSamples
from models.drawn_expressions import draw_any_units, draw_expression, draw_idle_activity
from models.labels import ACTION_UNITS, CLASSES
from models.simulator.head import FaceState
from models.simulator.portrait import Portrait, builtin_portrait
from models.simulator.pose import HeadPose
from models.strangers import BLOBS, PersonalUnits, Stranger, StrangerSettings

SIZE, FACE_WIDTH = 256, 184.0
EVENTS_PER_STRANGER = 10
"""Inventing a person takes longer than rendering one."""


class Purpose(IntEnum):
    """What samples are for. Each purpose has its own stream of chance, so no sample can serve two."""

    TRAINING = 1
    VALIDATION = 2
    CALIBRATION = 3
    TEST = 9


class NuisanceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is not the expression. The stronger it is here, the better the network does on real faces."""

    idle: float = 0.2  # share of samples without an expression
    classless: float = 0.2  # share of samples with any action units, for learning these alone
    strength: float = 1.5  # median peak motion of a micro-expression, px at 224 px face width
    strength_spread: float = 0.6  # logarithmic
    macro: float = 0.2  # share of expressions as strong as ordinary ones, 4 to 20 px
    coactivation: float = 0.12  # of action units that are not meant, relative to the expression
    twitch: float = 0.25  # motion that belongs to no action unit, relative to the expression, and at least 0.1 px
    turn: float = 0.9  # of the head between onset and apex, degrees
    shift: float = 1.5  # of the crop between onset and apex, px
    mesh_shift: float = 1.5  # error of the mesh as a whole, px
    mesh_jitter: float = 0.8  # of its parts, px
    stranger: StrangerSettings = StrangerSettings()
    capture: CaptureSettings = CaptureSettings()


class Pair(NamedTuple):
    """An onset and an apex crop with their truth."""

    onset: NDArray[np.uint8]
    apex: NDArray[np.uint8]
    mesh: NDArray[np.float32]  # as a tracker would give it for the apex crop
    label: int  # -1 without a class
    expression: bool
    action_units: frozenset[str]
    strength: float  # px at 224 px face width


@lru_cache(maxsize=1)
def _portrait() -> Portrait:
    return builtin_portrait()


@lru_cache(maxsize=1)
def _stranger(purpose: Purpose, seed: int, number: int, settings: StrangerSettings) -> Stranger:
    random = np.random.default_rng([int(purpose), seed, number])
    face_px = FACE_WIDTH * float(np.exp(random.normal(0, 0.04)))
    return Stranger(_portrait(), SIZE, face_px, settings, random)


def render_pair(purpose: Purpose, seed: int, index: int, settings: NuisanceSettings) -> Pair:
    """One sample before it is measured; the same arguments give the same pixels."""
    stranger = _stranger(purpose, seed, index // EVENTS_PER_STRANGER, settings.stranger)
    face_px = stranger.face_px
    random = np.random.default_rng([int(purpose), seed, index, 1])
    unit = UNIT_FACE_WIDTH / face_px
    target = _draw_strength(settings, random)
    label, drawn = _draw_kind(settings, random)
    if drawn:
        gain = min(target / (_peak(stranger.units, drawn) * unit), 1.3 / max(drawn.values()))
        expression = {name: gain * value for name, value in drawn.items()}
    else:
        expression = {}
    begun, reached = random.uniform(0, 0.2), random.uniform(0.7, 1.0)
    change = {name: (reached - begun) * value for name, value in expression.items()}
    strength = _peak(stranger.units, change) * unit if change else 0.0
    relative = strength if change else min(target, 3.0) * float(random.random() < 0.5)

    held = _coactivation(stranger.units, random, 4.0 * settings.coactivation, unit)
    start = _add(held, {name: begun * value for name, value in expression.items()})
    other = _coactivation(stranger.units, random, relative * settings.coactivation, unit)
    twitches = {name: random.normal(0, max(settings.twitch * relative, 0.1)) / (unit * face_px) for name in BLOBS}
    end = _add(held, {name: reached * value for name, value in expression.items()}, other, twitches)
    if not change or random.random() < 0.12:
        idle = draw_idle_activity(random)
        share = 0.15 if change else 1.0
        end = _add(end, {name: share * value for name, value in idle.items()})

    pose = HeadPose(yaw=random.normal(0, 6), pitch=random.normal(0, 5), roll=random.normal(0, 2))
    onset_state = FaceState(start, pose, tuple(random.normal(0, 0.008, 2)))
    gaze = onset_state.gaze if random.random() < 0.7 else tuple(random.normal(0, 0.015, 2))
    apex_state = FaceState(end, _moved(pose, settings, face_px, random), gaze)
    camera = draw_camera(settings.capture, random)
    onset = photograph(stranger.renderer.render(onset_state), camera, random)
    apex = photograph(stranger.renderer.render(apex_state), camera, random)
    mesh = _tracked(stranger.renderer.mesh(apex_state if random.random() < 0.8 else onset_state), settings, random)
    present = {name.rstrip("LR") for name, value in change.items() if _peak(stranger.units, {name: value}) * unit > 0.2}
    return Pair(onset, apex, mesh, label, bool(change), frozenset(present) & set(ACTION_UNITS), strength)


def simulate(
    purpose: Purpose, seed: int, count: int, settings: NuisanceSettings, say: Callable[[str], None]
) -> CloudSamples:
    """Render and measure samples.

    Args:
        purpose: which stream of chance.
        seed: which part of it.
        count: how many samples.
        settings: all nuisance.
        say: called with a line of progress about every ten seconds.
    """
    meter = ExpressionCloud(SIZE)
    samples = CloudSamples(
        clouds=np.zeros((count, 8, meter.points, 6), np.float16),
        label=np.zeros(count, np.int8),
        action_units=np.zeros((count, len(ACTION_UNITS)), np.bool_),
        expression=np.zeros(count, np.bool_),
        strength=np.zeros(count, np.float32),
        seed=np.arange(count, dtype=np.int64),
    )
    started = told = time.monotonic()
    for index in range(count):
        pair = render_pair(purpose, seed, index, settings)
        samples.clouds[index] = meter.measure(pair.onset, pair.apex, pair.mesh, spatial_face_width(pair.mesh)).cloud
        samples.label[index] = pair.label
        samples.action_units[index] = [unit in pair.action_units for unit in ACTION_UNITS]
        samples.expression[index] = pair.expression
        samples.strength[index] = pair.strength
        if time.monotonic() - told > 10:
            told = time.monotonic()
            left = (told - started) / (index + 1) * (count - index - 1)
            say(f"{purpose.name.lower()}: {index + 1}/{count} samples simulated, {left:.0f} s left")
    return samples


def spatial_face_width(mesh: NDArray[np.float32]) -> float:
    """Face width as the tracker measures it: between the edges of the face, depth included; px."""
    return float(np.linalg.norm(mesh[454] - mesh[234]))


def _draw_strength(settings: NuisanceSettings, random: np.random.Generator) -> float:
    if random.random() < settings.macro:
        return float(np.exp(random.uniform(np.log(4.0), np.log(20.0))))
    return float(np.clip(settings.strength * np.exp(random.normal(0, settings.strength_spread)), 0.4, 8.0))


def _draw_kind(settings: NuisanceSettings, random: np.random.Generator) -> tuple[int, dict[str, float]]:
    """Class (-1 for none) and activations (none for an idle face)."""
    kind = random.random()
    if kind < settings.idle:
        return -1, {}
    if kind < settings.idle + settings.classless:
        return -1, draw_any_units(random)
    label = int(random.integers(len(CLASSES)))
    return label, draw_expression(label, random)


def _peak(units: PersonalUnits, activations: dict[str, float]) -> float:
    """Motion of the face's eighth-fastest vertex, px: what a region moves, not what one vertex does."""
    moved = np.linalg.norm(units.displacement(activations)[:, :2], axis=1)
    return max(float(np.partition(moved, -8)[-8]), 1e-3)


def _coactivation(units: PersonalUnits, random: np.random.Generator, strength: float, unit: float) -> dict[str, float]:
    names = [name for name in units.names() if name[-1] in "LR" and not name.startswith("AU45")]
    chosen = random.choice(names, 3, replace=False)
    drawn = {str(name): abs(random.normal(0, 1)) for name in chosen}
    gain = abs(random.normal(0, strength)) / (_peak(units, drawn) * unit)
    return {name: min(gain * value, 0.5) for name, value in drawn.items()}


def _add(*parts: dict[str, float]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0.0) + value
    return total


def _moved(pose: HeadPose, settings: NuisanceSettings, face_px: float, random: np.random.Generator) -> HeadPose:
    # Most heads keep nearly still for half a second; some turn or nod.
    vigour = float(np.exp(random.normal(0, 0.7)))
    yaw, pitch, roll = random.normal(0, settings.turn * vigour, 3)
    right, down = random.normal(0, settings.shift * vigour, 2) / face_px
    back = random.normal(0, 0.02 * vigour)
    return HeadPose(right, down, back, pose.yaw + yaw, pose.pitch + pitch, pose.roll + 0.5 * roll)


def _tracked(mesh: NDArray[np.float32], settings: NuisanceSettings, random: np.random.Generator) -> NDArray[np.float32]:
    """A mesh as a tracker gives it: shifted, bent a little, and with a depth that is only guessed."""
    centred = (mesh[:, :2] - mesh[:, :2].mean(axis=0)) / FACE_WIDTH
    error = random.normal(0, settings.mesh_shift, 2) + random.normal(0, 0.3, mesh[:, :2].shape)
    for _ in range(3):
        phase = centred @ random.normal(0, 5.0, 2) + random.uniform(0, 2 * np.pi)
        error += np.cos(phase)[:, None] * random.normal(0, settings.mesh_jitter / 1.2, 2)
    depth = mesh[:, 2:] * np.exp(random.normal(0, 0.2))
    return np.asarray(np.concatenate([mesh[:, :2] + error, depth], axis=1), np.float32)
