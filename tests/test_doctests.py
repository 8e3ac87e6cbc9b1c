"""Examples in the documentation of modules run as they are written."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import roentgene

MODULES = sorted(m.name for m in pkgutil.walk_packages(roentgene.__path__, "roentgene."))
# stand for the whole: fewer modules would mean that a room was not walked
ROOMS = {"analyses", "app", "ingest", "queries", "schemas", "warehouse"}


def test_every_room_is_walked() -> None:
    assert {name.split(".")[1] for name in MODULES} == ROOMS
    assert "roentgene.ingest.extract.engines.recording" in MODULES


# imports an engine of its own at its top
EXTRAS = {"roentgene.ingest.extract.engines.mirp_workflow"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.extras] if name in EXTRAS else [])
        for name in ("roentgene", *MODULES)
    ],
)
def test_examples_run_as_written(name: str) -> None:
    if name.endswith(".engines.recording"):
        pytest.importorskip("radiomics")
    found = doctest.testmod(import_module(name), optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert found.failed == 0
