"""Rank correlation of 1,300 features with 20,000 genes of 150 persons, beside other ways to it.

Run ``uv run python benchmarks/association.py`` on a machine that does nothing else. The study is
made: a tenth of the features have few values, and three in ten genes are not expressed in many
persons, so that there are ties. Ours and the peer run in turn in one process; a ratio is the
median over the pairs.

The peer of the whole table is the product of the same rank matrices in double precision, by the
same BLAS: no p, no q, nothing found. Ours has its ranks at hand, too, and gives every pair with
p < 0.001 with its exact p and the q of all 26 million tests. A loop over scipy, and DuckDB's
``corr()`` over ranks that are at hand, are timed on some of the pairs and extrapolated. The
permutations are timed with fewer than 1,000, and with one: what each takes is scaled to 1,000, and
what is done once is added. Their peer is as many products in single precision. The memory is the
peak of a process that does nothing else. It prints a Markdown table, the errors and the BLAS.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.p_values import p_of_t, t_of
from roentgene.analyses.association.permutation import permute
from roentgene.analyses.association.ranks import Columns
from roentgene.analyses.association.testing import associate

HEADER = (
    "| work | the other way, s | roentgene, s | ratio | asked | peak MB | pairs |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)
KEEP_P = 1e-3
N_PERMUTATIONS = 1000
CORRELATE = """
SELECT feature, gene, corr(f.score, g.score) AS r
FROM features AS f JOIN genes AS g USING (person)
GROUP BY feature, gene
"""

Floats = NDArray[np.float64]


class Study(NamedTuple):
    """Values, sorted already; and their ranks as rows of length 1."""

    features: Columns
    genes: Columns
    x: Floats
    y: Floats

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return self.features.n_columns * self.genes.n_columns


def make(n_persons: int, n_features: int, n_genes: int) -> Study:
    """Make a study of which some pairs are related."""
    random = np.random.default_rng(7)
    genes = random.normal(size=(n_persons, n_genes))
    features = random.normal(size=(n_persons, n_features))
    features[:, ::7] += genes[:, : features[:, ::7].shape[1]]
    features[:, ::10] = features[:, ::10].round(1)
    genes[:, ::3] = np.maximum(genes[:, ::3], -0.5)
    sides = Columns(features), Columns(genes)
    return Study(*sides, *(_units(side) for side in sides))


def _units(columns: Columns) -> Floats:
    everybody = np.ones(columns.n_persons, bool)
    found = columns.centred_ranks(everybody, np.arange(columns.n_columns))
    return found.ranks / np.sqrt(found.sum_of_squares)[:, None]


def seconds(work: Callable[[], Any]) -> float:
    """Time some work."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def row(what: str, asked: str, found: list[tuple[float, float]], *, times: bool) -> str:
    """Give a row of the table: how many times as fast, or what share of the time."""
    ratio = statistics.median(a / b if times else b / a for a, b in found)
    theirs, own = (statistics.median(each) for each in zip(*found, strict=True))
    told = f"{ratio:,.0f}" if times else f"{ratio:.2f}"
    return f"| {what} | {theirs:,.3f} | {own:.3f} | **{told}** | {asked} |  | {len(found)} |"


def against_product(study: Study, pairs: int) -> str:
    """Compare with the product in double precision."""
    products = np.empty((study.x.shape[0], study.y.shape[0]))

    def product() -> None:
        np.matmul(study.x, study.y.T, out=products)

    def ours() -> None:
        associate(study.features, study.genes, keep_p=KEEP_P)

    product()
    ours()
    found = [(seconds(product), seconds(ours)) for _ in range(pairs)]
    return row("r, exact p and q, against the product of ranks alone", "1.5", found, times=False)


def against_scipy(study: Study, pairs: int, n_sampled: int) -> str:
    """Compare with a loop over some pairs."""
    from scipy import stats

    random = np.random.default_rng(1)
    features, genes = study.features.values, study.genes.values
    i = random.integers(0, features.shape[1], n_sampled)
    j = random.integers(0, genes.shape[1], n_sampled)

    def loop() -> None:
        for one, other in zip(i, j, strict=True):
            stats.spearmanr(features[:, one], genes[:, other])

    loop()
    scale = study.n_pairs / n_sampled
    found = [
        (seconds(loop) * scale, seconds(lambda: associate(features, genes, keep_p=KEEP_P)))
        for _ in range(pairs)
    ]
    what = f"the same from values, against scipy pair by pair (from {n_sampled})"
    return row(what, "10,000", found, times=True)


def against_duckdb(study: Study, pairs: int, n_features: int, n_genes: int) -> str:
    """Compare with ``corr()`` by groups over a part of the ranks."""
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect()
    for name, key, ranks, size in (
        ("features", "feature", study.x, n_features),
        ("genes", "gene", study.y, n_genes),
    ):
        columns, persons = np.indices((size, ranks.shape[1]))
        values = {key: columns.ravel(), "person": persons.ravel(), "score": ranks[:size].ravel()}
        connection.register("given", pa.table(values))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")  # noqa: S608

    def grouped() -> None:
        connection.execute(CORRELATE).to_arrow_table()

    def ours() -> None:
        associate(study.features, study.genes, keep_p=KEEP_P)

    grouped()
    scale = study.n_pairs / (n_features * n_genes)
    found = [(seconds(grouped) * scale, seconds(ours)) for _ in range(pairs)]
    what = f"the same, against DuckDB's `corr()` of ranks by groups (from {n_features * n_genes:,})"
    return row(what, "300", found, times=True)


