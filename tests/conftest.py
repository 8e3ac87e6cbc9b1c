"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from roentgene.warehouse.id_key import KEY_VARIABLE

# how fast the machine is never decides whether a test passes
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

DATA_VARIABLE = "ROENTGENE_TEST_DATA"
DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real, licensed input; tests that need it are marked ``realdata``."""
    folder = Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA))
    if not (folder / "reference").is_dir():
        pytest.skip(f"no real data: set {DATA_VARIABLE} to the folder that holds it")
    return folder


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Key file outside the warehouse, by which ids are hashed and who withdrew is recognised."""
    path = tmp_path / "keys" / "id.key"
    path.parent.mkdir()
    path.write_bytes(bytes(range(40)))
    path.chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    return path
