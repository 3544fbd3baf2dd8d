"""What is kept of a person between sessions: how the face trembles at rest, how open the eyes are, where its parts lie.

Figures only, and no picture; they are still biometric data. Each person is one JSON file that only its user can read,
under `$XDG_DATA_HOME/glimpse/persons` (`~/.local/share/glimpse/persons`). `python -m calibrate person` writes them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from realtime.data_folder import data_folder
from realtime.failures import UserFacingError
from realtime.mesh_regions import mesh_regions
from realtime.neutral_shape import SKULL_VERTICES
from realtime.settings import SpotSettings

PERSON_SCHEMA = 1
"""Version of the file. It grows when a field changes its meaning."""

_LONGEST_NAME = 60


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person, as measured through one camera."""

    schema: int
    name: str
    measured_at: str  # UTC, ISO 8601
    source: str  # the camera, without passwords
    rate: float  # frames per second
    face_width: float  # in the frame, px
    quiet_s: float  # seconds of rest behind the figures
    noise: dict[str, float]  # per motion region: deviation of one coordinate at rest, px at 224 px face width
    eye_opening: float  # eye aspect ratio of the neutral face
    neutral: list[tuple[float, float, float]]  # `neutral_shape.places` at rest: face widths

    def line(self) -> str:
        """For the terminal."""
        tremble = float(np.median(list(self.noise.values())))
        return f"Person: {self.name}, measured {self.measured_at[:10]}; the face trembles by {tremble:.2f} px at rest"

    def noise_of_regions(self) -> NDArray[np.float64]:
        """Noise in the order of `kernels.face_regions.MOTION_REGIONS`, px at 224 px face width, (regions,)."""
        return np.array([self.noise[name] for name in mesh_regions()])

    def places(self) -> NDArray[np.float64]:
        """Where skull and regions lie at rest, as `neutral_shape.places` gives them, (19 + regions, 3)."""
        return np.array(self.neutral)


def persons_folder() -> Path:
    """Where persons are kept; it need not exist."""
    return data_folder() / "persons"


def checked_name(name: str) -> str:
    """The name without blanks around it.

    Raises:
        UserFacingError: it cannot be the name of a file.
    """
    name = name.strip()
    fits = 0 < len(name) <= _LONGEST_NAME and all(letter.isalnum() or letter in " ._-" for letter in name)
    if not fits or name.startswith("."):
        raise UserFacingError(
            f"{name!r} cannot be a person's name: use up to {_LONGEST_NAME} letters, digits, blanks, '.', '_' or '-'"
        )
    return name


def person_of(settings: SpotSettings) -> Person | None:
    """Whoever the settings name.

    Raises:
        UserFacingError: nobody of that name was measured.
    """
    return load_person(settings.person) if settings.person else None


def known_persons() -> list[str]:
    """Names of those who were measured, sorted."""
    return sorted(file.stem for file in persons_folder().glob("*.json"))


def load_person(name: str) -> Person:
    """Read one person.

    Raises:
        UserFacingError: there is no such person, or the file cannot be read; one line.
    """
    file = _file(name)
    again = f"measure again: python -m calibrate person 0 --name '{checked_name(name)}'"
    try:
        person = msgspec.json.decode(file.read_bytes(), type=Person)
    except FileNotFoundError:
        known = ", ".join(known_persons())
        rest = f"there are {known}" if known else "nobody was measured yet: python -m calibrate person 0 --name NAME"
        raise UserFacingError(f"no person is called {checked_name(name)}; {rest}") from None
    except OSError as error:
        raise UserFacingError(f"{file}: {error.strerror}; {again}") from None
    except msgspec.DecodeError as error:
        raise UserFacingError(f"{file}: not a person that this version can read ({error}); {again}") from None
    if person.schema != PERSON_SCHEMA or not _usable(person):
        raise UserFacingError(f"{file}: not a person that this version can read; {again}")
    return person


def save_person(person: Person) -> Path:
    """Write one person, whole or not at all; one of the same name is replaced.

    Raises:
        UserFacingError: the file cannot be written.
    """
    file = _file(person.name)
    fresh = file.with_name(f".{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.parent.chmod(0o700)
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(msgspec.json.format(msgspec.json.encode(person), indent=1) + b"\n")
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise
    except OSError as error:
        raise UserFacingError(f"{file}: cannot be written: {error.strerror}; XDG_DATA_HOME chooses the place") from None
    return file


def forget_person(name: str) -> Path:
    """Delete what is kept of one person.

    Raises:
        UserFacingError: there is no such person, or the file cannot be deleted.
    """
    file = _file(name)
    if not file.exists():
        load_person(name)
    try:
        file.unlink()
    except OSError as error:
        raise UserFacingError(f"{file}: cannot be deleted: {error.strerror}") from None
    return file


def _file(name: str) -> Path:
    return persons_folder() / f"{checked_name(name)}.json"


def _usable(person: Person) -> bool:
    regions = set(mesh_regions())
    figures = [*person.noise.values(), person.eye_opening]
    placed = len(person.neutral) == SKULL_VERTICES + len(regions)
    return placed and set(person.noise) == regions and all(0 < value < 100 for value in figures)
