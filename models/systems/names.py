"""Names of the published systems, importable without torch."""

from __future__ import annotations

SYSTEM_NAMES = (
    *("ststnet", "htnet", "r3d", "r2plus1d", "dualbranch", "stcnn", "fuse_intermediate", "fuse_late"),
    *("au_graph", "regional_clouds"),
)
"""What `--model` takes; each stands in `models.systems.catalogue.SYSTEMS`."""