def against_products(study: Study, pairs: int, n_timed: int, peak: float) -> str:
    """Compare permutations with products in single precision."""
    x, y = study.x.astype(np.float32), study.y.astype(np.float32)
    products = np.empty((x.shape[0], y.shape[0]), np.float32)

    def product() -> None:
        for _ in range(n_timed):
            np.matmul(x, y.T, out=products)

    def shuffled(number: int) -> Callable[[], None]:
        return lambda: void(permute(study.features, study.genes, n_permutations=number))

    product()
    shuffled(1)()
    found = []
    for _ in range(pairs):
        theirs, many, one = seconds(product), seconds(shuffled(n_timed + 1)), seconds(shuffled(1))
        each = (many - one) / n_timed
        found.append((theirs / n_timed * N_PERMUTATIONS, one + each * (N_PERMUTATIONS - 1)))
    what = f"{N_PERMUTATIONS:,} permutations, against as many products (from {n_timed})"
    told = row(what, "1.3, 1.5 GiB", found, times=False)
    return told.replace("|  |", f"| {peak:.0f} |")


def void(_: object) -> None:
    """Forget a result."""


def errors(study: Study, n_sampled: int) -> str:
    """Compare r and p with scipy's, and q with statsmodels' over all tests."""
    from scipy import stats
    from statsmodels.stats.multitest import multipletests

    found = associate(study.features, study.genes, keep_p=KEEP_P)
    some = np.random.default_rng(2).choice(found.p_value.size, n_sampled, replace=False)
    r_error = p_error = 0.0
    for place in some:
        pair = (
            study.features.values[:, found.feature[place]],
            study.genes.values[:, found.target[place]],
        )
        expected = stats.spearmanr(*pair)
        r_error = max(r_error, abs(found.estimate[place] - expected.statistic))
        p_error = max(p_error, abs(found.p_value[place] / expected.pvalue - 1))
    degrees = study.features.n_persons - 2
    all_p = np.concatenate([p_of_t(t_of(part, degrees), degrees).ravel() for part in _all_r(study)])
    kept = np.flatnonzero(all_p <= KEEP_P)
    same = np.array_equal(kept, found.feature * np.int64(study.genes.n_columns) + found.target)
    q_value = multipletests(all_p, method="fdr_bh")[1][kept]
    exact = found.q_is_exact
    q_error = float(np.abs(found.q_value[exact] / q_value[exact] - 1).max())
    return (
        f"{found.p_value.size:,} pairs with p < {KEEP_P}, the same as without the filter: {same}. "
        f"Largest error of r {r_error:.1e}, of p {p_error:.1e} (relative, {n_sampled} pairs by "
        f"scipy), of the {exact.sum():,} q up to {KEEP_P} {q_error:.1e} (relative, all "
        f"{all_p.size:,} tests by statsmodels)."
    )


def _all_r(study: Study) -> list[Floats]:
    """Correlations of all pairs from exact products, some features at a time."""
    sides = []
    for columns in (study.features, study.genes):
        everybody = np.ones(columns.n_persons, bool)
        sides.append(columns.centred_ranks(everybody, np.arange(columns.n_columns)))
    x, y = sides
    return [
        x.ranks[i : i + 100]
        @ y.ranks.T
        / np.sqrt(np.outer(x.sum_of_squares[i : i + 100], y.sum_of_squares))
        for i in range(0, x.ranks.shape[0], 100)
    ]


def blas() -> str:
    """Name the BLAS libraries, their kernels and threads."""
    from threadpoolctl import threadpool_info

    told = [
        f"{found['internal_api']} {found['version']} ({found.get('architecture')}, "
        f"{found['num_threads']} threads)"
        for found in threadpool_info()
        if found["user_api"] == "blas"
    ]
    return f"BLAS: {', '.join(told)}; numpy {np.__version__}."


def peak_of_permutations(sizes: tuple[int, int, int]) -> float:
    """Find the peak memory, in MB, of a process that permutes and does nothing else."""
    command = [sys.executable, __file__, "--alone", "--sizes", *(str(size) for size in sizes)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9, help="paired runs of each comparison")
    parser.add_argument("--permutations", type=int, default=50, help="timed in each run")
    parser.add_argument(
        "--sizes", type=int, nargs=3, default=[150, 1300, 20000], metavar=("N", "F", "G")
    )
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = tuple(options.sizes)
    if options.alone:
        study = make(*sizes)
        permute(study.features, study.genes, n_permutations=20)
        sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}")
        return
    # first, for a process inherits what this one has taken
    peak = peak_of_permutations(sizes)
    study = make(*sizes)
    sys.stdout.write(f"{HEADER}\n")
    for told in (
        lambda: against_product(study, options.pairs),
        lambda: against_scipy(study, options.pairs, 500),
        lambda: against_duckdb(study, options.pairs, 20, 500),
        lambda: against_products(study, options.pairs, options.permutations, peak),
    ):
        sys.stdout.write(f"{told()}\n")
        sys.stdout.flush()
    sys.stdout.write(f"\n{errors(study, 2000)}\n{blas()}\n")


if __name__ == "__main__":
    main()
