from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from roentgene.ingest.tables import StagedTables
from roentgene.ingest.tables.mgmt import PROBES, mgmt_stp27

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

BETA: dict[str, Any] = {
    "kind": "methylation",
    "layout": "probes_in_rows",
    "probe": "probe",
    "values": "beta",
    "profile": "hm450",
}
RULE = BETA | {"mgmt": "mgmt_stp27"}
# Bady et al. 2012, tables S3 and S4: M of cg12434587 and cg12981137, probability, class
PUBLISHED = {
    "TCGA-19-0964": (1.623601, 1.3127016, 0.9983304, "methylated"),
    "TCGA-06-2565": (1.120990, 1.1559882, 0.9974861, "methylated"),
    "TCGA-06-0877": (-4.514769, 0.3817951, 0.9085053, "methylated"),
    "TCGA-02-0007": (-3.414182, -3.7471048, 0.2789628, "unmethylated"),
    "TCGA-02-0009": (-2.928746, -2.8317146, 0.5385067, "methylated"),
    "TCGA-02-0021": (-2.962724, -1.7660180, 0.7546829, "methylated"),
    "1316": (-5.6446923, -2.0823342, 0.35824762, "methylated"),
    "1076": (-4.7258459, -3.4374869, 0.20519355, "unmethylated"),
}


def long(m_values: dict[str, tuple[float, float]]) -> pl.DataFrame:
    rows = [
        (sample, probe, value)
        for sample, both in m_values.items()
        for probe, value in zip(PROBES, both, strict=True)
    ]
    return pl.DataFrame(rows, schema=["sample_id", "entity", "value"], orient="row")


def beta(m_value: float) -> float:
    return 2**m_value / (1 + 2**m_value)


@pytest.mark.parametrize("unit", ["m_value", "beta"])
def test_the_published_patients_are_classified_as_published(unit: Any) -> None:
    convert = beta if unit == "beta" else float
    values = {name: (convert(a), convert(b)) for name, (a, b, _, _) in PUBLISHED.items()}
    found = {row["sample_id"]: row for row in mgmt_stp27(long(values), unit).to_dicts()}
    assert {name: row["result"] for name, row in found.items()} == {
        name: result for name, (_, _, _, result) in PUBLISHED.items()
    }
    for name, (_, _, p, _) in PUBLISHED.items():
        assert math.isclose(float(found[name]["as_given"].removeprefix("p = ")), p, abs_tol=6e-4)


def test_betas_at_the_ends_and_missing_ones() -> None:
    values = long({"low": (0.0, 0.0), "high": (1.0, 1.0), "both": (0.0, 1.0), "half": (0.9, 0.9)})
    values = values.filter(~((pl.col("sample_id") == "half") & (pl.col("entity") == PROBES[0])))
    found = dict(mgmt_stp27(values, "beta").select("sample_id", "result").rows())
    assert found == {"low": "unmethylated", "high": "methylated"}


def test_a_status_is_a_biomarker_with_its_method(stage: Stage, told: Told) -> None:
    content = "probe,S1,S2,S3\ncg12434587,0.9,0.02,0.5\ncg12981137,0.8,0.03,\ncg1,0.1,0.2,0.3\n"
    staged = stage(content, RULE)
    columns = ("patient_id", "marker", "method", "result", "as_given")
    assert staged.rows["genomic.biomarker"].select(columns).rows() == [
        ("S1", "MGMT", "mgmt_stp27", "methylated", "p = 0.9996"),
        ("S2", "MGMT", "mgmt_stp27", "unmethylated", "p = 0.0361"),
    ]
    assert staged.rows["genomic.methylation"].height == 9
    assert set(staged.rows["genomic.methylation"]["unit"]) == {"beta"}
    assert told(staged) == []


def test_samples_of_a_patient_that_disagree_give_none(stage: Stage) -> None:
    content = "probe,P1-a,P1-b,P2-a\ncg12434587,0.9,0.02,0.9\ncg12981137,0.8,0.03,0.8\n"
    rules = [{"regex": "^(?P<id>P.)-.$"}]
    staged = stage(content, RULE | {"normalise": rules})
    assert staged.rows["genomic.biomarker"]["patient_id"].to_list() == ["P2"]
    (refusal,) = staged.refusals
    assert (refusal.reason_code, refusal.subject) == ("conflicting_rows", "P1")


def test_the_rule_needs_its_probes(stage: Stage) -> None:
    staged = stage("probe,S1\ncg12434587,0.9\n", RULE)
    assert staged.rows["genomic.biomarker"].height == 0
    assert "cg12981137" in staged.refusals[0].detail


def test_a_beta_lies_between_0_and_1(stage: Stage, told: Told) -> None:
    staged = stage("probe,S1,S2\ncg1,1.2,0\ncg2,-0.1,1\n", BETA)
    assert told(staged) == [("out_of_range", 2, "S1"), ("out_of_range", 3, "S1")]
    assert staged.rows["genomic.methylation"]["sample_id"].to_list() == ["S2", "S2"]
    m_values = stage("probe,S1\ncg1,1.2\ncg2,-4\n", BETA | {"values": "m_value"})
    assert m_values.rows["genomic.methylation"]["value"].to_list() == [1.2, -4.0]


def test_genes_are_named_and_probes_are_not(stage: Stage) -> None:
    content = "probe,S1\nSEPT9,0.5\n"
    genes = stage(content, BETA | {"names": "gene"})
    assert genes.rows["genomic.methylation"]["probe_id"].to_list() == ["SEPTIN9"]
    probes = stage(content, BETA)
    assert probes.rows["genomic.methylation"]["probe_id"].to_list() == ["SEPT9"]
    assert "genomic.gene_name" not in probes.rows


def test_no_status_of_a_table_of_genes(stage: Stage) -> None:
    with pytest.raises(ValueError, match="needs two probes"):
        stage("probe,S1\nMGMT,0.5\n", RULE | {"names": "gene"})
