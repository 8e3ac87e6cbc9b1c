"""A study folder becomes ordinary tables, and every file of it is accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.study_folder.expansion import Expansion, expand, expanded_cohort
from roentgene.ingest.study_folder.study import NoStudyFolderError
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.study_folder import StudyFolder

PATIENTS = "data_clinical_patient.txt"


def expanded(study: Any, day_zero: str = "diagnosis", **keys: Any) -> Expansion:
    declared = StudyFolder(kind="cbioportal", file="small", **keys)
    return expand(declared, study.folder.parent, day_zero)


def table(made: Expansion, kind: str, file: str = "") -> Any:
    (found,) = [one for one in made.tables if one.kind == kind and one.file.endswith(file)]
    return found


def rules(made: Expansion) -> set[str]:
    return {finding.rule for finding in made.findings}


def test_every_data_file_becomes_a_table_of_its_kind(study: Any) -> None:
    made = expanded(study)
    assert {(one.file.removeprefix("small/"), one.kind) for one in made.tables} == {
        ("data_clinical_patient.txt", "clinical"),
        ("data_clinical_patient.txt", "outcome"),
        ("data_clinical_sample.txt", "sample"),
        ("data_clinical_sample.txt", "sample_variable"),
        ("data_cna.txt", "copy_number"),
        ("data_drug_ic50.txt", "assay_value"),
        ("data_gene_panel_matrix.txt", "gene_panel_matrix"),
        ("data_gene_panel_tiny.txt", "gene_panel"),
        ("data_methylation.txt", "methylation"),
        ("data_mrna.txt", "expression"),
        ("data_mrna_zscores.txt", "expression"),
        ("data_mutations.txt", "mutation"),
        ("data_segments.seg", "segment"),
        ("data_timeline_laboratory.txt", "time_line"),
        ("data_timeline_specimen.txt", "time_line"),
        ("data_timeline_treatment.txt", "time_line"),
    }


def test_the_lines_above_the_header_become_the_dictionary(study: Any) -> None:
    clinical = table(expanded(study), "clinical")
    assert clinical.patient.sex == "SEX"
    assert clinical.patient.age_at_day_zero == "AGE"
    assert clinical.dictionary["OS_MONTHS"].type == "number"
    assert clinical.dictionary["OS_MONTHS"].description == "Time since diagnosis"
    assert clinical.dictionary["TREATED"].type == "boolean"
    assert clinical.variables == ("SEX", "AGE", "OS_STATUS", "OS_MONTHS", "TREATED")


def test_a_limit_among_numbers_is_kept_as_text(study: Any) -> None:
    study.replace(PATIENTS, "|70|", "|>89|")
    made = expanded(study)
    assert table(made, "clinical").dictionary["AGE"].type == "text"
    assert "attribute_datatype" not in rules(made)


def test_the_age_is_that_at_day_zero_only_where_day_zero_is_diagnosis(study: Any) -> None:
    clinical = table(expanded(study, "first_surgery"), "clinical")
    assert clinical.patient.age_at_day_zero is None
    assert "AGE" in clinical.variables


def test_a_status_gets_its_code_from_its_prefix_or_its_word(study: Any) -> None:
    study.replace(PATIENTS, "0:LIVING", "LIVING")
    outcome = table(expanded(study), "outcome")
    assert (outcome.endpoint, outcome.time, outcome.time_unit) == ("OS", "OS_MONTHS", "months")
    assert outcome.event_codes == {"1:DECEASED": 1, "LIVING": 0}
    assert outcome.anchor == "diagnosis"


def test_an_endpoint_of_no_known_beginning_says_so(study: Any) -> None:
    study.replace(PATIENTS, "|OS_STATUS|OS_MONTHS|", "|PFS_STATUS|PFS_MONTHS|")
    made = expanded(study)
    assert table(made, "outcome").anchor == "not_stated"
    assert "anchor_not_stated" in rules(made)
    stated = expanded(study, anchors={"PFS": "rt_start"})
    assert table(stated, "outcome").anchor == "rt_start"
    assert "anchor_not_stated" not in rules(stated)


def test_profiles_say_their_unit_and_scale(study: Any) -> None:
    made = expanded(study)
    assert table(made, "expression", "data_mrna.txt").unit == "TPM"
    zscores = table(made, "expression", "zscores.txt")
    assert (zscores.unit, zscores.value_scale) == ("z-score", "zscore")
    study.replace("meta_mrna.txt", "stable_id: mrna_seq_tpm", "stable_id: mrna")
    unstated = expanded(study)
    assert table(unstated, "expression", "data_mrna.txt").unit == "not stated"
    assert "unit_not_stated" in rules(unstated)
    stated = expanded(study, units={"mrna": "log2(ratio)"})
    assert table(stated, "expression", "data_mrna.txt").unit == "log2(ratio)"
    assert "unit_not_stated" not in rules(stated)


def test_what_was_profiled_comes_from_the_case_list_and_the_panels(study: Any) -> None:
    made = expanded(study)
    assert table(made, "mutation").profiled is None
    matrix = table(made, "gene_panel_matrix")
    assert matrix.profiled["mutation"].file == "small/case_lists/cases_sequenced.txt"
    study.without("meta_gene_panel_matrix.txt")
    study.without("data_gene_panel_matrix.txt")
    profiled = table(expanded(study), "mutation").profiled
    assert (profiled.genes, profiled.samples.file) == ("all", matrix.profiled["mutation"].file)
    study.add("meta_mutations.txt", "gene_panel: TINY")
    profiled = table(expanded(study), "mutation").profiled
    assert (profiled.genes, profiled.panel) == ("panel", "TINY")
    # of a panel whose genes nobody lists, nobody is wild type
    study.without("data_gene_panel_tiny.txt")
    profiled = table(expanded(study), "mutation").profiled
    assert (profiled.genes, profiled.panel) == ("panel", "TINY")
    study.replace("meta_mutations.txt", "gene_panel: TINY", "gene_panel: WES")
    made = expanded(study)
    assert table(made, "mutation").profiled.genes == "all"
    assert "gene_panel_missing" not in rules(made)


def test_what_nobody_called_is_no_mutation(study: Any) -> None:
    study.profile("MUTATION_UNCALLED", "MAF", "mutations_uncalled", "data_mutations_uncalled.txt")
    study.write("data_mutations_uncalled.txt", "Hugo_Symbol")
    made = expanded(study)
    assert [one.file for one in made.tables if one.kind == "mutation"] == [
        "small/data_mutations.txt"
    ]
    assert "not_supported_yet" in rules(made)


def test_the_build_is_that_of_the_study_unless_the_cohort_file_says_it(study: Any) -> None:
    assert table(expanded(study), "mutation").genome == "GRCh37"
    study.without_field("meta_study.txt", "reference_genome")
    assert table(expanded(study), "mutation").genome is None
    assert table(expanded(study, genome="GRCh38"), "mutation").genome == "GRCh38"


def test_time_lines_of_another_zero_are_not_taken(study: Any) -> None:
    made = expanded(study, "rt_start")
    assert not [one for one in made.tables if one.kind == "time_line"]
    refused = [finding for finding in made.findings if finding.rule == "other_day_zero"]
    assert len(refused) == 3
    assert refused[0].severity == "error"
    same = expanded(study, "rt_start", time_zero="rt_start")
    assert len([one for one in same.tables if one.kind == "time_line"]) == 3


def test_every_file_is_taken_or_named_with_a_reason(study: Any) -> None:
    study.write("README.md", "words")
    study.write("data_mutsig.txt", "rank|gene", "1|TP53")
    study.described("MUTSIG", "Q-VALUE", "data_mutsig.txt")
    study.write("extra/notes.txt", "words")
    study.without_field("meta_cna.txt", "stable_id")
    made = expanded(study)
    assert {use.file for use in made.files} == set(made.study.files)
    assert len(made.files) == len(made.study.files)
    left = {use.file: use.reason for use in made.files if not use.becomes}
    assert left == {
        "README.md": "it is about the folder and holds no data",
        "data_cna.txt": "meta_cna.txt is refused",
        "data_mutsig.txt": "significant genes of a group of samples",
        "extra/notes.txt": "no meta file describes it",
    }


def test_a_cohort_has_ordinary_tables_in_the_place_of_the_folder(study: Any) -> None:
    cohort = Cohort.model_validate(
        {
            "cohort_id": "C1",
            "title": "a cohort",
            "license": "CC0",
            "day_zero": "diagnosis",
            "tables": [
                {"file": "before.csv", "kind": "clinical", "id": "id"},
                {"file": "small/", "kind": "cbioportal"},
                {"file": "behind.csv", "kind": "clinical", "id": "id"},
            ],
        }
    )
    made, refusals = expanded_cohort(cohort, study.folder.parent)
    files = [one.file for one in made.tables]
    assert (files[0], files[-1], len(files)) == ("before.csv", "behind.csv", 18)
    assert "small/data_mrna.txt" in files
    assert all(one.kind != "cbioportal" for one in made.tables)
    several = next(refusal for refusal in refusals if refusal.reason_code == "several_samples")
    assert several.file_path == "small/data_clinical_sample.txt"
    assert several.stage == "manifest"
    assert several.detail.endswith("have several samples: P-1")


def test_hashed_ids_are_told_by_no_refusal(study: Any) -> None:
    study.replace("case_lists/cases_sequenced.txt", "P-2-01", "P-6-01")
    study.add(PATIENTS, "P-9|Male|50|0:LIVING|3|TRUE")
    cohort = Cohort.model_validate(
        {
            "cohort_id": "C1",
            "title": "a cohort",
            "license": "CC0",
            "day_zero": "diagnosis",
            "tables": [{"file": "small", "kind": "cbioportal", "normalise": ["keyed_hash"]}],
        }
    )
    made, refusals = expanded_cohort(cohort, study.folder.parent)
    assert {"several_samples", "case_list_sample_unknown", "patient_without_sample"} <= {
        refusal.reason_code for refusal in refusals
    }
    told = " ".join(f"{one.detail} {one.subject} {one.content_hash}" for one in refusals)
    assert "P-" not in told
    with_ids = [one for one in made.tables if one.kind not in {"gene_panel", "gene_set"}]
    assert all([rule.rule for rule in one.normalise] == ["keyed_hash"] for one in with_ids)


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_what_is_no_study_folder_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    declared = StudyFolder(kind="cbioportal", file=name)
    with pytest.raises(NoStudyFolderError, match="meta_study") as error:
        expand(declared, tmp_path, "diagnosis")
    assert error.value.exit_code == 2


@pytest.mark.realdata
def test_every_file_of_the_published_folder_is_taken_or_named(shared_data: Path) -> None:
    declared = StudyFolder(kind="cbioportal", file="cbioportal_study_es_0")
    made = expand(declared, shared_data / "genomic", "diagnosis")
    folder = shared_data / "genomic" / "cbioportal_study_es_0"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {use.file for use in made.files} == there
    assert all(bool(use.becomes) != bool(use.reason) for use in made.files)
    left = {use.file for use in made.files if use.file.startswith("data_") and not use.becomes}
    assert left == {
        "data_cancer_type.txt",
        "data_generic_assay_patient_test.txt",
        "data_gistic_genes_amp.txt",
        "data_resource_definition.txt",
        "data_resource_patient.txt",
        "data_resource_sample.txt",
        "data_resource_study.txt",
    }
    not_yet = {one.file for one in made.findings if one.rule == "not_supported_yet"}
    assert not_yet == left
    # the README of the folder: 841 patients, 845 samples, 838 x 1, 2 x 2, 1 x 3
    assert len(made.study.samples) == 845
    assert len(set(made.study.samples.values())) == 841
    (several,) = [one for one in made.findings if one.rule == "several_samples"]
    assert several.message.startswith("3 of 841 patients")
    # 31 samples were sequenced, and 21 of them have a mutation
    (without,) = [one for one in made.findings if one.rule == "case_list_without_data"]
    assert without.message.startswith("10 of its 31 samples")
    assert "TEST_SAMPLE_10" in without.values
    assert not [one for one in made.findings if one.severity == "error"]
