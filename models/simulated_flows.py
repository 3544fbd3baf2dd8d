"""Flows from onset to apex drawn without pictures, in the 28 x 28 form of MEGC 2019.

No rendering: action units pull the grid of an invented face, and everything that comes between a face and such a flow
is drawn beside them (`models.flow_nuisance`): head motion, lids, twitches, the estimator's errors and outliers, the
scaling to eight bits. Faces, pulls and errors must lie where those of cropped faces lie: a mouth that is a cell too
high, or errors that are the same all over the face, cost more than anything the network can make good.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.drawn_expressions import draw_expression
from models.flow_atlas import FlowAtlas, draw_atlas
from models.flow_nuisance import FlowNuisance, NoiseBank, as_estimated, draw_nuisance, peak, without_little
from models.flow_skin import Faces, how_often, know_faces
from models.labels import ACTION_UNITS, CLASSES

_CHUNK = 512


class SimulatedFlows(NamedTuple):
    """N samples."""

    flow: NDArray[np.uint8]  # (N, 28, 28, 3)
    landmarks: NDArray[np.float32]  # (N, 468, 3)
    label: NDArray[np.int64]  # (N,)
    action_units: NDArray[np.bool_]  # (N, A)


def simulate_flows(count: int, seed: int, settings: FlowNuisance) -> SimulatedFlows:
    """Draw samples, classes as often as `settings` say; the same arguments give the same samples."""
    random = np.random.default_rng([seed, 28])
    faces = know_faces(draw_atlas(settings.people, settings.stranger, random), settings.still)
    bank = NoiseBank(random)
    parts = [_chunk(min(_CHUNK, count - start), faces, bank, settings, random) for start in range(0, count, _CHUNK)]
    return SimulatedFlows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _chunk(
    count: int, faces: Faces, bank: NoiseBank, settings: FlowNuisance, random: np.random.Generator
) -> SimulatedFlows:
    atlas = faces.atlas
    who = random.integers(len(atlas.fields), size=count)
    label = random.choice(len(CLASSES), size=count, p=settings.classes)
    pulls, units = _draw_pulls(label, atlas, settings, random)
    flow = as_estimated(np.einsum("nf,nfyxc->nyxc", pulls, atlas.fields[who]), bank, settings, random)
    reach = peak(flow)
    flow *= (reach / np.median(reach)) ** settings.contrast / reach
    flow += draw_nuisance(who, faces, bank, settings, random)
    flow = without_little(flow, random.uniform(0, settings.swallowed, (count, 1, 1, 1)))
    return SimulatedFlows(_eight_bits(flow), atlas.landmarks[who], label, units)


def _draw_pulls(
    label: NDArray[np.int64], atlas: FlowAtlas, settings: FlowNuisance, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    column = {name: index for index, name in enumerate(atlas.names)}
    reach = np.sqrt((atlas.fields**2).sum(axis=4)).max(axis=(2, 3)).mean(axis=0)
    pulls = np.zeros((len(label), len(column)), np.float32)
    often = how_often(atlas.names, blinks=0.3)
    present = np.zeros((len(label), len(ACTION_UNITS)), np.bool_)
    for row, one in enumerate(label):
        evenness = random.uniform(0, 1)  # 0: as FACS intensities; 1: all pulls move the skin equally far
        drawn = draw_expression(int(one), random)
        keep = {name for name in sorted({key.rstrip("LR") for key in drawn}) if random.random() >= settings.dropped}
        for name, strength in drawn.items():
            if len(keep) == 0 or name.rstrip("LR") in keep:
                pulls[row, column[name]] = strength * reach[column[name]] ** -evenness
                present[row, ACTION_UNITS.index(name.rstrip("LR"))] = True
        while random.random() < settings.added:
            extra = random.choice(len(column), p=often / often.sum())
            pulls[row, extra] += random.uniform(0, 0.5) * pulls[row].max() * (reach.mean() / reach[extra]) ** evenness
    return pulls, present


def _eight_bits(flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """u, v and strain, each from its least to its greatest value."""
    down_u, across_u = np.gradient(flow[..., 0], axis=(1, 2))
    down_v, across_v = np.gradient(flow[..., 1], axis=(1, 2))
    strain = np.sqrt(across_u**2 + down_v**2 + 0.5 * (down_u + across_v) ** 2)
    values = np.concatenate([flow, strain[..., None]], axis=3)
    low, high = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
    scaled = (values - low) / np.maximum(high - low, 1e-9)
    return np.asarray(255 * scaled + 0.5, np.uint8)
