"""Samples of our own clip folders: NAME.mp4 beside NAME.truth.csv, as `python -m models simulate` writes them.

Each recording shows another person, so the recording's name is the subject. Onset and apex are the true ones: this
measures recognition, not spotting.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from kernels.expression_cloud import ExpressionCloud
from kernels.inputs.small_flow import small_flow
from kernels.rigid import TooLittleSkin
from models.labels import CLASSES
from models.preparation.alignment import Aligner
from models.preparation.frames import ClipUnusable
from models.protocol.samples import Inputs, Samples
from models.protocol.sources import DataError, Say
from models.simulated_clouds import FACE_WIDTH, SIZE
from models.simulator.truth import TruthRow, read_truth


class _Event(NamedTuple):
    name: str
    subject: str
    label: int
    cloud: NDArray[np.float32]
    flow: NDArray[np.uint8]
    landmarks: NDArray[np.float32]


def read(where: str, say: Say) -> Samples:
    """Every micro- and macro-expression of every recording in a folder, faces found and cut as live ones are.

    Raises:
        DataError: no such folder, no recording with its truth in it, or a recording that cannot be read.
    """
    folder = Path(where)
    tables = sorted(folder.glob("*.truth.csv"))
    if not tables:
        raise DataError(f"--data clips:{where}: no NAME.truth.csv there; python -m models simulate writes such folders")
    aligner, meter = Aligner(SIZE, FACE_WIDTH / SIZE), ExpressionCloud(SIZE)
    events: list[_Event] = []
    for number, table in enumerate(tables, start=1):
        name = table.name.removesuffix(".truth.csv")
        videos = (folder / f"{name}{ending}" for ending in (".mp4", ".mkv", ".avi"))
        video = next((file for file in videos if file.is_file()), None)
        if video is None:
            raise DataError(f"{table}: no video {name}.mp4 beside it")
        try:
            rows = [row for row in read_truth(table) if row.kind in ("micro", "macro") and row.label in CLASSES]
        except ValueError as error:
            raise DataError(str(error)) from None
        found = _events(name, rows, video, aligner, meter, say)
        events += found
        say(f"{number}/{len(tables)} {name}: {len(found)} of {len(rows)} expressions")
    if not events:
        raise DataError(f"--data clips:{where}: no expression with a class and a face in it")
    arrays = {
        "clouds": np.stack([event.cloud for event in events]),
        "flow": np.stack([event.flow for event in events]),
        "landmarks": np.stack([event.landmarks for event in events]),
    }
    return Samples(
        Inputs(np.array([event.name for event in events]), arrays),
        np.array([event.label for event in events], np.int64),
        np.array([event.subject for event in events]),
        np.full(len(events), "clips"),
    )


def _events(
    name: str, rows: list[TruthRow], video: Path, aligner: Aligner, meter: ExpressionCloud, say: Say
) -> list[_Event]:
    wanted = {frame for row in rows for frame in (row.onset_frame, row.apex_frame)}
    frames = _frames(video, wanted)
    found = []
    for number, row in enumerate(rows):
        try:
            aligned = aligner.align([_frame(frames, number) for number in (row.onset_frame, row.apex_frame)])
            onset, apex = (cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in aligned.crops)
            measured = meter.measure(onset, apex, aligned.mesh, FACE_WIDTH)
        except (ClipUnusable, TooLittleSkin) as error:
            say(f"{name}, {row.onset_s:.2f} s: left out ({error})")
            continue
        small = small_flow(measured, aligned.mesh)
        label = CLASSES.index(row.label)
        found.append(
            _Event(f"{name}_{number:03d}", f"clips/{name}", label, measured.cloud, small.flow, small.landmarks)
        )
    return found


def _frame(frames: dict[int, NDArray[np.uint8]], number: int) -> NDArray[np.uint8]:
    if number not in frames:
        raise ClipUnusable(f"frame {number} cannot be read")
    return frames[number]


def _frames(video: Path, wanted: set[int]) -> dict[int, NDArray[np.uint8]]:
    """The wanted frames by their number from 0, RGB."""
    capture = cv2.VideoCapture(str(video))
    if not capture.isOpened():
        raise DataError(f"{video} cannot be opened as a video")
    frames: dict[int, NDArray[np.uint8]] = {}
    for number in range(max(wanted, default=-1) + 1):
        if not capture.grab():
            break
        if number in wanted:
            read_well, image = capture.retrieve()
            if read_well:
                frames[number] = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    capture.release()
    return frames
