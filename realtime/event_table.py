"""The events as a table in the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from realtime.messages import ExpressionRecognised


def event_table(events: Iterable[ExpressionRecognised]) -> Table:
    """One row per event, in the order of their onsets."""
    table = Table("kind", "label", "sure", "onset", "apex", "offset s", "px", "action units", box=None, pad_edge=False)
    for event in sorted(events, key=lambda e: e.onset_s):
        table.add_row(
            event.kind,
            event.label,
            f"{max(event.probabilities.values()):.0%}",
            f"{event.onset_s:.2f}",
            f"{event.apex_s:.2f}",
            f"{event.offset_s:.2f}",
            f"{event.strength:.1f}",
            " ".join(event.action_units) or "none",
        )
    return table
