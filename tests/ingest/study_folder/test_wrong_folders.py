"""Folders that are wrong in one way each: the check names file, line, column, value and rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from roentgene.ingest.planning.study_check import check_study
from roentgene.ingest.study_folder.expansion import expand
from roentgene.ingest.study_folder.findings import Message, collapse
from roentgene.schemas.study_folder import StudyFolder

PATIENTS, SAMPLES = "data_clinical_patient.txt", "data_clinical_sample.txt"
MAF, MAF_META = "data_mutations.txt", "meta_mutations.txt"
SEQUENCED = "case_lists/cases_sequenced.txt"


class Told(NamedTuple):
    """What a message must say of the one thing that is wrong."""

    severity: str
    rule: str
    file: str
    line: int | None
    column: str | None
    value: str


def wrong(name: str, change: Callable[[Any], None], *told: Any) -> Any:
    return pytest.param(change, Told(*told), id=name)


WAYS = [
    wrong(
        "meta field missing", lambda s: s.without_field(MAF_META, "stable_id"),
        "error", "meta_field_missing", MAF_META, None, "stable_id", "",
    ),
    wrong(
        "meta field empty", lambda s: s.replace("meta_cna.txt", "gistic", ""),
        "error", "meta_field_missing", "meta_cna.txt", 5, "stable_id", "",
    ),
    wrong(
        "meta field unknown", lambda s: s.add(MAF_META, "gene_pannel: TINY"),
        "warning", "meta_field_unknown", MAF_META, 9, "gene_pannel", "",
    ),
    wrong(
        "meta field twice", lambda s: s.add(MAF_META, "stable_id: mutations_uncalled"),
        "error", "meta_field_wrong", MAF_META, 9, "stable_id", "",
    ),
    wrong(
        "meta field with a wrong word", lambda s: s.replace("meta_mrna.txt", "false", "no"),
        "error", "meta_field_wrong", "meta_mrna.txt", 6, "show_profile_in_analysis_tab", "no",
    ),
    wrong(
        "meta line without a colon", lambda s: s.add(MAF_META, "a line of words"),
        "error", "folder_file_unreadable", MAF_META, 9, None, "",
    ),
    wrong(
        "datatype unknown", lambda s: s.replace("meta_mrna.txt", "CONTINUOUS", "TPM"),
        "error", "meta_type_unknown", "meta_mrna.txt", 3, "datatype", "TPM",
    ),
    wrong(
        "alteration unknown", lambda s: s.replace("meta_mrna.txt", "MRNA_EXP", "RNA_EXP"),
        "error", "meta_type_unknown", "meta_mrna.txt", 2, "genetic_alteration_type",
        "RNA_EXPRESSION",
    ),
    wrong(
        "stable id unknown", lambda s: s.replace("meta_mrna.txt", "mrna_seq_tpm", "my_rna"),
        "warning", "stable_id_unknown", "meta_mrna.txt", 5, "stable_id", "my_rna",
    ),
    wrong(
        "stable id twice",
        lambda s: s.replace("meta_mrna_zscores.txt", "stable_id: mrna_seq_tpm_Zscores",
                            "stable_id: mrna_seq_tpm"),
        "error", "stable_id_twice", "meta_mrna_zscores.txt", 5, "stable_id", "mrna_seq_tpm",
    ),
    wrong(
        "profile made from none", lambda s: s.replace(
            "meta_mrna_zscores.txt", "source_stable_id: mrna_seq_tpm", "source_stable_id: mrna"
        ),
        "warning", "source_profile_unknown", "meta_mrna_zscores.txt", 9, "source_stable_id", "mrna",
    ),
    wrong(
        "another study", lambda s: s.replace("meta_cna.txt", "small", "large"),
        "error", "study_id_differs", "meta_cna.txt", 1, "cancer_study_identifier", "large",
    ),
    wrong(
        "no meta_study", lambda s: s.without("meta_study.txt"),
        "error", "file_missing", "meta_study.txt", None, None, "",
    ),
    wrong(
        "data file missing", lambda s: s.without("data_mrna.txt"),
        "error", "file_missing", "meta_mrna.txt", 4, "data_filename", "data_mrna.txt",
    ),
    wrong(
        "data file outside", lambda s: s.replace("meta_mrna.txt", "data_mrna", "../data_mrna"),
        "error", "path_outside", "meta_mrna.txt", 4, "data_filename", "../data_mrna.txt",
    ),
    wrong(
        "data file without a meta file", lambda s: s.write("data_extra.txt", "a|b", "1|2"),
        "warning", "file_not_described", "data_extra.txt", None, None, "",
    ),
    wrong(
        "data file of a kind not taken", lambda s: (
            s.meta("meta_resource_study.txt", cancer_study_identifier="small",
                   resource_type="STUDY", data_filename="data_resource_study.txt"),
            s.write("data_resource_study.txt", "RESOURCE_ID|URL", "A|about:blank"),
        ),
        "warning", "not_supported_yet", "data_resource_study.txt", None, None, "",
    ),
    wrong(
        "data file empty", lambda s: s.write("data_mrna.txt"),
        "error", "unreadable_table", "data_mrna.txt", None, None, "",
    ),
    wrong(
        "no sample file", lambda s: (s.without("meta_clinical_sample.txt"), s.without(SAMPLES)),
        "error", "no_sample_file", None, None, None, "",
    ),
    wrong(
        "no definitions", lambda s: s.replace(
            SAMPLES, (s.folder / SAMPLES).read_text().split("PATIENT_ID")[0], ""
        ),
        "warning", "clinical_header_missing", SAMPLES, 1, None, "",
    ),
    wrong(
        "three lines of definitions", lambda s: s.replace(SAMPLES, "#1|1|1|1|1\n", ""),
        "warning", "clinical_header_wrong", SAMPLES, 1, None, "",
    ),
    wrong(
        "definitions too short", lambda s: s.replace(SAMPLES, "#1|1|1|1|1\n", "#1|1|1\n"),
        "warning", "clinical_header_wrong", SAMPLES, 4, None, "",
    ),
    wrong(
        "datatype of an attribute", lambda s: s.replace(
            SAMPLES, "#STRING|STRING|STRING|STRING|NUMBER", "#STRING|STRING|STRING|STRING|FLOAT"
        ),
        "warning", "clinical_header_wrong", SAMPLES, 3, "PURITY", "FLOAT",
    ),
    wrong(
        "attribute in small letters", lambda s: s.replace(SAMPLES, "|SUBTYPE|", "|Subtype|"),
        "warning", "attribute_name", SAMPLES, 5, "Subtype", "",
    ),
    wrong(
        "attribute of a portal", lambda s: s.replace(SAMPLES, "|PURITY", "|MUTATION_COUNT"),
        "warning", "attribute_name", SAMPLES, 5, "MUTATION_COUNT", "",
    ),
    wrong(
        "attribute of the wrong file", lambda s: s.replace(SAMPLES, "|SUBTYPE|", "|OS_STATUS|"),
        "warning", "attribute_level", SAMPLES, 5, "OS_STATUS", "",
    ),
    wrong(
        "word among numbers", lambda s: s.replace(SAMPLES, "B|0.9", "B|high"),
        "warning", "attribute_datatype", SAMPLES, 8, "PURITY", "high",
    ),
    wrong(
        "sample under two patients", lambda s: s.add(SAMPLES, "P-2|P-1-01|Primary|A|0.7"),
        "error", "conflicting_rows", SAMPLES, 6, None, "P-1-01",
    ),
    wrong(
        "sample twice", lambda s: s.add(SAMPLES, "P-1|P-1-01|Primary|A|0.7"),
        "error", "duplicate_row", SAMPLES, 11, None, "P-1-01",
    ),
    wrong(
        "sample without an id", lambda s: s.replace(SAMPLES, "P-4|P-4-01", "P-4|"),
        "error", "missing_id", SAMPLES, 10, "SAMPLE_ID", "",
    ),
    wrong(
        "row too short", lambda s: s.replace(SAMPLES, "P-2|P-2-01|Primary|B|0.9", "P-2|P-2-01"),
        "error", "ragged_row", SAMPLES, 8, None, "",
    ),
    wrong(
        "blank in an id", lambda s: s.add(SAMPLES, "P-4|P-4 02|Primary|A|0.7"),
        "warning", "id_characters", SAMPLES, 11, "SAMPLE_ID", "P-4 02",
    ),
    wrong(
        "no column of ids", lambda s: s.replace(SAMPLES, "|SAMPLE_ID|", "|SAMPLE|"),
        "error", "missing_column", SAMPLES, None, "SAMPLE_ID", "",
    ),
    wrong(
        "patient without sample", lambda s: s.add(PATIENTS, "P-9|Male|50|0:LIVING|3|TRUE"),
        "warning", "patient_without_sample", PATIENTS, None, "PATIENT_ID", "P-9",
    ),
    wrong(
        "sample without patient", lambda s: s.add(SAMPLES, "P-9|P-9-01|Primary|A|0.7"),
        "warning", "sample_without_patient", SAMPLES, None, "PATIENT_ID", "P-9",
    ),
    wrong(
        "status without a code", lambda s: s.replace(PATIENTS, "0:LIVING", "perhaps"),
        "warning", "status_without_code", PATIENTS, None, "OS_STATUS", "perhaps",
    ),
    wrong(
        "status without months", lambda s: s.replace(PATIENTS, "|OS_MONTHS|", "|OS_TIME|"),
        "warning", "endpoint_incomplete", PATIENTS, None, "OS_STATUS", "",
    ),
    wrong(
        "time before the beginning", lambda s: s.replace(PATIENTS, "0:LIVING|24.5", "0:LIVING|-1"),
        "error", "out_of_range", PATIENTS, 7, "OS_MONTHS", "-1",
    ),
    wrong(
        "mutation of nobody", lambda s: s.replace(MAF, "P-2-01", "P-7-01"),
        "error", "unknown_sample", MAF, 5, "Tumor_Sample_Barcode", "",
    ),
    wrong(
        "mutation of an unprofiled sample", lambda s: s.replace(MAF, "P-2-01", "P-4-01"),
        "warning", "sample_not_in_case_list", MAF, 5, None, "P-4-01",
    ),
    wrong(
        "mutation of another genome", lambda s: s.replace(MAF, "GRCh37|2|", "GRCh38|2|"),
        "error", "not_in_set", MAF, 3, "NCBI_Build", "GRCh38",
    ),
    wrong(
        "position that is none", lambda s: s.replace(MAF, "7577121|7577121", "7577121|here"),
        "error", "not_a_number", MAF, 5, "End_Position", "here",
    ),
    wrong(
        "call that is none", lambda s: s.replace("data_cna.txt", "EGFR|1956|2", "EGFR|1956|7"),
        "error", "not_in_set", "data_cna.txt", 2, "P-1-01", "7",
    ),
    wrong(
        "expression of nobody", lambda s: s.replace("data_mrna.txt", "P-3-01", "P-8-01"),
        "error", "unknown_sample", "data_mrna.txt", None, "P-8-01", "",
    ),
    wrong(
        "expression that is no number", lambda s: s.replace("data_mrna.txt", "20.5", "high"),
        "error", "not_a_number", "data_mrna.txt", 2, "P-1-01", "high",
    ),
    wrong(
        "no case list", lambda s: s.without(SEQUENCED),
        "warning", "case_list_missing", MAF, None, None, "",
    ),
    wrong(
        "case list of nobody", lambda s: s.replace(SEQUENCED, "P-2-01", "P-6-01"),
        "error", "case_list_sample_unknown", SEQUENCED, 5, "case_list_ids", "P-6-01",
    ),
    wrong(
        "case list with repeats", lambda s: s.replace(SEQUENCED, "P-2-01", "P-2-01|P-2-01"),
        "warning", "case_list_repeats", SEQUENCED, 5, "case_list_ids", "P-2-01",
    ),
    wrong(
        "case list of another name", lambda s: s.replace(SEQUENCED, "small_seq", "other_seq"),
        "error", "meta_field_wrong", SEQUENCED, 2, "stable_id", "other_sequenced",
    ),
    wrong(
        "gene panel without genes", lambda s: s.without("data_gene_panel_tiny.txt"),
        "warning", "gene_panel_missing", "data_gene_panel_matrix.txt", 3, "mutations", "TINY",
    ),
    wrong(
        "gene panel without a list",
        lambda s: s.without_field("data_gene_panel_tiny.txt", "gene_list"),
        "error", "meta_field_missing", "data_gene_panel_tiny.txt", None, "gene_list", "",
    ),
    wrong(
        "gene panel of no profile",
        lambda s: s.replace("data_gene_panel_matrix.txt", "|mutations", "|variants"),
        "warning", "profile_unknown", "data_gene_panel_matrix.txt", 1, "variants", "variants",
    ),
    wrong(
        "day that is a date",
        lambda s: s.replace("data_timeline_treatment.txt", "P-2|-3|", "P-2|2019-03-01|"),
        "error", "looks_like_date", "data_timeline_treatment.txt", 4, "START_DATE", "",
    ),
    wrong(
        "specimen of another patient",
        lambda s: s.replace("data_timeline_specimen.txt", "P-1|400", "P-2|400"),
        "error", "unknown_sample", "data_timeline_specimen.txt", 3, "SAMPLE_ID", "P-1-02",
    ),
]  # fmt: skip


def test_there_are_more_ways_than_promised() -> None:
    assert len(WAYS) >= 25
    rules = {way.values[1].rule for way in WAYS}
    assert len(rules) >= 25


def test_a_folder_that_is_right_has_no_error_and_is_taken_whole(study: Any) -> None:
    report = check_study(study.folder)
    assert report.n_errors == 0, report.messages
    assert {one.rule for one in report.messages} == {
        "several_samples",
        "case_list_without_data",
        "outcome_not_available",
    }
    assert all(use.becomes for use in report.files)


#: What the rows of a table break; the folder itself breaks the other rules.
OF_ROWS = {
    "conflicting_rows",
    "duplicate_row",
    "looks_like_date",
    "missing_column",
    "missing_id",
    "not_a_number",
    "not_in_set",
    "out_of_range",
    "ragged_row",
    "unknown_sample",
    "unreadable_table",
}


@pytest.mark.parametrize(("change", "told"), WAYS)
def test_a_folder_that_is_wrong_in_one_way(
    study: Any, change: Callable[[Any], None], told: Told
) -> None:
    change(study)
    message = _told(_messages(study, whole=told.rule in OF_ROWS), told)
    assert message.severity == told.severity
    assert told.line is None or told.line in message.lines, message
    assert not told.value or any(told.value in value for value in message.values), message
    assert message.cure


def _messages(study: Any, *, whole: bool) -> tuple[Message, ...]:
    """Check the folder: all of it, or without the rows of its data, which takes a tenth as long."""
    if whole:
        return check_study(study.folder).messages
    declared = StudyFolder(kind="cbioportal", file="small")
    return collapse(expand(declared, study.folder.parent, "diagnosis").findings)


def _told(messages: tuple[Message, ...], told: Told) -> Message:
    found = [
        m for m in messages if (m.rule, m.file, m.column) == (told.rule, told.file, told.column)
    ]
    assert len(found) == 1, [(m.rule, m.file, m.column, m.lines, m.values) for m in messages]
    return found[0]


def test_repeats_are_told_once_and_counted(study: Any) -> None:
    study.replace(SAMPLES, "|0.7", "|seven")
    study.replace(SAMPLES, "|0.5", "|five")
    (message,) = [one for one in _messages(study, whole=False) if one.rule == "attribute_datatype"]
    assert (message.count, message.lines) == (2, (6, 7))
    assert message.values == ("seven", "five")


def test_a_value_that_looks_like_a_person_is_not_told(study: Any) -> None:
    study.replace(SAMPLES, "|0.7", "|Tel. 030 1234567")
    study.replace("meta_mrna.txt", "mrna_seq_tpm", "Dr. Anna Meyer tpm")
    told = str(check_study(study.folder).messages)
    assert "1234567" not in told
    assert "Meyer" not in told
