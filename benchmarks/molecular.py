"""Molecular tables through a whole ingest, beside what a user would write instead with pandas.

Run ``uv run python benchmarks/molecular.py`` on a machine that does nothing else; name works to run
only those (``matrix``, ``maf``). It makes its input: an expression matrix of 20,000 genes x 1,000
samples, and a MAF of 150,000 rows of 500 samples. The ingest names genes, joins samples to
patients, gates, commits and renews the analyst's file; pandas reads, melts or picks columns, and
writes a Parquet file. Each way runs in a process of its own. It prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from roentgene.schemas.genes import hgnc_genes

HEADER = (
    "| work | pandas, s | ingest run, s | CPU s | ratio | asked, s | again, s | peak MB |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)
SEED = 20_261_121
CLASSES = ("Missense_Mutation", "Silent", "Nonsense_Mutation", "Frame_Shift_Del", "Intron")
BASES = np.array(["A", "C", "G", "T"])

_READ = "import pandas as pd, sys; table = pd.read_csv(sys.argv[1], sep='\\t', low_memory=False); "
_MELT = (
    "table.melt('gene', var_name='sample_id').to_parquet(sys.argv[2], compression='zstd', "
    "index=False)"
)
_PICK = (
    "table[['Hugo_Symbol', 'Chromosome', 'Start_Position', 'End_Position', 'Reference_Allele', "
    "'Tumor_Seq_Allele2', 'Variant_Classification', 'Tumor_Sample_Barcode']]"
    ".to_parquet(sys.argv[2], compression='zstd', index=False)"
)


@dataclass(frozen=True)
class Cost:
    """What one run cost."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Work:
    """A table, how the cohort file declares it, and what pandas does with it.

    Parameters
    ----------
    name : str
        What the table is.
    make : callable
        Writes it.
    declared : dict
        Its declaration.
    script : str
        What pandas does.
    asked : float
        Seconds that an ingest may take.
    """

    name: str
    make: Callable[[Path], None]
    declared: dict[str, object]
    script: str
    asked: float


def make_matrix(path: Path, n_genes: int = 20_000, n_samples: int = 1_000) -> None:
    """Write an expression matrix with the genes in its rows."""
    random = np.random.default_rng(SEED)
    values = np.round(random.gamma(2, 3, (n_genes, n_samples)), 4)
    samples = [f"TCGA-XX-{number:04d}-01A" for number in range(n_samples)]
    genes = hgnc_genes()["hugo_symbol"].sample(n_genes, seed=SEED)
    pl.DataFrame(values, schema=samples).insert_column(0, genes.alias("gene")).write_csv(
        path, separator="\t"
    )


def make_maf(path: Path, n_rows: int = 150_000, n_samples: int = 500) -> None:
    """Write a MAF whose variants are all different."""
    random = np.random.default_rng(SEED)
    genes = hgnc_genes()["hugo_symbol"].sample(18_000, seed=SEED).to_numpy()
    reference = random.integers(0, 4, n_rows)
    start = random.permutation(np.arange(1, n_rows + 1) * 250)
    pl.DataFrame(
        {
            "Hugo_Symbol": random.choice(genes, n_rows),
            "NCBI_Build": np.full(n_rows, "GRCh38"),
            "Chromosome": [f"chr{number}" for number in random.integers(1, 11, n_rows)],
            "Start_Position": start,
            "End_Position": start,
            "Variant_Classification": random.choice(CLASSES, n_rows),
            "Variant_Type": np.full(n_rows, "SNP"),
            "Reference_Allele": BASES[reference],
            "Tumor_Seq_Allele1": BASES[reference],
            "Tumor_Seq_Allele2": BASES[(reference + random.integers(1, 4, n_rows)) % 4],
            "Tumor_Sample_Barcode": [
                f"TCGA-XX-{number:04d}-01A" for number in random.integers(0, n_samples, n_rows)
            ],
            "t_ref_count": random.integers(10, 200, n_rows),
            "t_alt_count": random.integers(3, 100, n_rows),
        }
    ).write_csv(path, separator="\t")


WORKS = {
    "matrix": Work(
        "expression, 20,000 genes x 1,000 samples, TSV",
        make_matrix,
        {"kind": "expression", "layout": "genes_in_rows", "gene": "gene", "unit": "TPM"},
        _READ + _MELT,
        20.0,
    ),
    "maf": Work(
        "MAF, 150,000 rows",
        make_maf,
        {"kind": "mutation", "profiled": {"genes": "all"}},
        _READ + _PICK,
        10.0,
    ),
}


def run(command: list[str | Path], folder: Path) -> Cost:
    """Run a command to its end, and count what it took.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    begun = time.perf_counter()
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)  # noqa: S603
        _, state, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(state)
    if process.returncode:
        msg = f"{command} failed: {(folder / 'output.txt').read_text()}"
        raise RuntimeError(msg)
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure(work: Work, folder: Path, runs: int) -> str:
    """Make the table, take it in by both ways in turn, and give a row of the table."""
    kind = str(work.declared["kind"])
    name = f"{kind}.tsv"
    work.make(folder / name)
    profile = {"profile": "rna"} if kind == "expression" else {}
    cohort = {
        "cohort_id": "BENCHMARK",
        "title": work.name,
        "license": "CC0",
        "day_zero": "diagnosis",
        "tables": [{"file": name, **work.declared, **profile, "normalise": ["tcga_patient"]}],
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(cohort), encoding="utf-8")
    command = Path(sys.executable).with_name("roentgene")
    stock, ours, again = [], [], []
    for number in range(runs):
        peer = [sys.executable, "-c", work.script, folder / name, folder / "peer.parquet"]
        stock.append(run(peer, folder))
        warehouse = folder / f"study-{number}"
        run([command, "init", warehouse], folder)
        ingest = [command, "ingest", "run", "cohort.yaml", "-w", warehouse]
        ours.append(run(ingest, folder))
        again.append(run(ingest, folder))
    seconds = [statistics.median(cost.seconds for cost in each) for each in (stock, ours, again)]
    cpu = statistics.median(cost.cpu_seconds for cost in ours)
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(stock, ours, strict=True))
    peaks = [max(cost.peak_mb for cost in each) for each in (stock, ours)]
    return (
        f"| {work.name} | {seconds[0]:.1f} | {seconds[1]:.1f} | {cpu:.1f} | **{ratio:.1f}** | "
        f"{work.asked:g} | {seconds[2]:.1f} | {peaks[0]:.0f} / {peaks[1]:.0f} |"
    )


def main() -> None:
    """Measure in folders that are removed afterwards."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("works", nargs="*", choices=[*WORKS, []], help="left out, all of them")
    parser.add_argument("--runs", type=int, default=3, help="of each way")
    options = parser.parse_args()
    sys.stdout.write(f"{HEADER}\n")
    for name in options.works or WORKS:
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(f"{measure(WORKS[name], Path(folder), options.runs)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
