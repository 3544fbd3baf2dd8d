"""A store as samples of the leave-one-subject-out protocol: `--data prepared:STORE`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from models.datasets.label_maps import UnknownMap, class_of
from models.preparation.store import Column, Entry, StoreError, read_contents
from models.protocol.samples import Inputs, Samples
from models.protocol.sources import DataError, Say

FIELDS = (
    *("flow", "landmarks", "clouds", "dense_clouds", "patches", "frames", "oval", "frame_landmarks"),
    *("predicted_units", "units", "unit_region", "eyes", "mouth"),
)
"""What models may read; `units` are the sheet's own and are for training only."""


def read(where: str, say: Say) -> Samples:
    """All clips of the three classes.

    Raises:
        DataError: no store there.
    """
    return read_classes(Path(where), 3, say)


def read_classes(store: Path, classes: int, say: Say) -> Samples:
    """All clips that a label map has a class for.

    Raises:
        DataError: no store there, or no map of so many classes.
    """
    try:
        contents = read_contents(store)
        label = [class_of(entry.dataset, entry.emotion, classes) for entry in contents.clips]
    except (StoreError, UnknownMap) as error:
        raise DataError(str(error)) from None
    kept: list[tuple[Entry, int]] = [
        (entry, one) for entry, one in zip(contents.clips, label, strict=True) if one is not None
    ]
    left_out = Counter(entry.emotion for entry, one in zip(contents.clips, label, strict=True) if one is None)
    files = [str(store / entry.file) for entry, _ in kept]
    subjects = [f"{entry.dataset}/{entry.subject}" for entry, _ in kept]
    say(
        f"{store}: {len(kept)} clips of {len(set(subjects))} subjects"
        + (f"; no class among {classes} for {', '.join(f'{n} x {w}' for w, n in left_out.items())}" if left_out else "")
    )
    inputs = Inputs(
        np.array([entry.name for entry, _ in kept], np.str_), {field: Column(files, field) for field in FIELDS}
    )
    return Samples(
        inputs,
        np.array([one for _, one in kept], np.int64),
        np.array(subjects, np.str_),
        np.array([entry.dataset for entry, _ in kept], np.str_),
    )
