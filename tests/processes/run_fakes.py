"""Run the fake graph as a program of its own: what a terminal's signals reach."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fake_graph import fake_graph, fake_rings
from fake_stages import Fault

from realtime.failures import UserFacingError
from realtime.graph_run import Plan, run_plan
from realtime.outcome import Limits


def main(out: Path, options: dict) -> int:
    fault = Fault(**options.pop("fault", {}))
    limits = Limits(**options.pop("limits", {}))
    graph = fake_graph(out, fault=fault, **options)
    try:
        summary = run_plan(
            Plan(
                graph,
                "fake",
                fake_rings(graph),
                limits,
                on_message=lambda message: print(type(message).__name__, flush=True),
            )
        )
    except UserFacingError as error:
        print(f"glimpse: {error}", file=sys.stderr)
        return 1
    print(f"stopped_by={summary.stopped_by!r} frames={summary.frames}", flush=True)
    return 130 if summary.stopped_by else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
