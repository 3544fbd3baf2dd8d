"""What a stage must know when it is started again, kept in shared memory: no death is too sudden for it."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np

Entry: TypeAlias = Literal["sequence", "epoch", "origin_ns", "began_unix_ns", "events", "ended"]
"""sequence: last frame handled or sent; epoch: of the source; origin_ns: source clock at presentation time 0;
began_unix_ns: wall clock then, UTC; events: number of the last expression; ended: 1 once the stream has been ended."""

_ENTRIES: tuple[Entry, ...] = get_args(Entry)
UNWRITTEN = -1
"""What stands where nothing was written yet."""


class Logbook:
    """One stage's few numbers. The stage writes them; the one started after it finds them.

    Args:
        folder: of the run.
        stage: its name.
    """

    def __init__(self, folder: Path, stage: str) -> None:
        size = 8 * len(_ENTRIES)
        handle = os.open(folder / f"{stage}.log", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            if os.fstat(handle).st_size < size:
                os.pwrite(handle, np.full(len(_ENTRIES), UNWRITTEN, np.int64).tobytes(), 0)
            self._words = np.frombuffer(mmap.mmap(handle, size), np.int64)
        finally:
            os.close(handle)

    def __getitem__(self, entry: Entry) -> int:
        return int(self._words[_ENTRIES.index(entry)])

    def __setitem__(self, entry: Entry, value: int) -> None:
        self._words[_ENTRIES.index(entry)] = value
