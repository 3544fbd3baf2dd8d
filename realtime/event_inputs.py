"""Inputs of networks other than the default, made from an expression as their training data were made from clips.

Which input is wanted is read from the names and shapes in the network's file. Training makes them in colour from
`models.preparation`; live faces are grey, so all three colours get the same brightness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.schema import InputSpec, Schema
from kernels.face_regions import face_mask
from kernels.inputs.dense_cloud import dense_cloud
from kernels.inputs.face_areas import cut_box, four_areas, part_box, patches_at, unit_box
from kernels.inputs.resize import resized
from kernels.inputs.series import FlowSeries, eulerian, rate_of_ten, ten_frames
from kernels.inputs.small_flow import motion_and_tension, small_flow
from kernels.interpolate import interpolate_frames, places_for_count
from realtime.event_clip import EventClip

PREPARED_SIZE, PREPARED_FRAMES, ALPHA = 128, 30, 2.0
"""Of clips in a store as `python -m models prepare` makes it by default: what the networks have learned from."""
_DEFAULT = ("clouds", (8, 128, 6))
_CLIPS = frozenset({"clip", "oval", "face", "region", "eyes", "mouth", "patches"})

Units = Sequence[str]
Make = Callable[[EventClip, tuple[int, ...], Units], NDArray[np.float32]]


def is_default(schema: Schema) -> bool:
    """Whether the network reads nothing but the default cloud."""
    return [(one.name, one.shape) for one in schema.inputs] == [_DEFAULT]


def needs_units(schema: Schema) -> bool:
    """Whether an input is cut where action units were found."""
    return any(one.name == "region" for one in schema.inputs)


def needs_frames(schema: Schema) -> bool:
    """Whether more is read than onset and apex."""
    return any(one.name in _CLIPS for one in schema.inputs)


def refusal(schema: Schema, labels: Sequence[str]) -> str:
    """Why a network cannot judge live events, in one line; empty where it can."""
    for one in schema.inputs:
        if one.name not in _MAKERS or len(one.shape) != _AXES[one.name]:
            shape = "x".join(map(str, one.shape))
            return (
                f"it reads '{one.name}' ({shape}: {one.meaning}), which is not measured live; "
                "python -m models loso judges it on recordings"
            )
    strange = set(labels) - {"negative", "positive", "surprise"}
    if strange:
        return (
            f"it tells {', '.join(labels)}, and live events are negative, positive or surprise: train it with 3 classes"
        )
    return ""


def make_inputs(schema: Schema, clip: EventClip, units: Units) -> dict[str, NDArray[np.float32]]:
    """All inputs of a network for one event, each with a batch of one.

    Args:
        schema: of the network; see `refusal`.
        clip: the event.
        units: action units found in it, for networks that look there.
    """
    return {one.name: _make(one, clip, units)[None] for one in schema.inputs}


def _make(one: InputSpec, clip: EventClip, units: Units) -> NDArray[np.float32]:
    return np.ascontiguousarray(_MAKERS[one.name](clip, one.shape, units), np.float32)


def _flow(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    small = small_flow(clip.measured, clip.mesh)
    return motion_and_tension(small.flow[None])[0].transpose(2, 0, 1)


def _areas(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    small = small_flow(clip.measured, clip.mesh)
    flow = motion_and_tension(small.flow[None]).transpose(0, 3, 1, 2)
    return four_areas(np.ascontiguousarray(flow), small.landmarks[None])[0]


def _clouds(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    if shape == _DEFAULT[1]:
        return clip.measured.cloud
    dense = dense_cloud(clip.measured, clip.mesh, clip.face_width, shape[1])
    return dense.astype(np.float16).astype(np.float32)  # as stored


def _prepared(clip: EventClip) -> NDArray[np.float32]:
    """Grey frames (30, 128, 128) as a store holds them."""
    small = np.round(resized(clip.frames, PREPARED_SIZE, PREPARED_SIZE))
    places = places_for_count(len(small), PREPARED_FRAMES)
    return np.floor(np.clip(interpolate_frames(small, places, "linear"), 0, 255) + 0.5)


def _sampled(frames: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Evenly spaced frames in the wanted size and number of colours, 0 to 1."""
    colours, count, height, width = shape
    some = frames[np.round(np.linspace(0, len(frames) - 1, count)).astype(int)]
    return np.repeat(np.round(resized(some, height, width))[None] / np.float32(255), colours, axis=0)


def _whole(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    return _sampled(_prepared(clip), shape)


def _region(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    frames = _prepared(clip)
    return _sampled(cut_box(frames, unit_box(units, clip.mesh / clip.frames.shape[1])), shape)


def _eyes(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    return _sampled(cut_box(_prepared(clip), part_box("eyes", clip.mesh / clip.frames.shape[1])), shape)


def _mouth(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    return _sampled(cut_box(_prepared(clip), part_box("mouth", clip.mesh / clip.frames.shape[1])), shape)


def _oval(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    size = clip.frames.shape[1]
    stored = resized(face_mask(clip.mesh, size, size).astype(np.float32), PREPARED_SIZE, PREPARED_SIZE) >= 0.5
    mask = resized(stored.astype(np.float32), *shape[2:]) >= 0.5
    return np.broadcast_to(mask.astype(np.float32), shape)


def _patches(clip: EventClip, shape: tuple[int, ...], units: Units) -> NDArray[np.float32]:
    ten = resized(ten_frames(clip.frames, clip.apex), PREPARED_SIZE, PREPARED_SIZE)
    magnified = eulerian(ten, rate_of_ten(len(clip.frames), clip.rate), ALPHA)
    flows = FlowSeries(PREPARED_SIZE).consecutive(magnified)
    return patches_at(flows, clip.mesh / clip.frames.shape[1])


_MAKERS: dict[str, Make] = {
    "flow": _flow, "areas": _areas, "clouds": _clouds, "clip": _whole, "face": _whole, "region": _region,
    "eyes": _eyes, "mouth": _mouth, "oval": _oval, "patches": _patches,
}  # fmt: skip
"""By the names under which `python -m engine export` writes the inputs of the systems in `models.systems.catalogue`."""
_AXES = dict.fromkeys(_MAKERS, 4) | {"flow": 3, "areas": 3, "clouds": 3, "patches": 5}
