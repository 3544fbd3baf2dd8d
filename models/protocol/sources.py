"""`--data KIND:WHERE`: which reader opens which data."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from models.protocol.samples import Samples

READERS: dict[str, str] = {
    "megc2019": "models.protocol.megc2019:read",
    "clips": "models.protocol.clips:read",
    "prepared": "models.preparation.samples:read",
    "sim": "models.protocol.simulated:read",
}
"""Readers by their kind: the module and a function (what stands after the colon, a teller of progress) -> Samples."""

Say = Callable[[str], None]


class DataError(ValueError):
    """Data that cannot be read; the message says what to do."""


def read_data(spec: str, say: Say = print) -> Samples:
    """Open data by a specification such as `megc2019:PATH.npz`, `clips:DIR` or `sim:subjects=20,events=8`.

    Raises:
        DataError: an unknown kind, or data that its reader cannot read.
    """
    kind, colon, where = spec.partition(":")
    if kind not in READERS or not colon:
        raise DataError(f"--data {spec}: write KIND:WHERE with one of the kinds {', '.join(sorted(READERS))}")
    module, function = READERS[kind].split(":")
    read: Callable[[str, Say], Samples] = getattr(importlib.import_module(module), function)
    samples = read(where, say)
    if not len(samples):
        raise DataError(f"--data {spec}: no sample of the three classes found there")
    return samples
