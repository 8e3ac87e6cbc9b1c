"""An analysis file read into the model of its kind: the question, before the answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import ConfigDict

from roentgene.schemas.analyses.association import Association
from roentgene.schemas.analyses.stability import Stability
from roentgene.schemas.declared import Declared, read_declared

AnalysisSpec: TypeAlias = Stability | Association

_MODELS: Mapping[str, type[Stability] | type[Association]] = {
    "stability": Stability,
    "association": Association,
}


class _Head(Declared):
    """The one key that says which analysis the file asks for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    analysis: Literal["stability", "association"]


def read_analysis(path: Path) -> AnalysisSpec:
    """Read an analysis file; see :func:`roentgene.schemas.declared.read_declared` for errors."""
    return read_declared(path, _MODELS[read_declared(path, _Head).analysis])
