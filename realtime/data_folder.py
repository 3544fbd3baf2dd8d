"""Where what belongs to a user is kept from one run to the next."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """`$XDG_DATA_HOME/glimpse`, by default `~/.local/share/glimpse`; it need not exist.

    A relative `XDG_DATA_HOME` counts for nothing, as the XDG Base Directory Specification asks.
    """
    data = os.environ.get("XDG_DATA_HOME", "")
    base = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "glimpse"
