"""Two sources that say different things of one fact, each case with the row that it gives."""

from __future__ import annotations

from typing import Any

import pytest

from roentgene.schemas.markers import fold_name, fold_word, marker_names, result_words

SHORT = ("patient_id", "kind", "fact", "contradiction", "name_a", "result_a", "name_b", "result_b")


@pytest.fixture
def cohort(warehouse: Any) -> Any:
    """One patient of a cohort whose day zero is the diagnosis, and the packaged words."""
    warehouse.add("study.cohort", {"cohort_id": "C", "day_zero": "diagnosis"})
    warehouse.patients("p1")
    warehouse.add("vocab.marker", *(vars(name) for name in marker_names()))
    warehouse.add("vocab.marker_result", *(vars(word) for word in result_words()))
    return warehouse


def variable(warehouse: Any, name: str, word: str, **given: Any) -> None:
    row = {"cohort_id": "C", "patient_id": "p1", "variable": name, "as_given": word}
    row |= {"value_text": word, "value_status": "ok"} | given
    warehouse.add("clinical.variable", row)


def biomarker(warehouse: Any, marker: str, result: str, **given: Any) -> None:
    row = {"cohort_id": "C", "patient_id": "p1", "marker": marker, "result": result}
    warehouse.add("genomic.biomarker", row | {"as_given": result} | given)


def profiled(
    warehouse: Any, *genes: str, mutated: tuple[str, ...] = (), change: str | None
) -> None:
    """Profile a sample for a panel, with a variant in each of some genes."""
    sample = {"cohort_id": "C", "sample_id": "s1"}
    warehouse.add("genomic.sample", sample | {"patient_id": "p1"})
    assay = {"assay": "mutation", "panel": "P", "all_genes": False}
    warehouse.add("genomic.assay", sample | assay)
    warehouse.add("genomic.panel_gene", *({"panel": "P", "hugo_symbol": gene} for gene in genes))
    for gene in mutated:
        variant = {"hugo_symbol": gene, "variant_classification": "Missense_Mutation"}
        warehouse.add("genomic.mutation", sample | variant | {"hgvsp_short": change})


def found(warehouse: Any) -> list[tuple[Any, ...]]:
    rows = warehouse.rows("SELECT * FROM mart.source_contradiction ORDER BY kind, fact, name_a")
    return [tuple(row[name] for name in SHORT) for row in rows]


def test_the_folded_forms_of_sql_are_those_of_python(cohort: Any) -> None:
    sql = (
        "SELECT regexp_replace(lower($1), '[^a-z0-9]', '', 'g'), regexp_replace(regexp_replace("
        "lower($1), '[^a-z0-9+-]', '', 'g'), '-+([a-z0-9+])', '\\1', 'g')"
    )
    for word in ("Wild-Type", "HER2 -", "HER2+", "non-co-deleted", "NOS/NEC", "1p/19q", "--x-"):
        assert cohort.con.execute(sql, [word]).fetchone() == (fold_name(word), fold_word(word))


@pytest.mark.parametrize(
    ("name", "word", "mutated", "change", "expected"),
    [
        ("IDH1", "Wildtype", ("IDH1",), "p.R132H", ("IDH1", "opposite", "WT", "IDH1", "MUT")),
        ("IDH_status", "mutant", (), None, ("IDH", "opposite", "MUT", "IDH1, IDH2", "WT")),
        ("IDH status", "WT", ("IDH2",), "p.R172K", ("IDH", "opposite", "WT", "IDH1, IDH2", "MUT")),
        ("IDH1", "mutated", ("IDH1",), None, None),
        # the other gene is
        ("IDH1", "wild type", ("IDH2",), "p.R172K", None),
        # another change of the same gene
        ("IDH1 R132H", "negative", ("IDH1",), "p.R132C", None),
        ("IDH1 R132H", "positive", ("IDH1",), "p.R132C", (
            "IDH1 R132H", "opposite", "MUT", "IDH1", "WT")),
        # which change it is, is not known
        ("IDH1 R132H", "positive", ("IDH1",), None, None),
        ("IDH1", "NOS/NEC", (), None, ("IDH1", "undecided", "undecided", "IDH1", "WT")),
        ("IDH1", "something else", ("IDH1",), None, None),
    ],
)  # fmt: skip
def test_a_clinical_marker_against_the_mutations(
    cohort: Any,
    name: str,
    word: str,
    mutated: tuple[str, ...],
    change: str | None,
    expected: tuple[str, ...] | None,
) -> None:
    profiled(cohort, "IDH1", "IDH2", mutated=mutated, change=change)
    variable(cohort, name, word)
    if expected is None:
        assert found(cohort) == []
    else:
        fact, contradiction, result, genes, of_genes = expected
        row = ("p1", "marker", fact, contradiction, name, result, genes, of_genes)
        assert found(cohort) == [row]


@pytest.mark.parametrize("panel", [("TP53",), ("IDH1",)])
def test_a_gene_that_was_not_profiled_contradicts_nothing(cohort: Any, panel: tuple[str]) -> None:
    # of a marker of two genes, one that was not looked at may be mutated
    profiled(cohort, *panel, change=None)
    variable(cohort, "IDH", "mutated")
    assert found(cohort) == []


def test_a_mutation_in_a_gene_that_no_panel_holds(cohort: Any) -> None:
    profiled(cohort, "TP53", mutated=("KRAS",), change="p.G12D")
    row = ("p1", "profiled", "KRAS", "opposite", "KRAS", "MUT", "KRAS", "NP")
    assert found(cohort) == [row]


