"""Rankings of genes that an earlier association analysis has made."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Store
from roentgene.analyses.visit_features import FEATURE_KEYS
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.enrichment import Enrichment
from roentgene.schemas.errors import FileError

RANKING_QUERY = "analyses/gene_ranking"
GENES_QUERY = "analyses/gene_ranking_genes"


class StoredRanking(NamedTuple):
    """Genes of one feature with their correlations, in the order of their names."""

    key: dict[str, str]
    genes: list[str]
    values: Floats


def read_stored_rankings(
    warehouse: Store, spec: Enrichment
) -> tuple[list[StoredRanking], dict[str, int]]:
    """Correlations of the current run of an association analysis, feature by feature.

    Raises
    ------
    FileError
        If the run has none, or not of all genes: those with small p alone are no ranking.
    """
    asked = {
        "association": spec.association,
        "cohort_id": spec.cohort_id,
        "timepoint": spec.timepoint,
        "prefix": f"expression:{spec.expression.profile}:",
    }
    filters = ("regions", "sequences", "profiles", "features")
    given = {name: getattr(spec, name) for name in filters}
    lists = {name: None if names is None else list(names) for name, names in given.items()}
    rows = warehouse.arrow(query_text(RANKING_QUERY), asked | lists)
    if rows.num_rows == 0:
        msg = (
            f"{spec.name}: the association {spec.association} has no expression under "
            f"{spec.expression.profile} that fits"
        )
        cure = "Check its name, timepoint and filters; it must be spearman without covariates"
        raise FileError(msg, cure)
    measured = {"cohort_id": spec.cohort_id, "profile": spec.expression.profile}
    n_measured = warehouse.arrow(query_text(GENES_QUERY), measured).num_rows
    by_feature: dict[tuple[str, ...], list[tuple[str, float | None]]] = {}
    for row in rows.to_pylist():
        key = tuple(row[name] for name in FEATURE_KEYS)
        by_feature.setdefault(key, []).append((row["gene"], row["value"]))
    fewest = min(len(pairs) for pairs in by_feature.values())
    if fewest < n_measured:
        msg = (
            f"{spec.name}: the association {spec.association} has stored {fewest} of {n_measured} "
            "genes for a feature; those alone are no ranking"
        )
        raise FileError(msg, "Run it again with all genes and 'keep_p: 1', or leave it out")
    found, n_without = [], 0
    for key, pairs in sorted(by_feature.items()):
        known = sorted((gene, value) for gene, value in pairs if value is not None)
        n_without += len(pairs) - len(known)
        named = dict(zip(FEATURE_KEYS, key, strict=True))
        values = np.array([value for _, value in known])
        found.append(StoredRanking(named, [gene for gene, _ in known], values))
    return found, {"correlations": rows.num_rows, "correlations_missing_left_out": n_without}
