"""The `page` sink: what the live page shows, made ready beside the pipeline and sent to the page's server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np
import zmq
from numpy.typing import NDArray

from realtime.event_pictures import jpeg_uri
from realtime.evidence import CROP, unpack_evidence
from realtime.flow_picture import flow_over_face, full_scale, inside_face
from realtime.live_view import LiveView
from realtime.messages import (
    EndOfStream,
    ExpressionOpened,
    ExpressionRecognised,
    FaceFound,
    FaceLost,
    FaceTracked,
    FrameCaptured,
    FramesDropped,
    LoadShed,
    Message,
    MotionMeasured,
    SourceLost,
    SourceOpened,
    StageRestarted,
    WindowReset,
)
from realtime.parcel import Parcel
from realtime.web.page_messages import MESH_UNITS, PageEvent, PageFrame, PageMessage, PageMotion, PageNote, pack
from realtime.wishes import Wishes

if TYPE_CHECKING:
    from realtime.web.person_meter import PersonMeter

FRAME, SAID = b"f", b"s"
_QUALITY = 78
_WIDEST = 960  # px of the picture that is sent
_LEAST_STEP_S = 1 / 62  # a screen shows no more
_WAITING = 256
_PATIENCE_MS = 1000  # for what must not be lost


class PageRelay:
    """A sink. Frames are made ready only while somebody looks, and dropped where the server is behind.

    Args:
        path: of the server's socket.
        watched: exists while somebody looks at this source.
        source: its name.
        wishes: `measure` and `leave` are obeyed here, where crops pass by.
    """

    def __init__(self, path: Path, watched: Path, source: str, wishes: Wishes) -> None:
        self._watched = watched
        self._source = source
        self._name = source.encode()
        self._wishes = wishes
        self._live = LiveView()
        self._encoder = msgspec.json.Encoder()
        self._meter: PersonMeter | None = None
        self._sent_s = 0.0
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUSH)
        self._socket.set_hwm(_WAITING)
        self._socket.setsockopt(zmq.LINGER, _PATIENCE_MS)
        self._socket.connect(f"ipc://{path}")

    def take(self, parcel: Parcel) -> None:
        """Send on one message as the page understands it."""
        message, pixels = parcel
        self._live.hear(message)
        if isinstance(message, FaceTracked | FrameCaptured):
            if pixels is not None:
                self._show(message, pixels)
                self._measure(message, pixels)
        elif isinstance(message, ExpressionRecognised):
            self._say(self._event(parcel))
        elif (told := self._told(message)) is not None:
            self._say(told)

    def close(self) -> None:
        """Let go of the socket; what was said last is still sent. A second call does nothing."""
        self._socket.close()
        self._context.term()

    def _show(self, message: FaceTracked | FrameCaptured, image: NDArray[np.uint8]) -> None:
        now_s = time.monotonic()
        if now_s - self._sent_s < _LEAST_STEP_S or not self._watched.exists():
            return
        self._sent_s = now_s
        view = self._live.of(message)
        height, width = image.shape[:2]
        tracked = message if isinstance(message, FaceTracked) else None
        frame = PageFrame(
            source=self._source,
            sequence=message.sequence,
            time_s=round(message.presentation_s, 4),
            grabbed_ns=message.grabbed_ns,
            width=width,
            height=height,
            points=0 if view.face is None else len(view.face),
            absent=view.absent,
            open_since_s=view.open_since_s,
            face_px=tracked.quality.face_width if tracked else 0.0,
            quality=tracked.quality if tracked else None,
        )
        mesh = b"" if view.face is None else np.rint(view.face * MESH_UNITS).clip(-32768, 32767).astype("<i2").tobytes()
        self._send(FRAME, pack(frame, mesh, _picture(image)), patient=False)

    def _measure(self, message: FaceTracked | FrameCaptured, image: NDArray[np.uint8]) -> None:
        for asked in self._wishes.asked():
            if asked.wish == "measure":
                from realtime.web.person_meter import PersonMeter

                self._meter = PersonMeter(asked.name, self._source)
            elif asked.wish == "leave":
                self._meter = None
        if self._meter is None:
            return
        quiet = self._meter.see(message, image)
        if quiet is not None:
            self._say(quiet)
            if quiet.done or quiet.failed:
                self._meter = None

    def _event(self, parcel: Parcel) -> PageEvent:
        event, record = parcel.message, parcel.pixels
        assert isinstance(event, ExpressionRecognised)
        pictures = {}
        if record is not None:
            evidence = unpack_evidence(record)
            where = inside_face(evidence.mesh, CROP, CROP)
            flow = flow_over_face(evidence.apex, evidence.flow, where, full_scale(evidence.flow, where))
            pictures = {"onset": jpeg_uri(evidence.onset), "apex": jpeg_uri(evidence.apex), "flow": jpeg_uri(flow)}
        return PageEvent(
            source=self._source,
            number=event.event,
            kind=event.kind,
            label=event.label,
            onset_s=event.onset_s,
            apex_s=event.apex_s,
            offset_s=event.offset_s,
            probabilities=event.probabilities,
            action_units=event.action_units,
            regions=event.regions,
            strength=event.strength,
            spot_score=event.spot_score,
            latency_ms=event.latency_ms,
            model=event.model,
            influence=event.influence,
            **pictures,
        )

    def _told(self, message: Message) -> PageMessage | None:
        if isinstance(message, MotionMeasured):
            return PageMotion(
                source=self._source,
                time_s=round(message.presentation_s, 4),
                motion=[round(px, 3) for px in message.motion],
                least=round(message.noise, 3),
                active=message.active,
                eyes_open=round(message.eyes_open, 3),
            )
        if isinstance(message, FaceFound):
            return self._note(message.presentation_s, "found", "a face is there")
        if isinstance(message, FaceLost):
            return self._note(message.presentation_s, "lost", message.reason or "the face is gone")
        if isinstance(message, WindowReset):
            return self._note(message.presentation_s, "reset", message.reason or "measuring began anew")
        if isinstance(message, ExpressionOpened):
            return self._note(message.onset_s, "held", "a macro-expression began and is held")
        if isinstance(message, EndOfStream):
            return self._note(0.0, "ended", message.reason)
        return self._trouble(message)

    def _trouble(self, message: Message) -> PageMessage | None:
        if isinstance(message, SourceLost):
            return self._note(message.presentation_s, "trouble", f"the source is gone ({message.reason}); trying again")
        if isinstance(message, SourceOpened) and message.epoch > 0:
            return self._note(message.presentation_s, "well", f"the source is back: {message.says}")
        if isinstance(message, StageRestarted):
            return self._note(0.0, "trouble", f"{message.stage} was started again: {message.reason}")
        if isinstance(message, LoadShed):
            kept_up = "this machine keeps up again" if message.one_in == 1 else "this machine does not keep up"
            more = "" if message.one_in == 1 else f": {message.stage} looks at one frame in {message.one_in}"
            return self._note(0.0, "well" if message.one_in == 1 else "trouble", kept_up + more)
        if isinstance(message, FramesDropped):
            return self._note(0.0, "dropped", str(message.count))
        return None

    def _note(self, time_s: float, what: str, says: str) -> PageNote:
        return PageNote(source=self._source, time_s=time_s, what=what, says=says)

    def _say(self, said: PageMessage) -> None:
        self._send(SAID, self._encoder.encode(said), patient=not isinstance(said, PageMotion))

    def _send(self, kind: bytes, piece: bytes, *, patient: bool) -> None:
        if patient:
            self._socket.poll(_PATIENCE_MS, zmq.POLLOUT)
        try:
            self._socket.send_multipart([kind, self._name, piece], zmq.NOBLOCK)
        except zmq.Again:
            return  # the server is gone or far behind, and the run does not wait for it


def _picture(image: NDArray[np.uint8]) -> bytes:
    height, width = image.shape[:2]
    if width > _WIDEST:
        image = cv2.resize(image, (_WIDEST, round(height * _WIDEST / width)), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
