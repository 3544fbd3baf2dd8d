"""Flows from onset to apex drawn without pictures, in the 28 x 28 form of MEGC 2019.

No rendering: action units pull the grid of an invented face, and everything that comes between a face and such a flow
is drawn beside them: head motion, lids, twitches, the estimator's patchiness and outliers, the scaling to eight bits.
Strong nuisance matters more than exact pulls: a network that finds simulated samples easy has learned the simulator.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from models.drawn_expressions import draw_expression
from models.flow_atlas import GRID, FlowAtlas, draw_atlas
from models.labels import ACTION_UNITS, CLASSES
from models.strangers import StrangerSettings

_BANK = 1500
_SCALES = (0.9, 1.8, 3.5, 8.0)
_WEIGHTS = (0.4, 0.8, 1.0, 1.0)
_CHUNK = 512


class FlowNuisance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is not the expression; strengths are relative to the expression's own peak."""

    people: int = 200
    classes: tuple[float, float, float] = (0.5, 0.25, 0.25)  # as the annotated data sets lean
    least_signal: float = 0.3  # peak of the expression over the root mean square of all noise
    most_signal: float = 1.6
    dropped: float = 0.2  # chance that a pull that was meant does not show
    added: float = 0.35  # chance of a pull that was not meant, weaker
    blink: float = 0.35  # share of samples with moving lids
    turn: float = 0.25  # spread of the flow that grows with position
    patchy: float = 0.6  # logarithmic spread of how well the skin's motion is seen
    blur: float = 1.2  # cells; largest standard deviation of the estimator's smoothing
    spikes: float = 1.5  # mean number of small wrong patches
    stranger: StrangerSettings = StrangerSettings(muscle_angle=18.0, muscle_gain=0.4)


class SimulatedFlows(NamedTuple):
    """N samples."""

    flow: NDArray[np.uint8]  # (N, 28, 28, 3)
    landmarks: NDArray[np.float32]  # (N, 468, 3)
    label: NDArray[np.int64]  # (N,)
    action_units: NDArray[np.bool_]  # (N, A)


def simulate_flows(count: int, seed: int, settings: FlowNuisance) -> SimulatedFlows:
    """Draw samples, classes as often as `settings` say; the same arguments give the same samples."""
    random = np.random.default_rng([seed, 28])
    atlas = draw_atlas(settings.people, settings.stranger, random)
    bank = [_noise_bank(scale, random) for scale in _SCALES]
    parts = [_chunk(min(_CHUNK, count - start), atlas, bank, settings, random) for start in range(0, count, _CHUNK)]
    return SimulatedFlows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _chunk(
    count: int, atlas: FlowAtlas, bank: list[NDArray[np.float32]], settings: FlowNuisance, random: np.random.Generator
) -> SimulatedFlows:
    who = random.integers(len(atlas.fields), size=count)
    label = random.choice(len(CLASSES), size=count, p=settings.classes)
    pulls, units = _draw_pulls(label, atlas, settings, random)
    flow = np.einsum("nf,nfyxc->nyxc", pulls, atlas.fields[who])
    flow = _seen(flow, bank, settings, random)
    flow /= _peak(flow)
    flow += _nuisance(count, who, atlas, bank, settings, random)
    return SimulatedFlows(_eight_bits(flow, random), atlas.landmarks[who], label, units)


