"""Pictures of one expression for the report: crops, flow and cloud, small enough to lie inside the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.evidence import CROP, Evidence, unpack_evidence
from realtime.flow_picture import colour_wheel, flow_over_face, full_scale, inside_face

CLOUD_REGIONS = (
    *("eye left", "eye right", "cheek left", "cheek right"),
    *("mouth corner left", "mouth corner right", "chin", "mouth"),
)
"""As in `kernels.face_regions`, which a test holds this to: reports shall not load the compiled kernels."""
_ARROWS = 20  # of each region
_LONGEST = 26.0  # px that an arrow of full scale has in the picture
_LEFT_EDGE, _RIGHT_EDGE = 234, 454


@dataclass(frozen=True)
class CloudRegion:
    """One of the eight regions in the plot."""

    number: int
    name: str
    share: float  # of the cloud's motion, 0 to 1
    arrows: str  # path, seen from the front
    x: float  # where its number stands
    y: float


@dataclass(frozen=True)
class EventPictures:
    """Data URIs and SVG paths; lengths in px of the 256 px crop."""

    onset: str
    apex: str
    flow: str
    full: float  # px at 224 px face width that the flow's colours and the cloud's arrows reach
    rim: str  # path: the face's outline
    regions: tuple[CloudRegion, ...]

    @property
    def size(self) -> int:
        """Roughly what it adds to the page, bytes."""
        paths = sum(len(region.arrows) for region in self.regions)
        return len(self.onset) + len(self.apex) + len(self.flow) + len(self.rim) + paths


def event_pictures(record: NDArray[Any]) -> EventPictures:
    """Pictures of what `realtime.evidence.pack_evidence` packed.

    Raises:
        ValueError: not such a record.
    """
    evidence = unpack_evidence(record)
    where = inside_face(evidence.mesh, CROP, CROP)
    full = full_scale(evidence.flow, where)
    rim = cv2.convexHull(np.ascontiguousarray(evidence.mesh[:, :2])).reshape(-1, 2)
    return EventPictures(
        onset=jpeg_uri(evidence.onset),
        apex=jpeg_uri(evidence.apex),
        flow=jpeg_uri(flow_over_face(evidence.apex, evidence.flow, where, full)),
        full=full,
        rim="M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in rim) + "Z",
        regions=tuple(_region(evidence, number, full) for number in range(len(CLOUD_REGIONS))),
    )


def wheel_picture() -> str:
    """The flow's legend as a data URI."""
    _, data = cv2.imencode(".png", cv2.cvtColor(colour_wheel(96), cv2.COLOR_RGBA2BGRA))
    return _uri("image/png", data)


def _region(evidence: Evidence, number: int, full: float) -> CloudRegion:
    points = evidence.cloud[number][:: max(1, evidence.cloud.shape[1] // _ARROWS)]
    width = float(np.linalg.norm(evidence.mesh[_RIGHT_EDGE] - evidence.mesh[_LEFT_EDGE]))
    places = points[:, :3] * width + evidence.mesh.mean(axis=0)
    moves = points[:, 3:5] * (_LONGEST / full)
    x, y = places[:, :2].mean(axis=0).tolist() if points.any() else (-99.0, -99.0)
    return CloudRegion(
        number=number + 1,
        name=CLOUD_REGIONS[number],
        share=float(evidence.shares[number]),
        arrows=_arrows(places[:, :2], moves) if points.any() else "",
        x=x,
        y=y,
    )


def _arrows(places: NDArray[np.float32], moves: NDArray[np.floating[Any]]) -> str:
    turned = np.column_stack([-moves[:, 1], moves[:, 0]])
    wings = (-0.35 * moves + 0.2 * turned, -0.35 * moves - 0.2 * turned)
    drawn = []
    for (x, y), (u, v), (a, b), (c, d) in zip(places, moves, *wings, strict=True):
        drawn.append(f"M{x:.0f} {y:.0f}l{u:.1f} {v:.1f}" + f"l{a:.1f} {b:.1f}m{-a:.1f} {-b:.1f}l{c:.1f} {d:.1f}")
    return "".join(drawn)


def jpeg_uri(image: NDArray[np.uint8]) -> str:
    """A grey or RGB uint8 image as a data URI."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return _uri("image/jpeg", data)


def _uri(kind: str, data: NDArray[np.uint8]) -> str:
    return f"data:{kind};base64,{base64.b64encode(data.tobytes()).decode()}"
