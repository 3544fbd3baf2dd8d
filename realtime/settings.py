"""Every tunable, in one object: defaults < glimpse.toml < environment GLIMPSE_* < command-line flags."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class SettingsError(ValueError):
    """A setting is unknown or has a value that cannot be used; the message says where it stands."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrackSettings(_Section):
    """Finding, following and cropping the face."""

    crop_face_width: float = Field(184.0, ge=64, le=220, description="face width inside the 256 px crop, px")
    crop_drift: float = Field(3.0, gt=0, description="the crop moves when the face has drifted this far in it, px")
    smoothing_s: float = Field(0.2, ge=0, description="time constant of the similarity that the crop follows, seconds")
    mesh_rate: float = Field(75.0, gt=0, description="the mesh is fitted at most this often, times a second")
    smallest_face: float = Field(60.0, ge=20, description="faces narrower than this in the frame are not measured, px")
    most_faces: int = Field(4, ge=1, description="faces among which the largest is chosen")
    jump: float = Field(0.35, gt=0, description="a face that moves by this share of its width in one frame is another")


class SpotSettings(_Section):
    """Onset, apex and offset. Motions in px at 224 px face width, times in seconds."""

    method: Literal["network", "statistics"] = Field(
        "network", description="network: trained on simulated faces; statistics: thresholds on motion over noise"
    )
    threshold: float = Field(0.3, gt=0, lt=1, description="network: least confidence with which an expression is told")
    person: str = Field("", description="who is watched, as measured by 'python -m calibrate person'; empty: anybody")
    noise_factor: float = Field(5.0, gt=0, description="an expression exceeds this many times the noise of its region")
    least_motion: float = Field(0.45, gt=0, description="and moves a region at least this far, px")
    unrest_factor: float = Field(3.0, ge=0, description="and this many times what is left of head motion on still skin")
    most_unrest: float = Field(
        2.0, gt=0, description="more than this left on still skin cannot be measured against, px"
    )
    slowest_rise: float = Field(0.9, gt=0, description="a motion that takes longer to become noticeable is drift")
    longest_micro: float = Field(
        0.6, gt=0, description="whole duration above which an expression is a macro-expression"
    )
    largest_micro: float = Field(8.0, gt=0, description="and so is one that moves any region further than this, px")
    shortest_event: float = Field(0.09, gt=0, description="shorter motions are noise")
    announce_macro: float = Field(0.7, gt=0, description="an expression still held after this is announced as macro")
    longest_event: float = Field(6.0, gt=0, description="an expression held longer has become the new neutral face")
    decision_delay: float = Field(0.12, ge=0.03, description="wait after the offset before the event is closed")
    quiet_renewal: float = Field(0.5, gt=0, description="quiet time after which the neutral reference is renewed")
    longest_gap: float = Field(0.2, gt=0, description="a longer gap between frames resets the window")
    settle: float = Field(0.4, gt=0, description="time after a reset in which noise is learned and nothing is reported")
    blink_margin: float = Field(0.1, ge=0, description="time around a blink in which eyes and brows are not believed")
    blink_closure: float = Field(
        0.6, gt=0, lt=1, description="an eye open less than this share of its usual is a blink"
    )
    blink_travel: float = Field(2.2, gt=0, description="lids that move down further than this are blinking, px")


class RecogniseSettings(_Section):
    """Class and action units."""

    model: str = Field(
        "cloud", description="name of the network under models/weights, or file of one that was exported"
    )
    backend: str = Field("auto", description="auto, tensorrt, onnxruntime-cuda or onnxruntime")
    certain: float | None = Field(None, ge=0, le=1, description="least probability for a label; unset: the model's own")
    aus: bool = Field(False, description="measure action units in every frame of an event, and print them")


class TransportSettings(_Section):
    """Processes and what lies between them."""

    frames_slots: int = Field(16, ge=4, description="frames kept in shared memory")
    faces_seconds: float = Field(10.0, ge=2, description="aligned faces kept in shared memory, seconds")
    start_timeout_s: float = Field(60.0, gt=0, description="workers must be ready within this time")
    hang_timeout_s: float = Field(20.0, gt=0, description="a worker silent for longer is taken for hung")
    restarts_per_minute: int = Field(5, ge=0, description="a stage of a live run that fails more often ends it")


