"""What an ONNX file of ours says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.classifier import ModelError
from engine.schema import SCHEMA_VERSION, Schema

TORCH_PEER = "torch"
"""Key under which a file tells how its torch network is made again; see engine.torch_peer."""


class Metadata(NamedTuple):
    """The metadata of a model file."""

    model: str
    precision: str
    schema: Schema
    trained_by: str
    commit: str
    data: str  # what it was trained on
    temperature: str

    def as_properties(self) -> dict[str, str]:
        """As ONNX keeps it: text by key."""
        return {**self._asdict(), "schema": msgspec.json.encode(self.schema).decode()}


def read_metadata(properties: Mapping[str, str], path: Path) -> Metadata:
    """From an ONNX file's properties.

    Raises:
        ModelError: the file is not one of ours, or older than this code.
    """
    foreign = f"{path}: an ONNX file, but not one written by `python -m engine export`"
    missing = [key for key in Metadata._fields if key not in properties]
    if missing:
        raise ModelError(f"{foreign} ({', '.join(missing)} not found in it)")
    try:
        schema = msgspec.json.decode(properties["schema"].encode(), type=Schema)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ModelError(f"{foreign} ({error})") from None
    if schema.version != SCHEMA_VERSION:
        raise ModelError(
            f"{path}: written in schema {schema.version}, this code reads {SCHEMA_VERSION}; "
            "export it again with `python -m engine export`"
        )
    if not schema.inputs or not schema.labels:
        raise ModelError(f"{foreign} (its schema names no inputs or no labels)")
    found = {key: properties[key] for key in Metadata._fields if key != "schema"}
    return Metadata(schema=schema, **found)
