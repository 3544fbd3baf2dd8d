"""The network's answers judged with the whole recording known: how much the causal decision gives away."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.stream_network import StreamNetwork
from models.spotting_metrics import Interval, overlap
from models.spotting_targets import feature_rows
from realtime.network_detector import NOT_LIDS, stands_out
from realtime.sample_grid import SampleGrid
from realtime.sample_trace import SampleTrace
from realtime.settings import SpotSettings
from realtime.spot_features import SpotFeatures

_AROUND_S = 0.1  # moments this close to a peak speak for the same expression
_SAME = 0.2


def offline_events(trace: SampleTrace, settings: SpotSettings, network: StreamNetwork) -> list[Interval]:
    """Every moment above the threshold is a candidate; the most probable are taken first, and what overlaps them goes.

    Onset, apex and offset are means over all moments around the peak, weighted by their probability; a
    macro-expression begins where `lasting` becomes probable and ends with the last moment that says so. What does not
    stand out of the noise is left out, as in the stream.
    """
    times, features, breaks = feature_rows(trace, settings.longest_gap)
    starts = [*np.flatnonzero(breaks).tolist(), len(times)]
    noise = _noise(trace, settings.longest_gap)
    found: list[Interval] = []
    for first, last in pairwise(starts):
        network.forget()
        answers = network.judge(features[first:last])
        part = times[first:last]
        candidates = _candidates("micro", part, answers.ended[:, 0], answers.lags[:, :3], settings.threshold)
        candidates += _candidates("macro", part, answers.ended[:, 1], answers.lags[:, 3:], settings.threshold)
        candidates += _lasting(part, answers.lasting, answers.lags[:, 3:], settings.threshold)
        chosen: list[Interval] = []
        for sure, interval in sorted(candidates, key=lambda pair: -pair[0]):
            if sure * stands_out(_score(trace, noise, interval), interval.kind) < settings.threshold:
                continue
            if all(overlap(interval, other) <= _SAME for other in chosen):
                chosen.append(interval)
        found += sorted(chosen, key=lambda interval: interval.onset_s)
    return found


def _noise(trace: SampleTrace, longest_gap_s: float) -> NDArray[np.float64]:
    """Of each region once the whole recording has been seen, (regions,) px at 224 px face width."""
    grid, features = SampleGrid(), SpotFeatures()
    last_s = -np.inf
    for sample in trace.samples():
        if sample.time_s - last_s > longest_gap_s:
            grid.forget()
            features.forget()
        for _, columns in grid.push(sample):
            features.row(columns, 0.0)
        last_s = sample.time_s
    return features.noise


def _score(trace: SampleTrace, noise: NDArray[np.float64], interval: Interval) -> float:
    """Motion at the apex over noise, of the region that stands out most; lids alone make no macro-expression."""
    before, top, after = (_around(trace, at) for at in (interval.onset_s, interval.apex_s, interval.offset_s))
    share = (interval.apex_s - interval.onset_s) / (interval.offset_s - interval.onset_s)
    rest = before if interval.kind == "macro" else before + share * (after - before)
    ratio = np.sqrt(((top - rest) ** 2).sum(axis=1)) / noise
    return float(ratio.max() if interval.kind == "micro" else ratio[NOT_LIDS].max())


def _around(trace: SampleTrace, time_s: float) -> NDArray[np.float64]:
    near = np.abs(trace.time_s - time_s) <= max(0.025, float(np.abs(trace.time_s - time_s).min()))
    return np.asarray(trace.regions[near].mean(axis=0))


def _candidates(
    kind: Literal["micro", "macro"],
    times: NDArray[np.float64],
    probable: NDArray[np.float32],
    lags: NDArray[np.float32],
    threshold: float,
) -> list[tuple[float, Interval]]:
    out = []
    for index in np.flatnonzero(probable >= threshold):
        near = np.abs(times - times[index]) <= _AROUND_S
        if probable[index] < probable[near].max():
            continue
        weight = probable[near] ** 2
        onset, apex, offset = (weight @ (times[near, None] - lags[near])) / weight.sum()
        if offset > onset:
            out.append((float(probable[index]), Interval(kind, float(onset), float(apex), float(offset))))
    return out


def _lasting(
    times: NDArray[np.float64], lasting: NDArray[np.float32], lags: NDArray[np.float32], threshold: float
) -> list[tuple[float, Interval]]:
    """Stretches in which a macro-expression goes on, bridged where it is doubtful for a moment."""
    inside = np.flatnonzero(lasting >= threshold)
    if len(inside) == 0:
        return []
    out = []
    for run in np.split(inside, np.flatnonzero(np.diff(times[inside]) > 0.3) + 1):
        early = run[: max(len(run) // 3, 1)]
        onset = float(np.median(times[early] - lags[early, 0]))
        apex = float(np.median(times[early] - lags[early, 1]))
        offset = float(times[run[-1]])
        if offset - onset > 0.5:
            out.append((float(lasting[run].mean()), Interval("macro", onset, max(apex, onset), offset)))
    return out
