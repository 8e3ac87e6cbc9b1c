"""An analysis file read into the model of its kind: the question, before the answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import ConfigDict

from roentgene.schemas.analyses.association import Association
from roentgene.schemas.analyses.enrichment import Enrichment
from roentgene.schemas.analyses.harmonization import Harmonization
from roentgene.schemas.analyses.pathway_score import PathwayScore
from roentgene.schemas.analyses.selection_stability import SelectionStability
from roentgene.schemas.analyses.stability import Stability
from roentgene.schemas.analyses.survival import Survival
from roentgene.schemas.declared import Declared, read_declared

AnalysisSpec: TypeAlias = (
    Stability
    | SelectionStability
    | Harmonization
    | Association
    | Survival
    | Enrichment
    | PathwayScore
)

_MODELS: Mapping[str, type[AnalysisSpec]] = {
    "stability": Stability,
    "selection_stability": SelectionStability,
    "harmonization": Harmonization,
    "association": Association,
    "survival": Survival,
    "enrichment": Enrichment,
    "pathway_score": PathwayScore,
}


class _Head(Declared):
    """The one key that says which analysis the file asks for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    analysis: Literal[
        "stability",
        "selection_stability",
        "harmonization",
        "association",
        "survival",
        "enrichment",
        "pathway_score",
    ]


def read_analysis(path: Path) -> AnalysisSpec:
    """Read an analysis file; see :func:`roentgene.schemas.declared.read_declared` for errors."""
    return read_declared(path, _MODELS[read_declared(path, _Head).analysis])
