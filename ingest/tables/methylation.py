"""DNA methylation of probes or genes, and the status of the MGMT promoter by a named rule."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.matrix import Demand, Genes, MatrixRows, read_matrix
from roentgene.ingest.tables.mgmt import PROBES, mgmt_stp27
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.matrix_tables import MethylationTable

_DEMANDS = {
    "beta": (
        Demand("out_of_range", "is no beta from 0 to 1", lambda value: value.is_between(0, 1)),
    ),
    "m_value": (),
}


def stage(
    declaration: MethylationTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.methylation``, ``.sample``, ``.assay``, ``.biomarker``, ``study.patient``.

    With a rule for MGMT each patient of whose samples both probes have a value gets a biomarker.
    Where samples of one patient disagree there is none (``conflicting_rows``).

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table; ``missing_column`` if a rule for MGMT is declared
        and its probes are not there.
    """
    genes = (
        Genes(declaration.gene_id, declaration.gene_rules) if declaration.names == "gene" else None
    )
    demands = _DEMANDS[declaration.values]
    matrix = read_matrix(declaration, path, name, context, genes=genes, demands=demands)
    values = matrix.values.rename({"entity": "probe_id"})
    rows = {
        "genomic.sample": matrix.specimens.rows,
        "genomic.assay": matrix.specimens.assays("methylation"),
        "genomic.methylation": values.with_columns(
            molecular_profile_id=pl.lit(declaration.profile), unit=pl.lit(declaration.values)
        ),
    }
    if matrix.gene_names is not None:
        rows["genomic.gene_name"] = matrix.gene_names
    if declaration.mgmt is not None:
        rows["genomic.biomarker"] = _mgmt(declaration, matrix)
    return collect(rows, matrix.gate, matrix.specimens.match, context, matrix.specimens.rows)


def _mgmt(declaration: MethylationTable, matrix: MatrixRows) -> pl.DataFrame:
    """Rows of the marker MGMT, one a patient whose samples agree."""
    wanted = matrix.values.filter(pl.col("entity").cast(pl.String).is_in(PROBES))
    absent = sorted(set(PROBES) - set(wanted["entity"].cast(pl.String)))
    if absent:
        detail = f"mgmt_stp27 needs the probe {' and '.join(absent)}; no status is told"
        matrix.gate.refuse("missing_column", "MGMT", detail)
    told = mgmt_stp27(
        wanted.select(
            pl.col("sample_id").cast(pl.String), pl.col("entity").cast(pl.String), "value"
        ),
        declaration.values,
    )
    found = told.join(matrix.specimens.rows, on="sample_id", maintain_order="left")
    of_patient = found.group_by("patient_id", maintain_order=True).agg(
        pl.col("result").unique(maintain_order=True),
        pl.col("as_given").first(),
        pl.col("source_row").first(),
    )
    one = pl.col("result").list.len() == 1
    for patient in of_patient.filter(~one)["patient_id"]:
        detail = "its samples disagree on the status of MGMT; none is stored"
        matrix.gate.refuse("conflicting_rows", str(patient), detail)
    return of_patient.filter(one).select(
        "patient_id",
        "source_row",
        "as_given",
        marker=pl.lit("MGMT"),
        method=pl.lit(declaration.mgmt),
        study_day=pl.lit(None, pl.Int32),
        result=pl.col("result").list.first(),
    )
