"""The precision-recall curve of the spotter, and its false alarms a minute, as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from calibrate.threshold import ThresholdReport, settings_text


def draw(report: ThresholdReport, path: Path) -> None:
    """Precision over recall, recall over false alarms, and what was chosen, into a PNG."""
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    quality, alarms = figure.subplots(1, 2)
    best = report.chosen
    first = next(iter(best.settings))
    quality.plot([p.recall for p in report.curve], [p.precision for p in report.curve], "o-", markersize=3)
    for point in report.curve[:: max(len(report.curve) // 6, 1)]:
        place = (point.recall, point.precision)
        quality.annotate(f"{point.settings[first]:g}", place, (4, 4), textcoords="offset points", fontsize=7)
    quality.plot(best.recall, best.precision, "s", color="tab:red", label=f"chosen: {settings_text(best.settings)}")
    quality.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.04))
    quality.legend(loc="lower left", fontsize=8)
    alarms.plot([p.false_per_minute for p in report.curve], [p.recall for p in report.curve], "o-", markersize=3)
    if best.quiet_per_minute is not None:
        quiet = [p.quiet_per_minute or 0.0 for p in report.curve]
        alarms.plot(quiet, [p.recall for p in report.curve], "^--", markersize=3, label="on quiet recordings")
    alarms.plot(best.false_per_minute, best.recall, "s", color="tab:red")
    alarms.axvline(report.wanted, color="tab:red", linewidth=1, linestyle=":", label=f"wanted: {report.wanted:g}")
    alarms.set(xlabel="false alarms a minute", ylabel="recall", ylim=(0, 1.02))
    alarms.set_xlim(0, max(4 * report.wanted, 2.0))
    alarms.legend(loc="lower right", fontsize=8)
    counted = "micro-expressions" if report.kind == "micro" else "all expressions"
    figure.suptitle(f"{counted}, {report.method}, {report.minutes:.1f} simulated minutes", fontsize=10)
    figure.savefig(path, dpi=110)
