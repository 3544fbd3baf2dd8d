"""`python -m models compare-spotting`: every method and every ablation on the same recordings, in one table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.stream_network import load_spot_network
from models.score_spotting import score_folder
from models.simulator.truth import read_truth
from models.spotting_files import ScoredClip, ScoringError, clip_seconds
from models.spotting_flow_peaks import FlowPeaks
from models.spotting_metrics import Interval
from models.spotting_offline import offline_events
from models.spotting_replay import events_on_trace
from realtime.face_sample import SampleMeter
from realtime.network_detector import NetworkDetector
from realtime.sample_trace import SampleTrace, trace_with
from realtime.settings import Settings, SpotSettings
from realtime.source import SourceError, SourceSpec
from realtime.spot_features import SpotFeatures
from realtime.statistics_detector import StatisticsDetector

_TINY = 1e-3
Finder = Callable[[SampleTrace, SampleTrace, SpotSettings], list[Interval]]
"""Takes a recording's trace, and the same with the head's motion left in."""


def _by_network(settings: SpotSettings, **hidden: bool) -> NetworkDetector:
    return NetworkDetector(settings, load_spot_network(), SpotFeatures(**hidden))


def _without_noise(settings: SpotSettings) -> StatisticsDetector:
    return StatisticsDetector(settings.model_copy(update={"noise_factor": _TINY}))


METHODS: dict[str, Finder] = {
    "flow peaks (He 2021, Zhao 2022), causal": lambda t, _, s: events_on_trace(t, s, make=FlowPeaks),
    "statistics": lambda t, _, s: events_on_trace(t, s, make=StatisticsDetector),
    "network": lambda t, _, s: events_on_trace(t, s, make=_by_network),
    "network, whole recording known (offline)": lambda t, _, s: offline_events(t, s, load_spot_network()),
    "network without rigid removal": lambda _, u, s: events_on_trace(u, s, make=_by_network),
    "network without blink gate": lambda t, _, s: events_on_trace(
        t, s, make=lambda settings: _by_network(settings, watch_lids=False)
    ),
    "network without noise scaling": lambda t, _, s: events_on_trace(
        t, s, make=lambda settings: _by_network(settings, noise_scaling=False)
    ),
    "statistics without rigid removal": lambda _, u, s: events_on_trace(u, s, make=StatisticsDetector),
    "statistics without blink gate": lambda t, _, s: events_on_trace(
        t, s, make=lambda settings: StatisticsDetector(settings, gate_blinks=False)
    ),
    "statistics without noise scaling": lambda t, _, s: events_on_trace(t, s, make=_without_noise),
}
"""Rows of the table, by name."""


def compare(
    folder: Path, out: Path, settings: Settings, floor: str, say: Callable[[str], None] = print
) -> dict[str, dict[str, Any]]:
    """Run every method on every recording of a folder.

    Args:
        folder: NAME.mp4 with NAME.truth.csv, from `python -m models simulate`.
        out: traces are kept here as NAME.trace.npz and NAME.unremoved.npz, and used again.
        settings: of the spotter.
        floor: FACS intensity below which events neither count nor harm.
        say: told how far it is.

    Returns:
        Figures of `score_folder` by method.

    Raises:
        ScoringError: nothing to compare on, or a recording cannot be read.
    """
    tables = sorted(folder.glob("*.truth.csv"))
    if not tables:
        raise ScoringError(f"{folder}: no NAME.truth.csv in it; `python -m models simulate` writes them")
    out.mkdir(parents=True, exist_ok=True)
    traces = [_traces(table, out, settings, say) for table in tables]
    results = {}
    for name, find in METHODS.items():
        clips = [
            ScoredClip(_name(table), clip_seconds(folder, _name(table)), read_truth(table), find(*pair, settings.spot))
            for table, pair in zip(tables, traces, strict=True)
        ]
        results[name] = score_folder(clips, floor)
        say(f"{name}: micro F1 {results[name]['micro']['f1']:.3f}")
    return results


def _name(table: Path) -> str:
    return table.name.removesuffix(".truth.csv")


def _traces(table: Path, out: Path, settings: Settings, say: Callable[[str], None]) -> tuple[SampleTrace, SampleTrace]:
    name = _name(table)
    kept = [out / f"{name}.trace.npz", out / f"{name}.unremoved.npz"]
    if not all(path.is_file() for path in kept):
        video = table.with_name(f"{name}.mp4")
        say(f"tracking {video}")
        renewal = settings.spot.quiet_renewal
        meters = [SampleMeter(renewal), SampleMeter(renewal, remove_head=False)]
        try:
            made = trace_with(SourceSpec(str(video)), settings, meters)
        except SourceError as error:
            raise ScoringError(str(error)) from None
        for trace, path in zip(made, kept, strict=True):
            trace.save(path)
    removed, unremoved = (SampleTrace.load(path) for path in kept)
    return removed, unremoved


def as_markdown(results: dict[str, dict[str, Any]]) -> str:
    """The table of docs/benchmarks.md."""
    rows = [
        "| method | micro F1 | precision | recall | macro F1 | overall F1 | false micro/min | false all/min "
        "| onset / apex / offset ms | decision ms |",
        "|---" * 10 + "|",
    ]
    for name, result in results.items():
        micro, macro, overall = result["micro"], result["macro"], result["overall"]
        errors = " / ".join(_median(micro[f"{point}_ms"]) for point in ("onset", "apex", "offset"))
        rows.append(
            f"| {name} | {micro['f1']:.3f} | {micro['precision']:.2f} | {micro['recall']:.2f} | {macro['f1']:.3f} "
            f"| {overall['f1']:.3f} | {micro['false_alarms_per_minute']:.2f} "
            f"| {overall['false_alarms_per_minute']:.2f} | {errors} | {_median(micro['decision_delay_ms'])} |"
        )
    return "\n".join(rows)


def _median(spread: dict[str, float] | None) -> str:
    return "-" if spread is None else f"{spread['median']:.0f}"