def _draw_pulls(
    label: NDArray[np.int64], atlas: FlowAtlas, settings: FlowNuisance, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    column = {name: index for index, name in enumerate(atlas.names)}
    reach = np.sqrt((atlas.fields**2).sum(axis=4)).max(axis=(2, 3)).mean(axis=0)
    pulls = np.zeros((len(label), len(column)), np.float32)
    present = np.zeros((len(label), len(ACTION_UNITS)), np.bool_)
    for row, one in enumerate(label):
        evenness = random.uniform(0, 1)  # 0: as FACS intensities; 1: all pulls move the skin equally far
        drawn = draw_expression(int(one), random)
        keep = {name for name in {key.rstrip("LR") for key in drawn} if random.random() >= settings.dropped}
        for name, strength in drawn.items():
            if len(keep) == 0 or name.rstrip("LR") in keep:
                pulls[row, column[name]] = strength * reach[column[name]] ** -evenness
                present[row, ACTION_UNITS.index(name.rstrip("LR"))] = True
        while random.random() < settings.added:
            extra = random.integers(len(column))
            pulls[row, extra] += random.uniform(0, 0.5) * pulls[row].max() * (reach.mean() / reach[extra]) ** evenness
    return pulls, present


def _seen(
    flow: NDArray[np.float32], bank: list[NDArray[np.float32]], settings: FlowNuisance, random: np.random.Generator
) -> NDArray[np.float32]:
    """Motion as an estimator sees it: smoothed, and less where the skin shows nothing."""
    count = len(flow)
    for row in range(count):
        blur = random.uniform(0, settings.blur)
        if blur > 0.3:
            flow[row] = gaussian_filter(flow[row], (blur, blur, 0))
    mask = np.exp(settings.patchy * random.uniform(0, 1, (count, 1, 1, 1)) * _pick(bank[2], count, 1, random))
    return np.asarray(flow * mask, np.float32)


def _nuisance(
    count: int,
    who: NDArray[np.int64],
    atlas: FlowAtlas,
    bank: list[NDArray[np.float32]],
    settings: FlowNuisance,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    def strength(*shape: int) -> NDArray[np.float64]:
        return np.exp(random.normal(0, 0.8, shape))

    layers = zip(_WEIGHTS, bank, strict=True)
    parts = [weight * strength(count, 1, 1, 1) * _pick(fields, count, 2, random) for weight, fields in layers]
    noise = np.sum(parts, axis=0) * np.exp(
        0.7 * _pick(bank[2], count, 1, random) + 0.5 * _pick(bank[3], count, 1, random)
    )  # worse in some places than in others
    level = np.exp(-random.uniform(np.log(settings.least_signal), np.log(settings.most_signal), (count, 1, 1, 1)))
    noise = noise / np.sqrt((noise**2).mean(axis=(1, 2, 3), keepdims=True)) * level * 0.5
    ticks = np.linspace(-1, 1, GRID)
    across, down = np.meshgrid(ticks, ticks)
    place = np.stack([np.ones_like(across), across, down], axis=2)
    head = np.einsum("yxp,npc->nyxc", place, random.normal(0, settings.turn, (count, 3, 2)))
    lids = [atlas.names.index(name) for name in ("AU45L", "AU45R")]
    blink = atlas.fields[who][:, lids].sum(axis=1)
    blink = blink / _peak(blink) * random.normal(0, 0.7, (count, 1, 1, 1))
    blink *= random.random((count, 1, 1, 1)) < settings.blink
    total = noise + head * strength(count, 1, 1, 1) + blink
    for row, spikes in enumerate(random.poisson(settings.spikes, count)):
        for _ in range(spikes):
            total[row] += _spike(ticks, random)
    return np.asarray(total, np.float32)


def _spike(ticks: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    x, y = random.uniform(-1.05, 1.05, 2)
    if random.random() < 0.4:  # at the border, where the face meets what lies behind it
        x = np.sign(x) * random.uniform(0.9, 1.05)
    size = random.uniform(0.05, 0.16, 2)
    bump = np.exp(-0.5 * ((ticks - y) / size[0]) ** 2)[:, None] * np.exp(-0.5 * ((ticks - x) / size[1]) ** 2)[None]
    return np.asarray(bump[..., None] * random.normal(0, 0.6, 2))


def _noise_bank(scale: float, random: np.random.Generator) -> NDArray[np.float32]:
    white = random.standard_normal((_BANK, GRID + 8, GRID + 8)).astype(np.float32)
    smooth = gaussian_filter(white, (0, scale, scale))[:, 4:-4, 4:-4]
    return np.asarray(smooth / smooth.std(), np.float32)


def _pick(bank: NDArray[np.float32], count: int, channels: int, random: np.random.Generator) -> NDArray[np.float32]:
    fields = bank[random.integers(len(bank), size=(count, channels))].transpose(0, 2, 3, 1)
    if random.random() < 0.5:
        fields = fields[:, ::-1]
    return fields if random.random() < 0.5 else fields[:, :, ::-1]


def _peak(flow: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    length = np.sqrt((flow**2).sum(axis=3)).reshape(len(flow), -1)
    return np.maximum(np.quantile(length, 0.985, axis=1), 1e-6).reshape(-1, 1, 1, 1)


def _eight_bits(flow: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.uint8]:
    """u, v and strain, each from its least to its greatest value."""
    down_u, across_u = np.gradient(flow[..., 0], axis=(1, 2))
    down_v, across_v = np.gradient(flow[..., 1], axis=(1, 2))
    strain = np.sqrt(across_u**2 + down_v**2 + 0.5 * (down_u + across_v) ** 2)
    values = np.concatenate([flow, strain[..., None]], axis=3)
    low, high = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
    scaled = (values - low) / np.maximum(high - low, 1e-9)
    return np.asarray(255 * scaled + 0.5, np.uint8)
