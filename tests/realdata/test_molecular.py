"""Genes, matrices and segments of published studies, against the counts of their README files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import TypeAdapter

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.run import run_ingest
from roentgene.ingest.tables import StagedTables, TableContext, stage_table
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.warehouse.opening import create_warehouse, open_warehouse

pytestmark = pytest.mark.realdata

Stage = Callable[..., StagedTables]

ES = "genomic/cbioportal_study_es_0"
MAFTOOLS = "genomic/maf_gistic"
PLGG = "cohorts/plgg_cbtn"
COHORT: dict[str, Any] = {
    "cohort_id": "C",
    "title": "published tables",
    "license": "as published",
    "day_zero": "diagnosis",
}


@pytest.fixture
def stage(shared_data: Path) -> Stage:
    def staged(**declared: Any) -> StagedTables:
        declaration: TableDeclaration = TypeAdapter(TableDeclaration).validate_python(declared)
        cohort = Cohort.model_validate({**COHORT, "tables": [declared]})
        file = declared["file"]
        return stage_table(declaration, shared_data / file, file, TableContext(cohort))

    return staged


def size(staged: StagedTables, name: str) -> tuple[int, int]:
    """Rows of a table, and samples of the file."""
    return staged.rows[name].height, staged.rows["genomic.sample"].height


def test_segments_of_the_leukaemias(stage: Stage) -> None:
    file = f"{MAFTOOLS}/LAML_CBS_segments.tsv.gz"
    staged = stage(kind="segment", file=file, genome="GRCh37")
    assert size(staged, "genomic.segment") == (6470, 191)
    assert staged.refusals == ()


def test_peaks_of_the_leukaemias(stage: Stage) -> None:
    file = f"{MAFTOOLS}/all_lesions.conf_99.txt"
    staged = stage(kind="gistic", file=file, profile="gistic", sample_rules=["tcga_patient"])
    assert size(staged, "genomic.assay_value") == (32 * 191, 191)
    assert staged.refusals == ()
    values = staged.rows["genomic.assay_value"].with_columns(pl.col(pl.Categorical).cast(pl.String))
    assert values["entity"].n_unique() == 16
    one = values.filter(
        pl.col("sample_id") == "TCGA-AB-2803", pl.col("entity") == "Deletion Peak 10 (17q11.2)"
    )
    found = dict(one.select("molecular_profile_id", "value").rows())
    assert found == {"gistic": 0.0, "gistic_change": 0.019124}


@pytest.mark.parametrize(
    ("declared", "table", "expected"),
    [
        (
            {"kind": "copy_number", "file": "data_cna_log2.txt", "values": "log2"},
            "genomic.copy_number",
            (7 * 778, 778),
        ),
        (
            {
                "kind": "copy_number",
                "file": "data_cna_discrete.txt",
                "values": "discrete",
                "layout": "long",
                "sample": "Sample_Id",
                "value": "Value",
            },
            "genomic.copy_number",
            (6304, 788),
        ),
        (
            {"kind": "expression", "file": "data_expression_median.txt", "unit": "log2 ratio"},
            "genomic.expression",
            (6 * 526, 526),
        ),
    ],
)
def test_matrices_of_genes_of_a_portal(
    stage: Stage, declared: dict[str, Any], table: str, expected: tuple[int, int]
) -> None:
    common = {"layout": "genes_in_rows", "gene": "Hugo_Symbol", "profile": "p"}
    declared = {**common, **declared, "file": f"{ES}/{declared['file']}"}
    staged = stage(normalise=["tcga_patient"], **declared)
    assert size(staged, table) == expected
    assert staged.refusals == ()
    statuses = set(staged.rows["genomic.gene_name"]["gene_status"])
    assert statuses <= {"approved", "entrez", "synonym"}


def test_methylation_of_genes_of_a_portal(stage: Stage) -> None:
    staged = stage(
        kind="methylation",
        file=f"{ES}/data_methylation_hm27.txt",
        layout="probes_in_rows",
        probe="Hugo_Symbol",
        names="gene",
        values="beta",
        profile="hm27",
        normalise=["tcga_patient"],
    )
    assert size(staged, "genomic.methylation") == (8 * 311, 311)


def test_limits_of_drug_responses_of_a_portal(stage: Stage) -> None:
    staged = stage(
        kind="assay_value",
        file=f"{ES}/data_treatment_ic50.txt",
        layout="entities_in_rows",
        entity="ENTITY_STABLE_ID",
        assay="treatment",
        limits=True,
        profile="ic50",
        normalise=["tcga_patient"],
    )
    values = staged.rows["genomic.assay_value"].with_columns(pl.col(pl.Categorical).cast(pl.String))
    one = values.filter(pl.col("entity") == "AEW541", pl.col("sample_id") == "TCGA-A1-A0SB-01")
    assert one.select("value", "value_limit").rows() == [(8.0, ">")]
    assert staged.refusals == ()


def test_cell_types_and_inflammation_of_gliomas(stage: Stage) -> None:
    cells = stage(
        kind="assay_value",
        file=f"{PLGG}/xcell_score_cluster.tsv",
        layout="long",
        entity="cell_type",
        sample="Kids_First_Biospecimen_ID",
        value="fraction",
        assay="cell_fraction",
        profile="xcell",
    )
    assert size(cells, "genomic.assay_value") == (20_904, 536)
    genes = stage(
        kind="expression",
        file=f"{PLGG}/TIS_heatmap_quantile_norm.tsv",
        layout="genes_in_rows",
        gene="",
        gene_rules=[{"strip_suffix": "**"}],
        unit="log2",
        profile="tis",
    )
    assert size(genes, "genomic.expression") == (18 * 536, 536)
    assert genes.refusals == ()
    assert set(genes.rows["genomic.gene_name"]["gene_status"]) == {"approved"}


def test_expression_of_lung_tumours(stage: Stage) -> None:
    staged = stage(
        kind="expression",
        file="cohorts/imagene_lung44/Lung_gene_expression_new_cohort_n44.csv",
        layout="genes_in_columns",
        sample="ID",
        unit="unknown",
        profile="rna",
    )
    assert size(staged, "genomic.expression") == (44 * 5159, 44)
    counts = dict(staged.rows["genomic.gene_name"]["gene_status"].value_counts().iter_rows())
    assert counts == {"approved": 4860, "synonym": 287, "unknown": 12}


@pytest.mark.slow
def test_they_answer_in_one_statement(shared_data: Path, tmp_path: Path) -> None:
    tables = [
        {
            "kind": "segment",
            "file": str(shared_data / MAFTOOLS / "LAML_CBS_segments.tsv.gz"),
            "genome": "GRCh37",
        },
        {
            "kind": "gistic",
            "file": str(shared_data / MAFTOOLS / "all_lesions.conf_99.txt"),
            "profile": "gistic",
            "sample_rules": ["tcga_patient"],
        },
    ]
    cohort = tmp_path / "cohort.yaml"
    cohort.write_text(yaml.safe_dump({**COHORT, "tables": tables}), encoding="utf-8")
    folder = create_warehouse(tmp_path / "study").root
    report = run_ingest(folder, cohort, Serial())
    assert report.rows["genomic.segment"] == 6470
    assert report.rows["genomic.assay_value"] == 6112
    assert run_ingest(folder, cohort, Serial()).batch_id is None
    with open_warehouse(folder) as warehouse:
        query = (
            "SELECT count(DISTINCT sample_id) FROM genomic.assay_value "
            "JOIN genomic.segment USING (cohort_id, sample_id)"
        )
        assert list(warehouse.rows(query)) == [(191,)]
