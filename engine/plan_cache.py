"""TensorRT plans and what speeds their building up, in a folder that only this user can touch.

A plan is code that runs with this user's rights: it is never downloaded, shipped, or read from where others can write.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Literal

import msgspec

from engine.classifier import ModelError

_MAGIC = b"glimpse plan 1\n"
_MOST_HEADER = 4096

Kind = Literal["plan", "timing", "runtime"]
"""What is kept: the plan, the builder's timings, and (TensorRT for RTX) the kernels compiled on this machine."""


class PlanKey(msgspec.Struct, frozen=True):
    """All that a plan depends on; a plan is used for exactly this and nothing else."""

    onnx_sha256: str  # of the graph that was built, in its precision
    precision: str
    batches: tuple[tuple[int, int, int], ...]  # least, best and most events of each profile
    gpu: str
    capability: tuple[int, int]
    driver: str
    library: str  # tensorrt or tensorrt_rtx: their plans are not interchangeable
    version: str

    @property
    def digest(self) -> str:
        """Names the file."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:32]


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    key: PlanKey
    sha256: str
    bytes: int


class UnusablePlan(Exception):
    """What lies in the cache cannot be used; the text says why, in one line."""


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/glimpse/plans`, by default under ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "glimpse" / "plans"


class PlanCache:
    """Plans by their key.

    Args:
        folder: made with mode 0700; tightened to it where it is ours and open to others.

    Raises:
        ModelError: the folder is a link, belongs to somebody else, or cannot be made.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                raise ModelError(
                    f"{self.folder} is not a folder of this user: plans are executable code and are kept nowhere else",
                    "set XDG_CACHE_HOME to a folder of your own",
                )
            if stat.S_IMODE(found.st_mode) & 0o077:
                self.folder.chmod(0o700)
        except OSError as error:
            raise ModelError(
                f"{self.folder}: plans cannot be kept there ({error.strerror})", "set XDG_CACHE_HOME elsewhere"
            ) from None

    def path(self, key: PlanKey, kind: Kind = "plan") -> Path:
        """Where a key's content lies, or would lie."""
        return self.folder / f"{key.digest}.{kind}"

    def read(self, key: PlanKey, kind: Kind = "plan") -> bytes | None:
        """What was kept for a key, or None.

        Raises:
            UnusablePlan: it is corrupt, was made for something else, or others could have written it.
        """
        path = self.path(key, kind)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnusablePlan(f"{path.name} cannot be opened ({error.strerror})") from None
        with open(descriptor, "rb") as file:  # noqa: PTH123  # the descriptor, so that what was checked is what is read
            found = os.fstat(descriptor)
            if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
                raise UnusablePlan(f"{path.name} is open to other users")
            content = file.read()
        return _unpacked(content, key, kind, path.name)

    def write(self, key: PlanKey, data: bytes, kind: Kind = "plan") -> Path:
        """Keep something, at once and whole, mode 0600.

        Raises:
            ModelError: no room, or the folder is gone.
        """
        header = msgspec.json.encode(_Header(kind, key, hashlib.sha256(data).hexdigest(), len(data)))
        target = self.path(key, kind)
        try:
            # mkstemp makes the file with mode 0600.
            descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
            try:
                with open(descriptor, "wb") as file:  # noqa: PTH123
                    file.write(_MAGIC + len(header).to_bytes(4, "little") + header + data)
                Path(name).replace(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ModelError(f"{self.folder}: the plan cannot be kept ({error.strerror})") from None
        return target


def _unpacked(content: bytes, key: PlanKey, kind: Kind, name: str) -> bytes:
    start = len(_MAGIC) + 4
    length = int.from_bytes(content[len(_MAGIC) : start], "little")
    if not content.startswith(_MAGIC) or not 0 < length <= _MOST_HEADER or len(content) < start + length:
        raise UnusablePlan(f"{name} is no plan of ours")
    try:
        header = msgspec.json.decode(content[start : start + length], type=_Header)
    except msgspec.DecodeError:
        raise UnusablePlan(f"{name} is damaged") from None
    data = content[start + length :]
    if len(data) != header.bytes or hashlib.sha256(data).hexdigest() != header.sha256:
        raise UnusablePlan(f"{name} is damaged")
    if header.kind != kind or header.key != key:
        other = [one for one in PlanKey.__struct_fields__ if getattr(header.key, one) != getattr(key, one)]
        raise UnusablePlan(f"{name} was made for another {', '.join(other) or 'purpose'}")
    return data
