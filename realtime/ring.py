"""Pixels in shared memory: a ring of slots of one shape, each guarded by the sequence it holds.

A frame lies in slot `sequence % slots`. The writer notes the sequence before and after it copies (a seqlock, Lameter
2005); a reader checks both, so a torn or overwritten frame is never used. In a lossless ring the writer also waits
until every reader has released what the slot held.
"""

from __future__ import annotations

import ast
import mmap
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import DTypeLike, NDArray

from realtime.failures import UserFacingError

_LINE = 8  # int64s in a cache line: cursors and slot headers do not share one
_NEVER = -1
_GONE_AWAY = 2**62  # cursor of a reader that has left: it holds nothing back
_SPARE = 16 * 2**20  # bytes of shared memory left to others
_PAUSE_S = 0.0003  # a full lossless ring is looked at this often; a frame at 200 Hz lasts 5 ms


class FrameGone(KeyError):
    """The frame asked for has been overwritten, was never written, or is being written."""


class RingSpec(msgspec.Struct, frozen=True):
    """All that a process must know to attach."""

    name: str
    slots: int
    shape: tuple[int, ...]
    dtype: str  # NumPy's description of the dtype, as text
    readers: tuple[str, ...]
    lossless: bool
    key: str = "sequence"  # field of a message under which its pixels lie here

    @classmethod
    def of(
        cls,
        name: str,
        slots: int,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        readers: tuple[str, ...],
        lossless: bool,
        key: str = "sequence",
    ) -> RingSpec:
        """Describe a ring whose slots are arrays of `shape` and any NumPy `dtype`, structured ones included."""
        described = np.dtype(dtype)
        text = described.str if described.names is None else repr(described.descr)
        return cls(name, slots, shape, text, readers, lossless, key)

    @property
    def slot_dtype(self) -> np.dtype[Any]:
        """The dtype of a slot."""
        fields: Any = ast.literal_eval(self.dtype) if self.dtype.startswith("[") else self.dtype
        return np.dtype(fields)

    @property
    def slot_bytes(self) -> int:
        """Bytes of one slot."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.slot_dtype.itemsize

    @property
    def data_offset(self) -> int:
        """Bytes before the first slot: newest sequence, cursors, slot headers, rounded up to whole pages."""
        words = _LINE * (1 + len(self.readers) + self.slots)
        return -(-words * 8 // mmap.PAGESIZE) * mmap.PAGESIZE

    @property
    def total_bytes(self) -> int:
        """Bytes of the whole ring."""
        return self.data_offset + self.slots * self.slot_bytes


def check_room(folder: Path, specs: Iterable[RingSpec]) -> None:
    """Look whether there is shared memory for all rings of a run, before any of it is taken.

    Raises:
        UserFacingError: too little is free; says how much is wanted, and what for.
    """
    specs = list(specs)
    free = shutil.disk_usage(folder).free
    wanted = sum(spec.total_bytes for spec in specs) + _SPARE
    if wanted > free:
        rings = ", ".join(f"{spec.name} {spec.total_bytes / 2**20:.0f}" for spec in specs)
        raise UserFacingError(
            f"{folder.parent} has {free / 2**20:.0f} MiB free, and this run needs {wanted / 2**20:.0f} MiB "
            f"(MiB per ring: {rings}): free some (in Docker: --shm-size=1g), or lower "
            "transport.frames_slots or transport.faces_seconds"
        )


def create_ring(folder: Path, spec: RingSpec) -> None:
    """Reserve a ring's memory at once, so that no process is later killed for touching memory that is not there.

    Raises:
        UserFacingError: too little shared memory is free.
    """
    check_room(folder, [spec])
    handle = os.open(folder / spec.name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, spec.total_bytes)
        else:
            os.truncate(handle, spec.total_bytes)
        head = np.full(spec.data_offset // 8, _NEVER, np.int64)
        os.pwrite(handle, head.tobytes(), 0)
    finally:
        os.close(handle)


class Ring:
    """One process's hold on a ring that the supervisor made. One process writes, any number read."""

    def __init__(self, folder: Path, spec: RingSpec) -> None:
        self.spec = spec
        with (folder / spec.name).open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), spec.total_bytes)
        words = np.frombuffer(self._memory, np.int64, spec.data_offset // 8).reshape(-1, _LINE)
        readers = len(spec.readers)
        self._newest = words[0]
        self._cursors = words[1 : 1 + readers, 0]
        self._before = words[1 + readers : 1 + readers + spec.slots, 0]
        self._after = words[1 + readers : 1 + readers + spec.slots, 1]
        shape = (spec.slots, *spec.shape)
        count = int(np.prod(shape, dtype=np.int64))
        self._slots = np.frombuffer(self._memory, spec.slot_dtype, count, spec.data_offset).reshape(shape)
        self._shown = self._slots.view()
        self._shown.flags.writeable = False
        self._reader = {name: index for index, name in enumerate(spec.readers)}
        self._order = threading.Lock()

    def has_room(self, sequence: int) -> bool:
        """Whether every reader has released what lies in the slot of `sequence`; always true in a live ring."""
        return not self.spec.lossless or bool((self._cursors >= self._after[sequence % self.spec.slots]).all())

    def wait_for_room(self, sequence: int, stopped: Callable[[], bool]) -> bool:
        """Wait until the slot of `sequence` may be overwritten.

        Returns:
            False when `stopped` said so first.
        """
        while not self.has_room(sequence):
            if stopped():
                return False
            time.sleep(_PAUSE_S)
        return True

    def write(self, sequence: int, pixels: NDArray[Any]) -> None:
        """Copy pixels into their slot, whatever it held.

        Raises:
            ValueError: the array does not have the shape and dtype of a slot.
        """
        if pixels.shape != self.spec.shape or pixels.dtype != self._slots.dtype:
            raise ValueError(
                f"{self.spec.name} ring: slots are {self.spec.shape} {self._slots.dtype}, "
                f"got {pixels.shape} {pixels.dtype}"
            )
        slot = sequence % self.spec.slots
        self._before[slot] = sequence
        self._keep_order()
        np.copyto(self._slots[slot, ...], pixels)
        self._keep_order()
        self._after[slot] = sequence
        self._newest[0] = sequence

    def view(self, sequence: int) -> NDArray[Any]:
        """The frame itself, read-only and uncopied. In a lossless ring it holds until this reader releases it.

        Raises:
            FrameGone: it is not there, or not yet whole.
        """
        slot = sequence % self.spec.slots
        if sequence < 0 or self._after[slot] != sequence or self._before[slot] != sequence:
            raise FrameGone(f"{self.spec.name} ring: frame {sequence} is not there any more")
        self._keep_order()
        shown: NDArray[Any] = self._shown[slot, ...]
        return shown

    def read(self, sequence: int) -> NDArray[Any]:
        """A copy of the frame.

        Raises:
            FrameGone: it is not there, or was overwritten while it was copied.
        """
        copy = self.view(sequence).copy()
        self._keep_order()
        if self._before[sequence % self.spec.slots] != sequence:
            raise FrameGone(f"{self.spec.name} ring: frame {sequence} was overwritten while it was read")
        return copy

    def release(self, reader: str, sequence: int) -> None:
        """Say that this reader needs nothing up to and including `sequence`. It cannot release what is not written."""
        cursor = self._reader[reader]
        self._cursors[cursor] = max(int(self._cursors[cursor]), min(sequence, int(self._newest[0])))

    def leave(self, reader: str) -> None:
        """Hold nothing back any more."""
        self._cursors[self._reader[reader]] = _GONE_AWAY

    def _keep_order(self) -> None:
        """Keep stores and loads on their side of this line: two turns of a lock order them on every processor."""
        for _ in range(2):
            self._order.acquire()
            self._order.release()
