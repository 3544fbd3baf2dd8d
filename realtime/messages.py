"""Every type that crosses a process.

Pixels never travel here: they lie in shared-memory rings and are found there by `sequence`.
Times in `captured_ns` are on the source's clock: monotonic nanoseconds stamped right after the grab for a camera,
presentation time since the first frame for a file. `grabbed_ns` is always monotonic, for measuring latency.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, TypedDict

import msgspec
import numpy as np
from numpy.typing import NDArray

SCHEMA = 1
"""Version of the line written to events.jsonl."""

_Number: TypeAlias = Annotated[int, msgspec.Meta(gt=-(2**62), lt=2**62)]  # fits where it will be written down
_Mesh: TypeAlias = Annotated[bytes, msgspec.Meta(min_length=468 * 12, max_length=468 * 12)]

Kind: TypeAlias = Literal["micro", "macro"]
Label: TypeAlias = Literal["negative", "positive", "surprise", "uncertain"]


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What every data message carries."""

    source: str
    sequence: _Number  # of the frame this message is about; grows by one per grabbed frame, never restarts in a run
    captured_ns: _Number  # source clock
    grabbed_ns: _Number  # monotonic clock
    epoch: _Number  # raised when the source reconnects


class Stamp(TypedDict):
    """The fields every message passes on to those made from it."""

    source: str
    sequence: int
    captured_ns: int
    grabbed_ns: int
    epoch: int


def stamp(message: Message) -> Stamp:
    """What a new message about the same frame carries over."""
    return Stamp(
        source=message.source,
        sequence=message.sequence,
        captured_ns=message.captured_ns,
        grabbed_ns=message.grabbed_ns,
        epoch=message.epoch,
    )


class FrameCaptured(Message, frozen=True):
    """A frame lies in the `frames` ring: RGB uint8 (height, width, 3)."""

    width: int  # px
    height: int  # px
    presentation_s: float = 0.0  # time in the file or since the camera started, seconds


class Quality(msgspec.Struct, frozen=True):
    """How far the track of one frame can be trusted."""

    sharpness: float  # standard deviation of the crop's Laplacian, grey levels
    face_width: float  # in the camera's frame, px
    yaw: float  # degrees, positive when the face turns to the image's right
    pitch: float  # degrees, positive when it looks down
    roll: float  # degrees, positive when it tilts clockwise in the image
    occluded: float  # 0 (free) to 1: share of the face whose texture suddenly differs


class FaceTracked(Message, frozen=True):
    """An aligned face lies in the `faces` ring: grey uint8 (256, 256)."""

    presentation_s: float
    crop_epoch: int  # raised each time the crop's similarity moves
    crop_from_frame: tuple[float, float, float, float, float, float]  # row-major 2x3, frame px -> crop px
    landmarks: _Mesh  # float32 (468, 3): x, y, z in crop px
    face_width: float  # in the crop, px
    quality: Quality

    def mesh(self) -> NDArray[np.float32]:
        """Landmarks as a read-only float32 (468, 3) array in crop pixels."""
        return np.frombuffer(self.landmarks, np.float32).reshape(-1, 3)


class FaceFound(Message, frozen=True):
    """A face is there after none was."""

    presentation_s: float


class FaceLost(Message, frozen=True):
    """The face followed so far is gone, or the track jumped to somebody else."""

    presentation_s: float
    reason: str


class MotionMeasured(Message, frozen=True):
    """What the spotter saw in one frame."""

    presentation_s: float
    motion: tuple[float, ...]  # per spotting region: px at 224 px face width, relative to the neutral face
    noise: float  # least motion that counts as an expression, mean over the regions, same unit
    eyes_open: float  # 1 = as open as in the neutral face, 0 = closed
    active: bool  # an event is open


class NotNeutral(Message, frozen=True):
    """At the beginning of a window the face is not in this person's neutral position: what it holds counts as rest."""

    presentation_s: float
    region: str  # that lies furthest from its place
    distance: float  # px at 224 px face width


class WindowReset(Message, frozen=True):
    """The spotter threw its window away: nothing is ever bridged."""

    presentation_s: float
    reason: str


