"""What engines share: refusing misspelt names, and saying which extra is missing."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest
from pydantic import BaseModel, ConfigDict

from roentgene.ingest.extract.engines import checking, engine
from roentgene.ingest.extract.engines.checking import check_names, checked_settings
from roentgene.schemas.errors import ExtractionUnavailableError, FileError


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    bin_width: float = 25.0


@pytest.mark.parametrize("name", ["mirp", "pysera", "onnx"])
def test_a_missing_package_names_its_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(checking, "version", missing)
    with pytest.raises(ExtractionUnavailableError, match=rf"pip install 'roentgene\[{name}\]'"):
        engine(name).version()
    with pytest.raises(ExtractionUnavailableError):
        engine(name).library_versions()


def test_names_and_settings() -> None:
    check_names("filter", ["log"], ["log", "laws"])
    with pytest.raises(FileError, match=r"unknown filter 'lgo'.*'log'"):
        check_names("filter", ["lgo"], ["log", "laws"])
    assert checked_settings(Settings, "settings", {"bin_width": 5}, {}).bin_width == 5
    with pytest.raises(FileError, match=r"unknown setting 'settings.binwidth'.*'bin_width'"):
        checked_settings(Settings, "settings", {"binwidth": 5}, {})
    with pytest.raises(FileError, match=r"settings.bin_width: .*number"):
        checked_settings(Settings, "settings", {"bin_width": "5"}, {})
    with pytest.raises(FileError, match=r"settings.label is set by roentgene. Name a region"):
        checked_settings(Settings, "settings", {"label": 5}, {"label": "Name a region"})
