"""What a plan says of tables: what is due, and whose ids meet nobody, on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.ingest.planning.plan import Plan, make_plan
from roentgene.schemas.errors import FileError
from roentgene.warehouse.opening import open_warehouse


def planned(delivery: Any) -> Plan:
    text = yaml.safe_dump(delivery.cohort, sort_keys=False)
    delivery.cohort_file.write_text(text, encoding="utf-8")
    with open_warehouse(delivery.warehouse) as warehouse:
        return make_plan(warehouse, delivery.cohort_file)


def clinical(delivery: Any, *lines: str) -> None:
    delivery.write_table("clinical.csv", "id,age", *lines)
    delivery.cohort["tables"] = [{"file": "clinical.csv", "kind": "clinical", "id": "id"}]


def states(plan: Plan) -> dict[str, str]:
    return {table.name: table.state for table in plan.tables}


def test_a_plan_writes_nothing(delivery: Any) -> None:
    clinical(delivery, "P1,50")
    before = sorted(p for p in delivery.warehouse.rglob("*") if p.is_file())
    content = [p.read_bytes() for p in before]
    plan = planned(delivery)
    assert (plan.imaging.n_new, len(plan.imaging.cases)) == (2, 2)
    after = sorted(p for p in delivery.warehouse.rglob("*") if p.is_file())
    assert (before, content) == (after, [p.read_bytes() for p in after])


def test_unmatched_ids_are_told_on_both_sides_with_the_nearest(delivery: Any) -> None:
    clinical(delivery, "P1,50", "P22,60")
    (table,) = planned(delivery).tables
    assert (table.only_in_table, table.only_in_cohort) == (("P22",), ("P2",))
    assert table.nearest == {"P22": "P2", "P2": "P22"}


def test_ids_stay_unmatched_after_their_patients_were_registered(delivery: Any) -> None:
    clinical(delivery, "P1,50", "P9,60")
    delivery.ingest()
    (table,) = planned(delivery).tables
    assert (table.state, table.only_in_table, table.only_in_cohort) == (
        "unchanged",
        ("P9",),
        ("P2",),
    )


@pytest.mark.slow
def test_a_table_is_due_when_its_file_its_declaration_or_its_patients_change(
    delivery: Any,
) -> None:
    clinical(delivery, "P1,50", "P9,60")
    assert states(planned(delivery)) == {"clinical.csv": "new"}
    delivery.ingest()
    assert states(planned(delivery)) == {"clinical.csv": "unchanged"}
    clinical(delivery, "P1,51", "P9,60")
    assert states(planned(delivery)) == {"clinical.csv": "changed"}
    clinical(delivery, "P1,50", "P9,60")
    delivery.cohort["tables"][0]["units"] = {"age": "years"}
    assert states(planned(delivery)) == {"clinical.csv": "changed"}
    del delivery.cohort["tables"][0]["units"]
    delivery.write_image("P9", seed=9)
    delivery.write_mask("P9")
    plan = planned(delivery)
    assert states(plan) == {"clinical.csv": "changed"}
    assert plan.tables[0].only_in_table == ()


def test_one_file_may_be_read_as_several_tables(delivery: Any) -> None:
    delivery.write_table("outcome.csv", "id,os,os_event,pfs,pfs_event", "P1,10,1,5,1")
    delivery.cohort["tables"] = [
        {
            "file": "outcome.csv",
            "kind": "outcome",
            "id": "id",
            "endpoint": endpoint,
            "time": endpoint.lower(),
            "event": f"{endpoint.lower()}_event",
            "anchor": "baseline_scan",
        }
        for endpoint in ("OS", "PFS")
    ]
    delivery.ingest()
    endpoints = "SELECT endpoint, time_days, event FROM clinical.outcome ORDER BY endpoint"
    assert delivery.rows(endpoints) == [("OS", 10, 1), ("PFS", 5, 1)]
    labels = "SELECT kind FROM ops.source_file ORDER BY kind"
    assert delivery.rows(labels) == [("outcome:OS",), ("outcome:PFS",)]
    assert delivery.ingest().batch_id is None


@pytest.mark.slow
def test_a_panel_that_another_cohort_uses_keeps_its_genes(delivery: Any, tmp_path: Path) -> None:
    maf = (
        "Hugo_Symbol\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\t"
        "Reference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNCBI_Build",
        "IDH1\t2\t209113112\t209113112\tMissense_Mutation\tC\tT\tP1\tGRCh37",
    )
    delivery.write_table("calls.maf", *maf)

    def mutations(*genes: str) -> list[dict[str, Any]]:
        profiled = {"panel": "A", "genes": list(genes)}
        return [{"file": "calls.maf", "kind": "mutation", "profiled": profiled}]

    del delivery.cohort["images"]
    delivery.cohort["tables"] = mutations("IDH1", "TP53")
    delivery.ingest()
    # its own cohort may correct the panel
    delivery.cohort["tables"] = mutations("IDH1", "ATRX")
    delivery.ingest()
    genes = "SELECT hugo_symbol FROM genomic.panel_gene ORDER BY hugo_symbol"
    assert delivery.rows(genes) == [("ATRX",), ("IDH1",)]
    delivery.cohort["cohort_id"] = "D"
    assert delivery.ingest().batch_id is not None
    delivery.cohort["tables"] = mutations("IDH1")
    with pytest.raises(FileError, match=r"panel 'A' of calls\.maf has other genes elsewhere"):
        delivery.ingest()


def test_a_profile_that_does_not_exist_is_refused_with_those_that_do(delivery: Any) -> None:
    delivery.cohort["profiles"] = ["standrad"]
    with pytest.raises(FileError, match=r"'standrad' is not in study\.yaml") as caught:
        planned(delivery)
    assert caught.value.cure == "Known profiles are dosiomics, dvh, original, quick, standard"


def ready_made(delivery: Any, *lines: str, **changes: Any) -> None:
    delivery.write_table("features.csv", "id,reader,diameter", *lines)
    declared = {
        "file": "features.csv",
        "kind": "features",
        "id": "id",
        "timepoint": "baseline",
        "sequence": "CT",
        "region": "nodule",
        "rater_id": "{reader}",
        "engine": "callipers",
        "engine_version": "1",
        "profile": "readings",
        "features": ["diameter"],
    }
    delivery.cohort["tables"] = [declared | changes]


def test_ready_made_features_stand_beside_images_and_are_not_gone(delivery: Any) -> None:
    ready_made(delivery, "P1,A,10", "P1,B,12")
    assert delivery.ingest().rows["imaging.measurement"] == 4
    plan = planned(delivery)
    assert (plan.imaging.gone, plan.imaging.n_unchanged, plan.tables[0].state) == (
        (),
        2,
        "unchanged",
    )
    ready_made(delivery, "P1,A,10", "P1,B,13")
    assert delivery.ingest().rows["imaging.measurement"] == 1
    values = "SELECT rater_id, value FROM imaging.radiomic_feature WHERE feature = 'diameter'"
    assert sorted(delivery.rows(values)) == [("A", 10), ("B", 13)]


@pytest.mark.slow
def test_ready_made_features_of_a_version_that_is_declared_again_are_current(
    delivery: Any,
) -> None:
    delivery.cohort["images"] = []
    for version in ("1", "2", "1"):
        ready_made(delivery, "P1,A,10", engine_version=version)
        delivery.ingest()
    current = """
        SELECT engine_version FROM imaging.measurement
        JOIN imaging.extraction USING (extraction_id) WHERE current
    """
    assert delivery.rows(current) == [("1",)]
