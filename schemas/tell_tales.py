"""Names of columns that give a target away: equivalents of markers, diagnoses, outcomes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from roentgene.schemas.markers import fold_name, marker_names
from roentgene.schemas.packaged import packaged_yaml

# shorter ones stand within other words: er, pr, p53
_SHORTEST_WITHIN = 4
_NOT_TUMOUR = ("sex", "age")


def tells_outcome(name: str, endpoints: tuple[str, ...] = ()) -> bool:
    """Whether a column of this name is an outcome, or one of the endpoints of the warehouse.

    Examples
    --------
    >>> tells_outcome("OS_MONTHS"), tells_outcome("Vital Status"), tells_outcome("kps")
    (True, True, False)
    """
    folded = fold_name(name)
    if any(fnmatchcase(folded, pattern) for pattern in _listed()["outcomes"]):
        return True
    return any(folded.startswith(fold_name(endpoint)) for endpoint in endpoints if endpoint)


def markers_of_gene(gene: str) -> frozenset[str]:
    """Markers that speak of a gene."""
    return frozenset(row.marker for row in marker_names() if gene in row.hugo_symbols)


def related_markers(name: str) -> frozenset[str]:
    """Markers that a column, a marker or a gene of this name tells, with those of the same genes.

    Examples
    --------
    >>> sorted(related_markers("idh1_status"))
    ['IDH', 'IDH1', 'IDH1 R132H']
    """
    folded = fold_name(name)
    own = {row.marker for row in marker_names() if row.equivalent == folded}
    own |= markers_of_gene(name)
    rows = [row for row in marker_names() if row.marker in own and row.tells not in _NOT_TUMOUR]
    # IDH speaks of IDH1 and IDH2: who knows one of them knows something of it
    told = {(row.tells, gene) for row in rows for gene in row.hugo_symbols}
    shared = {
        row.marker
        for row in marker_names()
        if any((row.tells, gene) in told for gene in row.hugo_symbols)
    }
    return frozenset(own | shared)


def genes_of(markers: frozenset[str], tells: str) -> frozenset[str]:
    """Genes of markers that tell this of the tumour: mutation, expression."""
    return frozenset(
        gene
        for row in marker_names()
        if row.marker in markers and row.tells == tells
        for gene in row.hugo_symbols
    )


def tells_marker(name: str, markers: frozenset[str]) -> bool:
    """Whether a column of this name gives one of these markers away.

    Examples
    --------
    >>> idh = related_markers("IDH")
    >>> [tells_marker(n, idh) for n in ("IDH1.Mutation.Status", "WHO 2021 class", "kps")]
    [True, True, False]
    """
    folded = fold_name(name)
    for row in marker_names():
        if row.marker not in markers:
            continue
        within = len(row.equivalent) >= _SHORTEST_WITHIN or row.equivalent == "idh"
        if row.equivalent == folded or (within and row.equivalent in folded):
            return True
    return any(
        fnmatchcase(folded, pattern)
        for group in ("diagnoses", "receptors")
        if markers & set(_listed()[group]["markers"])
        for pattern in _listed()[group]["names"]
    )


@cache
def _listed() -> Any:
    return packaged_yaml("vocabulary", "tell_tales.yaml")