class CameraSettings(_Section):
    """What is asked of a camera; what it delivers is printed."""

    width: int = Field(640, ge=160)
    height: int = Field(480, ge=120)
    fps: float = Field(30.0, gt=0)
    pixels: Literal["any", "mjpeg", "yuyv"] = Field("any", description="what a webcam sends; mjpeg for high rates")
    stall_s: float = Field(5.0, ge=0.5, description="no frame for so long, and a camera or stream is opened anew")


class RecordSettings(_Section):
    """What a recording keeps, where one is asked for."""

    landmarks_only: bool = Field(False, description="keep landmarks and events, and no pixel of anybody")


class Settings(BaseSettings):
    """All sections. Environment names join section and key: `GLIMPSE_SPOT__NOISE_FACTOR=6`."""

    model_config = SettingsConfigDict(
        env_prefix="GLIMPSE_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    track: TrackSettings = TrackSettings()
    spot: SpotSettings = SpotSettings()
    recognise: RecogniseSettings = RecogniseSettings()
    transport: TransportSettings = TransportSettings()
    camera: CameraSettings = CameraSettings()
    record: RecordSettings = RecordSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, init_settings)


def load_settings(file: Path | None = None, flags: dict[str, dict[str, Any]] | None = None) -> Settings:
    """Settings from all four places.

    Args:
        file: a TOML file; without one `glimpse.toml` in the current folder is read where it exists.
        flags: values given on the command line, by section; these win.

    Raises:
        SettingsError: an unknown key or a value out of range, with file and line or the variable's name.
    """
    path = file or Path("glimpse.toml")
    if file is not None and not path.is_file():
        raise SettingsError(f"{path}: no such settings file")
    in_file = _read_toml(path) if path.is_file() else {}
    _refuse_unknown_environment()
    try:
        settings = Settings(**in_file)
        if not flags:
            return settings
        values = settings.model_dump()
        for section, given in flags.items():
            values[section] = values[section] | given
        sections = {name: type(getattr(settings, name))(**values[name]) for name in values}
        return settings.model_copy(update=sections)
    except ValidationError as error:
        raise SettingsError(_explain(error, path, in_file)) from None
    except UnreadableVariable as error:
        raise SettingsError(f"environment: {error}; a section is written as JSON, a key as GLIMPSE_SPOT__KEY") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from None


def _known_variables() -> Iterator[str]:
    for section, field in Settings.model_fields.items():
        yield f"GLIMPSE_{section}".upper()
        assert field.annotation is not None
        for key in field.annotation.model_fields:
            yield f"GLIMPSE_{section}__{key}".upper()


def _refuse_unknown_environment() -> None:
    known = set(_known_variables())
    for name in os.environ:
        if name.upper().startswith("GLIMPSE_") and name.upper() not in known:
            raise SettingsError(f"environment variable {name}: unknown setting; unset it or correct its name")


def _explain(error: ValidationError, path: Path, in_file: dict[str, Any]) -> str:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"].lower()
    given = {name.upper(): name for name in os.environ}
    variable, section = "GLIMPSE_" + "__".join(place).upper(), f"GLIMPSE_{place[0]}".upper()
    if variable in given:
        return f"environment variable {given[variable]}: {what}"
    node: Any = in_file
    for part in place:
        node = node.get(part) if isinstance(node, dict) else None
    if node is not None:
        return f"{path}:{_line_of(path, place)}: {'.'.join(place)}: {what}"
    if section in given:
        return f"environment variable {given[section]}: {'.'.join(place)}: {what}"
    return f"--{place[-1].replace('_', '-')}: {what}"


def _line_of(path: Path, place: list[str]) -> int:
    """Line at which a key stands; TOML parsers keep no positions, so the text is searched."""
    section: list[str] = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            section = [part.strip().strip("\"'") for part in header.group(1).split(".")]
            if section == place:
                return number
            continue
        key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if key and section + [part.strip("\"'") for part in key.group(1).split(".")] == place:
            return number
    return 1
