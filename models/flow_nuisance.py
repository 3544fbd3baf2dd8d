"""What lies between a face that moves and its small flow: moving heads and lids, the estimator's errors, outliers.

Errors are not the same everywhere: an estimator errs most where skin is soft and has edges, at lids, brows and mouth,
and hardly on the bridge of the nose. Nor are the two sides of a face independent.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from models.flow_atlas import GRID
from models.flow_skin import Faces
from models.strangers import StrangerSettings

_BANK = 1500
_SCALES = (0.9, 1.8, 3.5, 8.0)
_WEIGHTS = (0.7, 0.9, 0.9, 0.8)
_PATCHES = 2  # number of the scale at which motion is seen better or worse
_FLAT = (1.1, 1.35)  # how much wider than high errors of motion across and down are: most edges of a face lie flat


class FlowNuisance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is not the expression; strengths are relative to the peak of a usual expression.

    Set so that energy over the face, mirror symmetry, correlation lengths and kurtosis come near those of the flows of
    MEGC 2019, taken without their labels (`docs/protocol.md`).
    """

    people: int = 200
    classes: tuple[float, float, float] = (0.48, 0.29, 0.23)  # between how data sets lean and equal shares
    least_signal: float = 1.0  # peak of the expression over twice the root mean square of the errors
    most_signal: float = 3.5
    contrast: float = 0.5  # power of a pull's own reach that is kept: small pulls drown sooner
    dropped: float = 0.2  # chance that a pull that was meant does not show
    added: float = 0.35  # chance of a pull that was not meant, weaker
    blink: float = 0.5  # share of samples with moving lids
    lids: float = 0.9  # spread of their motion
    turn: float = 0.2  # spread of the flow that grows with position
    depth: float = 0.15  # and with nearness to the camera
    patchy: float = 0.6  # logarithmic spread of how well the skin's motion is seen
    spread: float = 0.5  # largest share of motion that an estimator carries on to its surroundings
    blur: float = 0.9  # cells; largest standard deviation of the estimator's smoothing
    swallowed: float = 0.6  # largest power by which little motion falls behind
    still: float = 0.25  # errors where no muscle moves the skin, in units of those elsewhere
    alike: tuple[float, float] = (0.5, 1.0)  # largest share of errors across and down that both sides have in common
    spikes: float = 1.5  # mean number of small wrong patches
    stranger: StrangerSettings = StrangerSettings(muscle_angle=18.0, muscle_gain=0.4)


class NoiseBank:
    """Smooth random fields of unit variance, drawn once and used in many samples."""

    def __init__(self, random: np.random.Generator) -> None:
        self._across, self._down = (
            [_smooth_fields(scale / flat, scale * flat, random) for scale in _SCALES] for flat in _FLAT
        )

    def errors(self, count: int, random: np.random.Generator) -> NDArray[np.float64]:
        """Motion (N, 28, 28, 2) of all scales together, each scale stronger or weaker from sample to sample."""
        total = np.zeros((count, GRID, GRID, 2))
        for weight, across, down in zip(_WEIGHTS, self._across, self._down, strict=True):
            fields = np.concatenate([_pick(across, count, random), _pick(down, count, random)], axis=3)
            total += weight * _strength(count, random) * fields
        return total

    def patches(self, count: int, random: np.random.Generator) -> NDArray[np.float32]:
        """Where something is seen better or worse, (N, 28, 28, 1)."""
        return _pick(self._across[_PATCHES], count, random)


