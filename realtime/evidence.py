"""The pictures behind one verdict: a record of fixed size, in the `evidence` ring under its event's number."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CROP = 256
"""Height and width of crops and flow, px."""
POINTS = 128
"""Points that each of the eight regions of a cloud has."""
EVIDENCE = np.dtype(
    [
        ("onset", np.uint8, (CROP, CROP)),
        ("apex", np.uint8, (CROP, CROP)),
        ("mesh", "<f4", (468, 3)),
        ("flow", "<f2", (CROP, CROP, 2)),
        ("cloud", "<f4", (8, POINTS, 6)),
        ("shares", "<f4", (8,)),
    ]
)
"""Record in shared memory and on disk; the fields are those of `Evidence`. Half precision keeps flow to 0.01 px."""


class Evidence(NamedTuple):
    """What a verdict rests on. Crops share one similarity, so that they can be laid over each other."""

    onset: NDArray[np.uint8]  # (256, 256)
    apex: NDArray[np.uint8]  # (256, 256)
    mesh: NDArray[np.float32]  # (468, 3) of the apex, crop px
    flow: NDArray[np.float32]  # (256, 256, 2) onset to apex without head motion, px at 224 px face width
    cloud: NDArray[np.float32]  # (8, 128, 6): x, y, z in face widths, u, v as in flow, strain
    shares: NDArray[np.float32]  # (8,) of each region in the motion of the cloud; sums to 1, or 0 when nothing moved


def pack_evidence(
    onset: NDArray[np.uint8],
    apex: NDArray[np.uint8],
    mesh: NDArray[np.float32],
    flow: NDArray[np.float32],
    cloud: NDArray[np.float32],
) -> NDArray[Any]:
    """Put together one record.

    Args:
        onset, apex: grey uint8 (256, 256), cut with one similarity.
        mesh: float32 (468, 3) of the apex, crop px.
        flow: float32 (256, 256, 2) from onset to apex, px at 224 px face width, head motion taken out.
        cloud: float32 (8, 128, 6) from `kernels.expression_cloud`.

    Returns:
        An array of shape () and dtype `EVIDENCE`.

    Raises:
        ValueError: something has another shape.
    """
    record = np.zeros((), EVIDENCE)
    parts: dict[str, NDArray[Any]] = {
        "onset": onset,
        "apex": apex,
        "mesh": mesh,
        "flow": flow,
        "cloud": cloud,
        "shares": _shares(cloud),
    }
    for name, part in parts.items():
        if part.shape != record[name].shape:
            raise ValueError(f"evidence: {name} must have shape {record[name].shape}, not {part.shape}")
        record[name] = part
    return record


def unpack_evidence(record: NDArray[Any]) -> Evidence:
    """Take apart what `pack_evidence` made.

    Raises:
        ValueError: not such a record.
    """
    if record.dtype != EVIDENCE or record.shape != ():
        raise ValueError(f"not a record of evidence: dtype {record.dtype}, shape {record.shape}")
    return Evidence(
        onset=record["onset"],
        apex=record["apex"],
        mesh=record["mesh"].astype(np.float32),
        flow=record["flow"].astype(np.float32),
        cloud=record["cloud"].astype(np.float32),
        shares=record["shares"].astype(np.float32),
    )


def _shares(cloud: NDArray[np.float32]) -> NDArray[np.float32]:
    moved = np.linalg.norm(cloud[..., 3:5], axis=-1).mean(axis=-1)
    total = moved.sum()
    return (moved / total if total > 0 else np.zeros_like(moved)).astype(np.float32)
