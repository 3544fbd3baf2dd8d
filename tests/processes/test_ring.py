"""Rings: what is read is whole and is what was asked for, or is refused."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from realtime.failures import UserFacingError
from realtime.ring import FrameGone, Ring, RingSpec, create_ring

SHAPE = (240, 320, 3)


def make(folder: Path, *, slots: int = 4, readers: tuple[str, ...] = ("reader",), lossless: bool = True) -> Ring:
    spec = RingSpec.of("frames", slots, SHAPE, np.uint8, readers, lossless)
    create_ring(folder, spec)
    return Ring(folder, spec)


def picture(number: int) -> np.ndarray:
    return np.full(SHAPE, number % 251, np.uint8)


def test_what_is_written_is_read(tmp_path: Path):
    writer = make(tmp_path)
    reader = Ring(tmp_path, writer.spec)
    writer.write(7, picture(7))
    assert (reader.read(7) == 7).all()
    assert (reader.view(7) == 7).all()


def test_a_view_is_not_a_copy_and_cannot_be_written(tmp_path: Path):
    ring = make(tmp_path)
    ring.write(0, picture(1))
    view, copy = ring.view(0), ring.read(0)
    ring.write(4, picture(2))
    assert (view == 2).all()
    assert (copy == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 0


@pytest.mark.parametrize("asked", [-1, 0, 3, 5, 8, 2**40])
def test_a_frame_that_is_not_there_is_refused(tmp_path: Path, asked: int):
    ring = make(tmp_path, lossless=False)
    for number in (0, 4):
        ring.write(number, picture(number))
    with pytest.raises(FrameGone):
        ring.read(asked)


def test_a_frame_being_written_is_refused(tmp_path: Path):
    ring = make(tmp_path)
    ring.write(0, picture(0))
    ring._before[0] = 4  # where a writer stands that has begun frame 4
    with pytest.raises(FrameGone):
        ring.read(0)
    with pytest.raises(FrameGone):
        ring.read(4)


def test_pictures_of_another_shape_or_type_are_refused(tmp_path: Path):
    ring = make(tmp_path)
    with pytest.raises(ValueError, match=r"slots are \(240, 320, 3\) uint8, got \(10, 10\)"):
        ring.write(0, np.zeros((10, 10), np.uint8))
    with pytest.raises(ValueError, match="float32"):
        ring.write(0, np.zeros(SHAPE, np.float32))


def test_structured_slots_keep_their_fields(tmp_path: Path):
    dtype = np.dtype([("crop", "u1", (8, 8)), ("cloud", "<f4", (2, 3)), ("score", "<f4")])
    spec = RingSpec.of("evidence", 2, (), dtype, (), False, key="event")
    assert spec.slot_dtype == dtype
    create_ring(tmp_path, spec)
    record = np.zeros((), dtype)
    record["cloud"], record["score"] = np.arange(6).reshape(2, 3), 0.5
    Ring(tmp_path, spec).write(3, record)
    read = Ring(tmp_path, spec).read(3)
    assert read["score"] == 0.5
    assert (read["cloud"] == record["cloud"]).all()


def test_a_lossless_writer_waits_for_the_slowest_reader(tmp_path: Path):
    ring = make(tmp_path, slots=2, readers=("fast", "slow"))
    for number in (0, 1):
        assert ring.has_room(number)
        ring.write(number, picture(number))
    ring.release("fast", 1)
    assert not ring.has_room(2)
    ring.release("slow", 0)
    assert ring.has_room(2)
    assert not ring.has_room(3)


def test_a_gap_in_the_numbers_does_not_block_the_writer(tmp_path: Path):
    ring = make(tmp_path, slots=4)
    ring.write(0, picture(0))
    ring.release("reader", 0)
    assert ring.has_room(1000)


def test_what_is_not_written_cannot_be_released(tmp_path: Path):
    ring = make(tmp_path, slots=2)
    ring.write(0, picture(0))
    ring.release("reader", 2**40)
    ring.write(1, picture(1))
    ring.write(2, picture(2))
    assert not ring.has_room(3)
    assert not ring.has_room(4)


def test_a_reader_that_leaves_holds_nothing_back(tmp_path: Path):
    ring = make(tmp_path, slots=1)
    ring.write(0, picture(0))
    assert not ring.has_room(1)
    ring.leave("reader")
    assert ring.has_room(1)


def test_waiting_for_room_can_be_stopped(tmp_path: Path):
    ring = make(tmp_path, slots=1)
    ring.write(0, picture(0))
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert not ring.wait_for_room(1, stop.is_set)


def test_too_little_shared_memory_is_said_in_one_line(tmp_path: Path):
    spec = RingSpec.of("frames", 10**9, SHAPE, np.uint8, (), False)
    with pytest.raises(UserFacingError, match=r"MiB free.*needs .* MiB.*--shm-size"):
        create_ring(tmp_path, spec)
    assert not (tmp_path / "frames").exists()


def hammer(folder: Path, spec: RingSpec, until: float) -> None:
    """Write as fast as the machine can."""
    ring = Ring(folder, spec)
    number = 0
    while time.monotonic() < until:
        ring.write(number, picture(number))
        number += 1


def test_no_read_is_torn_under_a_hammering_writer(tmp_path: Path):
    """Readers race a writer that overwrites four slots without pause: every read is whole, or refused."""
    ring = make(tmp_path, lossless=False)
    until = time.monotonic() + 3
    writer = multiprocessing.get_context("spawn").Process(target=hammer, args=(tmp_path, ring.spec, until))
    writer.start()
    whole = gone = 0
    while time.monotonic() < until:
        newest = int(ring._newest[0])
        for asked in (newest, newest - 1, newest - 3):  # the last is about to be overwritten
            try:
                frame = ring.read(asked)
            except FrameGone:
                gone += 1
                continue
            assert (frame == asked % 251).all()
            whole += 1
    writer.join()
    assert whole > 100
    assert gone > 10, "the race was never run"


def feed(folder: Path, spec: RingSpec, count: int) -> None:
    ring = Ring(folder, spec)
    for number in range(count):
        assert ring.wait_for_room(number, lambda: False)
        ring.write(number, picture(number))


def test_a_lossless_ring_loses_nothing(tmp_path: Path):
    ring = make(tmp_path)
    count = 500
    writer = multiprocessing.get_context("spawn").Process(target=feed, args=(tmp_path, ring.spec, count))
    writer.start()
    for number in range(count):
        while int(ring._newest[0]) < number:
            time.sleep(0.0002)
        if number % 50 == 0:
            time.sleep(0.02)  # the writer runs into its limit
        assert (ring.view(number) == number % 251).all()
        ring.release("reader", number)
    writer.join()
    assert writer.exitcode == 0
