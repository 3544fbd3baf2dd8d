"""Samples of the MEGC 2019 composite task as one .npz file: 28 x 28 flows from onset to apex, with face landmarks.

See, Yap, Li, Hong, Wang, "MEGC 2019: the second facial micro-expressions grand challenge", FG 2019. The flows are
8 bits deep and scaled sample by sample, as in the public code of several entries, so magnitudes cannot be compared
between samples.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.labels import CLASSES
from models.protocol.samples import Inputs, Samples
from models.protocol.sources import DataError, Say

_COLUMNS = ("flow", "landmarks", "label", "subject", "dataset", "name")


def read(where: str, say: Say) -> Samples:
    """Read a file with the arrays flow, landmarks, label, subject, dataset and name.

    Raises:
        DataError: no such file, or not of this form.
    """
    file = Path(where)
    if not file.is_file():
        raise DataError(f"--data megc2019:{where}: no such file")
    try:
        with np.load(file, allow_pickle=False) as archive:
            missing = [column for column in _COLUMNS if column not in archive]
            if missing:
                raise DataError(f"{file} lacks {', '.join(missing)}: not an archive of MEGC 2019 flows")
            columns = {column: archive[column] for column in _COLUMNS}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file} is no .npz archive of plain arrays: {error}") from None
    samples = _samples(file, columns)
    say(f"{file.name}: {len(samples)} samples of {len(np.unique(samples.subject))} subjects")
    return samples


def _samples(file: Path, columns: dict[str, NDArray[Any]]) -> Samples:
    flow, landmarks, label = columns["flow"], columns["landmarks"], columns["label"].astype(np.int64)
    if flow.dtype != np.uint8 or flow.shape[1:] != (28, 28, 3):
        raise DataError(f"{file}: flow must be uint8 (N, 28, 28, 3), not {flow.dtype} {flow.shape}")
    if landmarks.shape[1:] != (468, 3) or not np.isfinite(landmarks).all():
        raise DataError(f"{file}: landmarks must be finite (N, 468, 3), not {landmarks.shape}")
    if label.size and not (label.min() >= 0 and label.max() < len(CLASSES)):
        raise DataError(f"{file}: labels must be 0, 1 or 2 ({', '.join(CLASSES)})")
    inputs = Inputs(columns["name"].astype(np.str_), {"flow": flow, "landmarks": landmarks.astype(np.float32)})
    try:
        return Samples(inputs, label, columns["subject"].astype(np.str_), columns["dataset"].astype(np.str_))
    except ValueError as error:
        raise DataError(f"{file}: {error}") from None
