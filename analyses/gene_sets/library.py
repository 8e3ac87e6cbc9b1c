"""Enrichment scores by GSEApy, called below its public functions: arrays in, arrays out.

Its public functions go through pandas in ways that pandas 3 warns of, rename genes to capitals, and
take infinite ranks with a warning; its compiled core does none of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np

from roentgene.analyses.constant import Floats
from roentgene.schemas.errors import MissingExtraError

EXTRA = "gene-sets"
Sets = Mapping[str, Sequence[str]]


class Prerank(NamedTuple):
    """Enrichment scores of sets (sets,) by name, and of their permutations (sets, permutations)."""

    names: list[str]
    score: Floats
    null: Floats


def require_library() -> None:
    """Refuse to begin where GSEApy is absent.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        version("gseapy")
    except PackageNotFoundError as error:
        msg = "gseapy is not installed, so gene sets cannot be scored"
        cure = f"Install the extra: pip install 'roentgene[{EXTRA}]'"
        raise MissingExtraError(msg, cure) from error


def prerank(
    genes: Sequence[str],
    values: Floats,
    sets: Sets,
    *,
    weight: float,
    permutations: int,
    seed: int,
) -> Prerank:
    """Enrichment scores of a ranking, and of rankings with shuffled genes.

    Parameters
    ----------
    genes : sequence of str, shape (genes,)
        In the order of the ranking, highest value first.
    values : ndarray, shape (genes,)
        Finite values, falling.
    sets : mapping of str to sequence of str
        Genes of each set, all of them ranked.
    weight : float
        Power to which values count.
    permutations, seed : int
        How many shuffles, and their seed; the answer does not depend on threads.

    References
    ----------
    Subramanian et al. 2005, doi 10.1073/pnas.0506580102; Fang, Liu and Peltz 2023, doi
    10.1093/bioinformatics/btac757.
    """
    found = _core().prerank_rs(
        list(genes), values.tolist(), _plain(sets), weight, 1, len(genes), permutations, 1, seed
    )
    rows = sorted(found.summaries, key=lambda one: one.term)
    return Prerank(
        [one.term for one in rows],
        np.array([one.es for one in rows]),
        np.array([one.esnull for one in rows]).reshape(len(rows), -1),
    )


def ssgsea(genes: Sequence[str], expression: Floats, sets: Sets, *, weight: float) -> Floats:
    """Single-sample enrichment scores, shape (persons, sets), sets in the order of their names.

    Parameters
    ----------
    genes : sequence of str, shape (genes,)
        Names of the columns of ``expression``.
    expression : ndarray, shape (persons, genes)
        Complete; of each person the ranks alone count.
    sets : mapping of str to sequence of str
        Genes of each set.
    weight : float
        Power to which ranks count.

    References
    ----------
    Barbie et al. 2009, doi 10.1038/nature08460.
    """
    from scipy import stats

    core = _core()
    n_genes = len(genes)
    ranks = 10_000 * stats.rankdata(expression, axis=1) / n_genes
    found = core.ssgsea_rs(
        list(genes),
        ranks.T.tolist(),
        _plain(sets),
        weight,
        1,
        n_genes,
        None,
        core.CorrelType.Rank,
        1,
        0,
    )
    return _by_person(found.summaries, sets, expression.shape[0])


def gsva(genes: Sequence[str], expression: Floats, sets: Sets, *, kernel: str) -> Floats:
    """Gene set variation scores, shape (persons, sets), sets in the order of their names.

    Parameters
    ----------
    genes, expression, sets
        As in :func:`ssgsea`; each gene is compared over the persons first.
    kernel : {"gaussian", "poisson", "none"}
        How the distribution of a gene is estimated.

    References
    ----------
    Hänzelmann, Castelo and Guinney 2013, doi 10.1186/1471-2105-14-7.
    """
    found = _core().gsva_rs(
        list(genes),
        expression.T.tolist(),
        _plain(sets),
        kernel != "none",
        kernel == "poisson",
        True,
        False,
        1.0,
        1,
        len(genes),
        1,
    )
    return _by_person(found.summaries, sets, expression.shape[0])


def _core() -> Any:
    require_library()
    from gseapy import gse

    return gse


def _plain(sets: Sets) -> dict[str, list[str]]:
    return {name: list(genes) for name, genes in sets.items()}


def _by_person(summaries: Sequence[Any], sets: Sets, n_persons: int) -> Floats:
    place = {name: column for column, name in enumerate(sorted(sets))}
    scores = np.full((n_persons, len(sets)), np.nan)
    for one in summaries:
        scores[one.index, place[one.term]] = one.es
    return scores
