"""Names of what the networks tell apart."""

from __future__ import annotations

CLASSES = ("negative", "positive", "surprise")
"""The three classes of MEGC 2019, in the order of its labels."""

ACTION_UNITS = (
    "AU1",
    "AU2",
    "AU4",
    "AU5",
    "AU6",
    "AU7",
    "AU9",
    "AU10",
    "AU12",
    "AU14",
    "AU15",
    "AU17",
    "AU20",
    "AU23",
    "AU24",
    "AU25",
    "AU26",
)
"""FACS action units that the networks report, either side of the face."""
