"""The live page's two sockets: what is seen goes out, what is asked comes in; and a browser's camera."""

from __future__ import annotations

import asyncio
import math
import queue
import time
from typing import Any

import msgspec
import numpy as np
import zmq
import zmq.asyncio
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from kernels.face_topology import triangles
from realtime.action_units import ACTION_UNIT_NAMES
from realtime.face_drawing import outline
from realtime.mesh_regions import mesh_regions
from realtime.motion_bars import paired_regions
from realtime.web.browser_camera import END, LARGEST_FRAME, LONGEST_SIDE, pack_frame
from realtime.web.hub import Hub
from realtime.web.page_messages import Ask, CameraOffer, Order
from realtime.web.viewer import Viewer

CAMERA_SOCKET = "camera.ipc"
_SIDES = (160, LONGEST_SIDE)  # px of a browser's picture
_RATES = (1, 240)  # frames per second
_WAITING = 4


def live_routes(hub: Hub, orders: queue.Queue[Order]) -> APIRouter:
    """Routes of the live page.

    Args:
        hub: where viewers join.
        orders: what they ask goes in here.
    """
    router = APIRouter()

    @router.get("/face.json")
    def face() -> JSONResponse:
        return JSONResponse(face_description())

    @router.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        viewer = hub.join()
        sending = asyncio.create_task(_send(socket, viewer))
        try:
            async for text in socket.iter_text():
                _hear(text, viewer, hub, orders)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            hub.leave(viewer)
            await asyncio.gather(sending, return_exceptions=True)

    @router.websocket("/camera")
    async def camera(socket: WebSocket) -> None:
        await socket.accept()
        context = zmq.asyncio.Context()
        onward = context.socket(zmq.PUSH)
        onward.set_hwm(_WAITING)
        onward.setsockopt(zmq.IMMEDIATE, 1)  # nothing is kept for a source that is not there yet
        onward.setsockopt(zmq.RECONNECT_IVL, 50)
        onward.connect(f"ipc://{hub.socket.parent / CAMERA_SOCKET}")
        try:
            offer = msgspec.json.decode(await socket.receive_text(), type=CameraOffer)
            if not all(_SIDES[0] <= side <= _SIDES[1] for side in (offer.width, offer.height)):
                await socket.close(4400, f"pictures of {_SIDES[0]} to {_SIDES[1]} px, please")
                return
            if not _RATES[0] <= offer.fps <= _RATES[1]:
                await socket.close(4400, f"{_RATES[0]} to {_RATES[1]} pictures a second, please")
                return
            orders.put(offer)
            async for piece in socket.iter_bytes():
                if 8 < len(piece) <= LARGEST_FRAME:
                    await _hand_on(onward, piece)
        except (WebSocketDisconnect, RuntimeError, msgspec.DecodeError):
            pass
        finally:
            await _end(onward)
            onward.close(linger=200)
            context.term()

    return router


def face_description() -> dict[str, Any]:
    """What the page must know to draw a face: outlines, the triangles of each region, rows of the strip chart."""
    corners = triangles()
    regions = mesh_regions()
    lines = np.unique(np.concatenate([outline(np.arange(len(corners))), *map(outline, regions.values())]), axis=0)
    return {
        "lines": lines.ravel().tolist(),
        "regions": [{"name": name, "triangles": corners[rows].ravel().tolist()} for name, rows in regions.items()],
        "rows": [{"name": name, "right": right, "left": left} for name, right, left in paired_regions()],
        "units": ACTION_UNIT_NAMES,
    }


async def _send(socket: WebSocket, viewer: Viewer) -> None:
    try:
        while (piece := await viewer.next()) is not None:
            await (socket.send_bytes(piece) if isinstance(piece, bytes) else socket.send_text(piece))
        await socket.close(1001)
    except (WebSocketDisconnect, RuntimeError):
        return  # gone; the reading end notices too


def _hear(text: str, viewer: Viewer, hub: Hub, orders: queue.Queue[Order]) -> None:
    try:
        ask = msgspec.json.decode(text, type=Ask)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if ask.do == "seen":
        viewer.seen(ask.sequence)
        if 0 <= ask.shown_ms < 60_000 and math.isfinite(ask.shown_ms):
            hub.latencies.append(ask.shown_ms)
    elif ask.do == "show":
        hub.show(viewer, ask.source)
    elif ask.do == "clock":
        clock = {"type": "clock", "at_ms": ask.at_ms, "monotonic_ms": time.monotonic_ns() * 1e-6}
        viewer.say(msgspec.json.encode(clock).decode())
    else:
        orders.put(ask)


async def _hand_on(onward: zmq.asyncio.Socket, piece: bytes) -> None:
    grabbed_ms = float(np.frombuffer(piece, "<f8", 1)[0])
    now_ns = time.monotonic_ns()
    # A clock that is not yet known, or makes no sense, is ours.
    grabbed_ns = round(grabbed_ms * 1e6) if math.isfinite(grabbed_ms) else 0
    if not 0 <= now_ns - grabbed_ns < 2_000_000_000:
        grabbed_ns = now_ns
    try:
        await onward.send(pack_frame(grabbed_ns, piece[8:]), zmq.NOBLOCK)
    except zmq.Again:
        return  # the source is behind, or not there yet


async def _end(onward: zmq.asyncio.Socket) -> None:
    try:
        await asyncio.wait_for(onward.send(END), 0.5)
    except (asyncio.TimeoutError, zmq.ZMQError):
        return