def test_clinical_words_against_biomarkers_and_visits(cohort: Any) -> None:
    variable(cohort, "MGMT", "Unmethylated", timepoint_id="t0")
    variable(cohort, "MGMT", "Methylated", timepoint_id="t1")
    biomarker(cohort, "MGMT", "methylated", method="MGMT-STP27")
    name = "MGMT by MGMT-STP27"
    assert sorted(found(cohort)) == [
        ("p1", "marker", "MGMT", "opposite", "MGMT", "unmethylated", "MGMT", "methylated"),
        ("p1", "marker", "MGMT", "opposite", "MGMT", "unmethylated", name, "methylated"),
    ]


def test_variables_of_samples_speak_of_their_patient(cohort: Any) -> None:
    for sample, word in (("s1", "mutant"), ("s2", "wild-type")):
        row = {"cohort_id": "C", "sample_id": sample}
        cohort.add("genomic.sample", row | {"patient_id": "p1"})
        said = {"variable": "IDH_STATUS", "as_given": word, "value_text": word}
        cohort.add("clinical.sample_variable", row | said | {"value_status": "ok"})
    names = ("IDH_STATUS of s1", "MUT", "IDH_STATUS of s2", "WT")
    assert found(cohort) == [("p1", "marker", "IDH", "opposite", *names)]


def test_a_word_declared_as_missing_is_told_where_it_says_undecided(cohort: Any) -> None:
    missing = {"value_text": None, "value_status": "not_available"}
    variable(cohort, "MGMT", "Methylated", timepoint_id="t0")
    variable(cohort, "MGMT", "Indeterminate", timepoint_id="t1", **missing)
    variable(cohort, "MGMT", "Not Available", timepoint_id="t2", **missing)
    row = ("p1", "marker", "MGMT", "undecided", "MGMT", "methylated", "MGMT", "undecided")
    assert found(cohort) == [row]


def test_wild_type_of_one_gene_and_mutated_of_either_may_both_hold(cohort: Any) -> None:
    variable(cohort, "IDH1", "wildtype")
    biomarker(cohort, "IDH", "mutant", method="sequencing")
    assert found(cohort) == []
    biomarker(cohort, "IDH1 R132H", "positive", method="IHC")
    names = [(row[4], row[6]) for row in found(cohort)]
    assert names == [("IDH1", "IDH1 R132H by IHC")]


def test_tert_speaks_of_no_gene(cohort: Any) -> None:
    profiled(cohort, "TERT", "IDH1", change=None)
    variable(cohort, "TERT promoter", "mutated")
    variable(cohort, "IDH1", "wildtype")
    assert found(cohort) == []


def test_sex_and_age_of_a_patient_and_of_variables(cohort: Any) -> None:
    cohort.con.execute("UPDATE study.patient SET sex = 'female', age_at_day_zero = 50.2")
    variable(cohort, "Gender", "M")
    variable(cohort, "age_at_diagnosis", "52", value_number=52.0, value_text=None)
    variable(cohort, "Age at Dx", "51", value_number=51.0, value_text=None)
    # at a later scan one is older
    variable(cohort, "age at scan", "60", value_number=60.0, timepoint_id="t9")
    assert found(cohort) == [
        ("p1", "age", "age at diagnosis", "differs", "age_at_diagnosis", "52.0",
         "age_at_day_zero", "50.2"),
        ("p1", "sex", "sex", "opposite", "Gender", "male", "sex", "female"),
    ]  # fmt: skip


def test_outcome_rows_that_a_rule_passed_over_and_events_under_two_anchors(cohort: Any) -> None:
    outcome = {"cohort_id": "C", "patient_id": "p1", "endpoint": "OS", "time_days": 808.0}
    chosen = {"choice": "first", "passed_over": "286|Deceased", "as_given": "808|Deceased"}
    cohort.add("clinical.outcome", outcome | chosen | {"start_anchor": "surgery", "event": 1})
    cohort.add("clinical.outcome", outcome | {"start_anchor": "diagnosis", "event": 0})
    rows = cohort.rows("SELECT * FROM mart.source_contradiction ORDER BY contradiction")
    assert [(row["given_a"], row["source_b"], row["given_b"]) for row in rows] == [
        ("808|Deceased", "passed over by rule first", "286|Deceased"),
        (None, "clinical.outcome", "808|Deceased"),
    ]
    assert [(row["name_a"], row["name_b"]) for row in rows][1] == (
        "OS from diagnosis", "OS from surgery",
    )  # fmt: skip


def test_rows_that_were_refused_because_they_disagree(cohort: Any) -> None:
    refused = {"cohort_id": "C", "stage": "staged", "reason_code": "conflicting_rows"}
    refused |= {"file_path": "os.csv", "column_name": None}
    for number, (subject, state) in enumerate(
        [("p1", "open"), ("p1", "resolved"), ("study.patient C, p1", "waived"), ("s9", "open")]
    ):
        row = {"refusal_id": str(number), "subject": subject, "state": state}
        cohort.add("ops.quarantine", refused | row | {"detail": f"detail {number}"})
    rows = cohort.rows("SELECT * FROM mart.source_contradiction ORDER BY given_a")
    assert [(row["kind"], row["fact"], row["given_a"]) for row in rows] == [
        ("refused", "os.csv", "detail 0"),
        ("refused", "os.csv", "detail 2"),
    ]
