"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recordings that lie beside the checkout and are never part of it."""
    if not SHARED.is_dir():
        pytest.skip("no shared/data folder beside the checkout")
    return SHARED