class ExpressionSpotted(Message, frozen=True):
    """An expression has an onset, an apex and an offset. `sequence` and times are those of the deciding frame."""

    event: int  # number within this run, from 1
    kind: Kind
    onset: FaceTracked
    apex: FaceTracked
    offset_sequence: int
    onset_s: float  # presentation time, refined to sub-frame
    apex_s: float
    offset_s: float
    offset_grabbed_ns: int
    regions: dict[str, float]  # regions that took part: peak motion, px at 224 px face width
    strength: float  # largest of them
    score: float  # peak motion over noise
    decided_s: float = 0.0  # presentation time of the frame at which it was decided
    confidence: float = 0.0  # 0 to 1, how sure the spotter is that it is an expression


class ExpressionOpened(Message, frozen=True):
    """An expression has outlasted a micro-expression and is still held."""

    event: int
    onset_s: float


class ExpressionRecognised(Message, frozen=True):
    """The verdict. The pictures behind it lie in the `evidence` ring under `event`."""

    event: int
    kind: Kind
    onset_s: float
    apex_s: float
    offset_s: float
    onset_frame: int
    apex_frame: int
    offset_frame: int
    label: Label
    probabilities: dict[str, float]  # negative, positive, surprise
    action_units: dict[str, float]  # name -> strength 0..1, only those present
    regions: dict[str, float]  # px at 224 px face width
    strength: float  # px at 224 px face width
    spot_score: float
    latency_ms: float  # offset frame grabbed -> verdict
    model: str
    decided_s: float = 0.0  # presentation time of the frame at which the spotter decided
    confidence: float = 0.0  # 0 to 1, how sure the spotter is that it is an expression
    influence: dict[str, float] = {}  # region -> log of the factor by which it raised the odds of the likeliest class
    unit_frames: tuple[int, ...] = ()  # where action units were measured frame by frame, when asked for
    unit_curves: dict[str, tuple[float, ...]] = {}  # name -> strength 0..1 in each of those frames


class SourceOpened(Message, frozen=True):
    """The source delivers: the first message of a run, and of every epoch after it."""

    presentation_s: float
    says: str  # for a person, what is delivered
    width: int  # px, of the frames that follow
    height: int
    fps: float  # declared
    began_unix_ns: int  # wall clock at presentation time 0, UTC; taken once in a run, whatever steps that clock makes


class SourceLost(Message, frozen=True):
    """Nothing comes from the source any more; it is tried again until it delivers."""

    presentation_s: float
    reason: str


class FramesDropped(Message, frozen=True):
    """Frames up to and including `sequence` were lost on the way to the stage that says so."""

    edge: str  # sender and receiver, "capture-track"
    count: int


class StageRestarted(Message, frozen=True):
    """A stage was started again; what it knew is forgotten. The first thing that the new one says."""

    stage: str
    reason: str
    restarts: int  # of this stage, in this run


class LoadShed(Message, frozen=True):
    """The machine does not keep up, or does again: a stage looks at one frame in so many, and passes on the rest."""

    stage: str
    one_in: int  # 1: all frames


class EndOfStream(Message, frozen=True):
    """The source has ended; `sequence` is that of the last frame. Stages pass it on and finish."""

    reason: str


class WorkerReport(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a worker tells the supervisor: heartbeat, and its books."""

    worker: str
    phase: Literal["STARTING", "RUNNING", "STOPPING", "STOPPED", "FAILED"]
    handled: int  # messages
    dropped: int  # messages this worker skipped to stay current
    busy_ns: int  # time spent inside the stage since it started
    note: str = ""  # one line for a person: why it failed, what it uses


AnyMessage: TypeAlias = (
    FrameCaptured
    | FaceTracked
    | FaceFound
    | FaceLost
    | MotionMeasured
    | NotNeutral
    | WindowReset
    | ExpressionOpened
    | ExpressionSpotted
    | ExpressionRecognised
    | SourceOpened
    | SourceLost
    | FramesDropped
    | StageRestarted
    | LoadShed
    | EndOfStream
    | WorkerReport
)