def draw_nuisance(
    who: NDArray[np.int64], faces: Faces, bank: NoiseBank, settings: FlowNuisance, random: np.random.Generator
) -> NDArray[np.float32]:
    """Motion (N, 28, 28, 2) that is no expression, for the people with the numbers `who` (N,)."""
    count = len(who)
    errors = bank.errors(count, random)
    share = random.uniform(0, 1, (count, 1, 1, 2)) * settings.alike
    errors = (1 - share) * errors + share * errors[:, :, ::-1] * (-1, 1)
    errors *= np.exp(0.7 * bank.patches(count, random)) * faces.mobility[who]
    level = np.exp(-random.uniform(np.log(settings.least_signal), np.log(settings.most_signal), (count, 1, 1, 1)))
    errors *= 0.5 * level / np.sqrt((errors**2).mean(axis=(1, 2, 3), keepdims=True))
    ticks = np.linspace(-1, 1, GRID)
    across, down = np.meshgrid(ticks, ticks)
    place = np.stack([np.ones_like(across), across, down], axis=2)
    head = np.einsum("yxp,npc->nyxc", place, random.normal(0, settings.turn, (count, 3, 2)))
    head += faces.nearness[who] * random.normal(0, settings.depth, (count, 1, 1, 2))
    lids = [faces.atlas.names.index(name) for name in ("AU45L", "AU45R")]
    blink = faces.atlas.fields[who][:, lids].sum(axis=1)
    blink = blink / peak(blink) * random.normal(0, settings.lids, (count, 1, 1, 1))
    blink *= random.random((count, 1, 1, 1)) < settings.blink
    total = errors + head * _strength(count, random) + blink
    for row, spikes in enumerate(random.poisson(settings.spikes, count)):
        for _ in range(spikes):
            total[row] += _spike(ticks, random)
    return np.asarray(total, np.float32)


def as_estimated(
    flow: NDArray[np.float32], bank: NoiseBank, settings: FlowNuisance, random: np.random.Generator
) -> NDArray[np.float32]:
    """Skin's motion (N, 28, 28, 2) as an estimator sees it: smoothed, carried on, less where the skin shows nothing."""
    count, seen = len(flow), flow.copy()
    for motion in seen:
        blur = random.uniform(0, settings.blur)
        if blur > 0.3:
            motion[:] = gaussian_filter(motion, (blur, blur, 0))
        around = gaussian_filter(motion, (2.3, 3.5, 0))
        motion += random.uniform(0, settings.spread) * np.abs(motion).max() / max(np.abs(around).max(), 1e-9) * around
    mask = np.exp(settings.patchy * random.uniform(0, 1, (count, 1, 1, 1)) * bank.patches(count, random))
    return np.asarray(seen * mask, np.float32)


def without_little(flow: NDArray[np.float32], power: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Motion (N, 28, 28, 2) whose lengths are raised to 1 + `power`: an estimator's penalties swallow little motion."""
    length = np.sqrt((flow**2).sum(axis=3, keepdims=True)) / peak(flow)
    return np.asarray(flow * (0.02 + length) ** power, np.float32)


def peak(flow: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Length of nearly the largest motion in each flow (N, 28, 28, 2): (N, 1, 1, 1)."""
    length = np.sqrt((flow**2).sum(axis=3)).reshape(len(flow), -1)
    return np.maximum(np.quantile(length, 0.985, axis=1), 1e-6).reshape(-1, 1, 1, 1)


def _strength(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    return np.exp(random.normal(0, 0.8, (count, 1, 1, 1)))


def _spike(ticks: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    x, y = random.uniform(-1.05, 1.05, 2)
    if random.random() < 0.4:  # at the border, where the face meets what lies behind it
        x = np.sign(x) * random.uniform(0.9, 1.05)
    size = random.uniform(0.04, 0.12, 2)
    bump = np.exp(-0.5 * ((ticks - y) / size[0]) ** 2)[:, None] * np.exp(-0.5 * ((ticks - x) / size[1]) ** 2)[None]
    return np.asarray(bump[..., None] * random.normal(0, 0.6, 2))


def _smooth_fields(down: float, across: float, random: np.random.Generator) -> NDArray[np.float32]:
    white = random.standard_normal((_BANK, GRID + 8, GRID + 8)).astype(np.float32)
    smooth = gaussian_filter(white, (0, down, across))[:, 4:-4, 4:-4]
    return np.asarray(smooth / smooth.std(), np.float32)


def _pick(bank: NDArray[np.float32], count: int, random: np.random.Generator) -> NDArray[np.float32]:
    fields = bank[random.integers(len(bank), size=count)][..., None]
    if random.random() < 0.5:
        fields = fields[:, ::-1]
    return fields if random.random() < 0.5 else fields[:, :, ::-1]
