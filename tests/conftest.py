"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA_VARIABLE = "ROENTGENE_TEST_DATA"
DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real, licensed input; tests that need it are marked ``realdata``."""
    folder = Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA))
    if not (folder / "reference").is_dir():
        pytest.skip(f"no real data: set {DATA_VARIABLE} to the folder that holds it")
    return folder
