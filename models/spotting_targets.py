"""What the spotting network is taught: rows of features with what was true at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from models.simulator.truth import TruthRow
from models.spotting_network import LAGS, STATES
from realtime.sample_grid import REGIONS, STEP_S, SampleGrid
from realtime.sample_trace import SampleTrace
from realtime.spot_features import FEATURES, SpotFeatures

TOLD_FROM_S, TOLD_TO_S = 0.04, 0.1
"""An event is to be told this long after its offset."""
LASTING_FROM_S = 0.5
"""A macro-expression is known by what is still there this long after its onset."""
_VAGUE_S = 0.035  # beside a stretch of truth nothing is asked
_FORGET_ONSET_S = 2.5  # an onset longer ago than this need not be known any more
_SWAPPED = np.array(
    [
        MOTION_REGIONS.index(name.replace("_left", "_tmp").replace("_right", "_left").replace("_tmp", "_right"))
        for name in MOTION_REGIONS
    ]
)


@dataclass(frozen=True)
class TaughtRows:
    """One recording.

    Attributes:
        time_s: (n,) middle of each row.
        features: float32 (n, FEATURES).
        ended: float32 (n, 2), 1 where a micro- or macro-expression has just ended, NaN where nothing is asked.
        lasting: float32 (n,), the same for a macro-expression under way.
        states: float32 (n, STATES).
        lags: float32 (n, LAGS), seconds, NaN where nothing is asked.
        breaks: bool (n,), True at the first row of a window.
    """

    time_s: NDArray[np.float64]
    features: NDArray[np.float32]
    ended: NDArray[np.float32]
    lasting: NDArray[np.float32]
    states: NDArray[np.float32]
    lags: NDArray[np.float32]
    breaks: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time_s)


def feature_rows(
    trace: SampleTrace, longest_gap_s: float = 0.2, noise_scaling: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.bool_]]:
    """Times, features and window starts of a recording, exactly as the spotter makes them."""
    grid, features = SampleGrid(), SpotFeatures(noise_scaling)
    times: list[float] = []
    rows: list[NDArray[np.float32]] = []
    breaks: list[bool] = []
    last_s, fresh = -np.inf, True
    for sample in trace.samples():
        if sample.time_s - last_s > longest_gap_s:
            grid.forget()
            features.forget()
            fresh = True
        for time_s, columns in grid.push(sample):
            times.append(time_s)
            rows.append(features.row(columns, sample.time_s - last_s))
            breaks.append(fresh)
            fresh = False
        last_s = sample.time_s
    return np.array(times), np.array(rows, np.float32).reshape(-1, FEATURES), np.array(breaks, bool)


def teach(trace: SampleTrace, truth: Sequence[TruthRow], noise_scaling: bool = True) -> TaughtRows:
    """Rows of a recording with the truth beside them."""
    times, features, breaks = feature_rows(trace, noise_scaling=noise_scaling)
    count = len(times)
    ended, lasting = np.zeros((count, 2), np.float32), np.zeros(count, np.float32)
    states, lags = np.zeros((count, len(STATES)), np.float32), np.full((count, len(LAGS)), np.nan, np.float32)
    for row in truth:
        states[(times > row.onset_s) & (times < row.offset_s), STATES.index(row.kind)] = 1
        if row.kind not in ("micro", "macro"):
            continue
        which = 0 if row.kind == "micro" else 1
        since_end = times - row.offset_s
        told = (since_end >= TOLD_FROM_S) & (since_end <= TOLD_TO_S)
        vague = (since_end >= TOLD_FROM_S - 2 * _VAGUE_S) & (since_end <= TOLD_TO_S + _VAGUE_S) & ~told
        ended[vague, which] = np.nan
        ended[told, which] = 1
        near = told | vague
        first = LAGS.index("micro_onset" if which == 0 else "macro_onset")
        lags[near, first + 2] = since_end[near]
        since_onset = times - row.onset_s
        if which == 1:
            under_way = (since_onset >= LASTING_FROM_S) & (since_end <= 0)
            lasting[under_way] = 1
            lasting[(since_onset >= LASTING_FROM_S - 0.15) & (since_onset < LASTING_FROM_S)] = np.nan
            lasting[(since_end > 0) & (since_end < TOLD_TO_S + 0.1)] = np.nan
            near = (under_way | near) & (since_onset < _FORGET_ONSET_S)
        lags[near, first] = since_onset[near]
        since_apex = times - row.apex_s
        near &= since_apex > 0
        lags[near, first + 1] = since_apex[near]
    return TaughtRows(times, features, ended, lasting, states, lags, breaks)


def mirrored(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same face seen in a mirror, (..., FEATURES)."""
    out = features.copy()
    regions = features[..., : 2 * REGIONS].reshape(*features.shape[:-1], REGIONS, 2)[..., _SWAPPED, :].copy()
    regions[..., 0] *= -1
    out[..., : 2 * REGIONS] = regions.reshape(*features.shape[:-1], 2 * REGIONS)
    head = slice(2 * REGIONS, 2 * REGIONS + 6)
    out[..., head] *= np.array([-1, 1, 1, -1, -1, 1], np.float32)
    return out


def minutes(rows: Sequence[TaughtRows]) -> float:
    """Length of all recordings together."""
    return sum(len(one) for one in rows) * STEP_S / 60
