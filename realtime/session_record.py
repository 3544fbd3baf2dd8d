"""What a run said, kept on disk so that one report can be made of many runs: messages, and evidence of verdicts.

One record after another: four bytes of length and a msgpack message; after a verdict four bytes and its evidence.
A record cut short by a crash loses its last message only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from realtime.evidence import EVIDENCE
from realtime.messages import AnyMessage, ExpressionRecognised, FaceTracked
from realtime.parcel import Parcel

_LENGTH = struct.Struct("<I")


class SessionRecord:
    """A sink that writes messages down as they come. Tracks are left out: they are large, and reports need none.

    Args:
        path: file to write.
        pixels: keep the evidence of verdicts, which shows the face.
        resume: go on with the file; a record that was cut short is taken away.
    """

    def __init__(self, path: Path, pixels: bool = True, resume: bool = False) -> None:
        self._pixels = pixels
        self._file = path.open("r+b" if resume and path.exists() else "wb")
        if resume:
            whole = _whole_bytes(path)
            self._file.truncate(whole)
            self._file.seek(whole)
        self._encoder = msgspec.msgpack.Encoder()

    def take(self, parcel: Parcel) -> None:
        """Write one message, and the evidence where it is a verdict."""
        if isinstance(parcel.message, FaceTracked):
            return
        self._write(self._encoder.encode(parcel.message))
        if isinstance(parcel.message, ExpressionRecognised):
            self._write(parcel.pixels.tobytes() if self._pixels and parcel.pixels is not None else b"")
            self._file.flush()  # a verdict must outlive this process

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _write(self, payload: bytes) -> None:
        self._file.write(_LENGTH.pack(len(payload)) + payload)


def read_record(path: Path) -> Iterator[Parcel]:
    """The messages of a record, in order, verdicts with their evidence."""
    decoder = msgspec.msgpack.Decoder(AnyMessage)
    with path.open("rb") as file:
        while (payload := _read(file)) is not None:
            message = decoder.decode(payload)
            pixels = None
            if isinstance(message, ExpressionRecognised):
                evidence = _read(file)
                if evidence:
                    pixels = np.frombuffer(evidence, EVIDENCE).reshape(())
            yield Parcel(message, pixels)


def _whole_bytes(path: Path) -> int:
    """Length of the records that are whole, a verdict only with its evidence."""
    decoder = msgspec.msgpack.Decoder(AnyMessage)
    whole = 0
    with path.open("rb") as file:
        while (payload := _read(file)) is not None:
            if isinstance(decoder.decode(payload), ExpressionRecognised) and _read(file) is None:
                break
            whole = file.tell()
    return whole


def _read(file: BinaryIO) -> bytes | None:
    head = file.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    payload = file.read(length)
    return payload if len(payload) == length else None
