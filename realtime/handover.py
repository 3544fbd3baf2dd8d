"""The last messages of an edge: a sender leaves only when the receiver has taken them.

ZeroMQ's linger does not see to this: a closing socket may throw away what it has begun to write while the receiver
is slow. So the receiver leaves a note in the run's folder when it has taken all that it will take.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from realtime.graph import Edge


def note_taken(folder: Path, receiver: str) -> None:
    """This receiver has taken the end of its stream, or will take nothing any more."""
    _note(folder, receiver).touch()


def forget_taken(folder: Path, receiver: str) -> None:
    """This receiver is started again, and takes what comes."""
    _note(folder, receiver).unlink(missing_ok=True)


def all_taken(folder: Path, edges: Iterable[Edge]) -> bool:
    """Whether every receiver of these edges has left its note."""
    return all(_note(folder, edge.receiver).exists() for edge in edges)


def _note(folder: Path, receiver: str) -> Path:
    return folder / f"{receiver}.taken"
