"""What the page is told and what it asks, as JSON; frames travel beside it as bytes.

A frame is one binary WebSocket message: its number, how many frames this browser was too slow for so far, and the
length of a `PageFrame` in JSON, each in four bytes; that JSON; the mesh as int16 (468, 2) in eighths of a pixel
(nothing without a face); and the picture as JPEG.
"""

from __future__ import annotations

import struct
from typing import Literal, TypeAlias

import msgspec

from realtime.messages import Quality

MESH_UNITS = 8
"""Mesh positions are sent in this part of a pixel."""
_LENGTH = struct.Struct("<I")


class PageFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a frame when it is shown."""

    source: str
    sequence: int
    time_s: float  # presentation time
    grabbed_ns: int  # monotonic
    width: int  # px of the frame that mesh positions refer to; the picture may be smaller
    height: int
    points: int  # of the mesh: 468, or 0
    absent: str = ""  # why there is no face
    open_since_s: float | None = None  # onset of an expression that is still going on
    face_px: float = 0.0  # width of the face in the frame
    quality: Quality | None = None


class PageMotion(msgspec.Struct, frozen=True, kw_only=True, tag="motion"):
    """Region motions of one frame, as in `MotionMeasured`; rounded."""

    source: str
    time_s: float
    motion: list[float]
    least: float
    active: bool
    eyes_open: float


class PageEvent(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """One verdict as a card shows it. Pictures are data URIs, empty where they were gone."""

    source: str
    number: int
    kind: str
    label: str
    onset_s: float
    apex_s: float
    offset_s: float
    probabilities: dict[str, float]
    action_units: dict[str, float]
    regions: dict[str, float]
    strength: float
    spot_score: float
    latency_ms: float
    model: str
    influence: dict[str, float] = {}  # region -> log of the factor by which it raised the odds of the label
    onset: str = ""
    apex: str = ""
    flow: str = ""


class PageNote(msgspec.Struct, frozen=True, kw_only=True, tag="note"):
    """Something that happened, in words."""

    source: str
    time_s: float
    what: str  # found, lost, reset, held, ended; trouble with source or stages, and well again; dropped: frames
    says: str


class PageQuiet(msgspec.Struct, frozen=True, kw_only=True, tag="quiet"):
    """How far the measuring of a person has come."""

    name: str
    collected_s: float
    wanted_s: float
    disturbed_by: str = ""
    advice: str = ""
    face_px: float = 0.0
    sharpness: float = 0.0
    done: bool = False
    outcome: str = ""  # what was learned, or why nothing was
    failed: bool = False


class PageStatus(msgspec.Struct, frozen=True, kw_only=True, tag="status"):
    """How the run stands."""

    phase: str  # starting, running, stopping, idle
    chosen: str = ""  # what runs or ran last, as it stands in `sources`
    source: str = ""  # the same in words
    running: list[str] = []  # names of the sources that run
    says: str = ""
    recording: bool = False
    problem: str = ""
    network: str = ""
    sources: list[tuple[str, str]] = []  # what can be chosen: spec, in words
    rates: list[float] = []  # of the slider: false alarms a minute, growing; empty when nothing was measured
    rate: float = 0.0  # of the point nearest to the settings in force; 0 when nothing was measured
    persons: list[str] = []


PageMessage: TypeAlias = PageMotion | PageEvent | PageNote | PageQuiet | PageStatus


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a page asks. Unknown requests are refused by the decoder."""

    do: Literal["start", "stop", "show", "reset", "rate", "measure", "leave", "seen", "clock"]
    source: str = ""  # start: what to open; show, reset, measure: the name of one that runs
    record: bool = False
    rate: float = 0.0
    name: str = ""
    sequence: int = -1  # seen: of the frame
    shown_ms: float = -1.0  # seen: grabbed to shown
    at_ms: float = 0.0  # clock: the page's, given back with ours


class CameraOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A browser's camera is ready: the first message on its socket. Others are frames: float64 ms, then a JPEG."""

    width: int
    height: int
    fps: float
    record: bool = False


Order: TypeAlias = Ask | CameraOffer
"""What the one who leads the runs is asked."""


def pack(frame: PageFrame, mesh: bytes, picture: bytes) -> bytes:
    """One frame as the page gets it, but for the first two numbers, which are each viewer's own."""
    head = msgspec.json.encode(frame)
    return b"".join((_LENGTH.pack(len(head)), head, mesh, picture))
