from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

GISTIC: dict[str, Any] = {"kind": "gistic", "profile": "gistic"}
HEAD = (
    "Unique Name\tDescriptor\tWide Peak Limits\tPeak Limits\tRegion Limits\tq values\t"
    "Residual q values after removing segments shared with higher peaks\tBroad or Focal\t"
    "Amplitude Threshold\tS1\tS2\t\n"
)
PEAKS = HEAD + (
    "Deletion Peak  1\t3p13   \tchr3:1-2(probes 1:2)\tx\tx\t0.1\t0.1\tfocal\t0: t>-0.1\t0\t2\t\n"
    "Deletion Peak  1 - CN values\t3p13   \tchr3\tx\tx\t0.1\t0.1\tfocal\tActual\t0.01\t-1.4\t\n"
)


def values(staged: StagedTables) -> dict[tuple[str, str, str], float]:
    columns = ("sample_id", "entity", "molecular_profile_id", "value")
    return {row[:3]: row[3] for row in staged.rows["genomic.assay_value"].select(columns).rows()}


def test_calls_and_changes_of_a_peak_are_two_profiles(stage: Stage) -> None:
    staged = stage(PEAKS, GISTIC, name="all_lesions.conf_99.txt")
    assert staged.refusals == ()
    peak = "Deletion Peak 1 (3p13)"
    assert values(staged) == {
        ("S1", peak, "gistic"): 0.0,
        ("S2", peak, "gistic"): 2.0,
        ("S1", peak, "gistic_change"): 0.01,
        ("S2", peak, "gistic_change"): -1.4,
    }
    units = staged.rows["genomic.assay_value"].select("molecular_profile_id", "unit").unique()
    assert sorted(units.rows()) == [("gistic", "call"), ("gistic_change", "copy change")]


def test_peaks_are_named_by_the_file_as_it_is_declared_to_be_written(stage: Stage) -> None:
    content = PEAKS.replace("chr3:1-2(probes 1:2)", "chr3, Größe").encode("latin-1")
    staged = stage(content, {**GISTIC, "encoding": "latin-1"}, name="all_lesions.txt")
    assert staged.refusals == ()
    assert {entity for _, entity, _ in values(staged)} == {"Deletion Peak 1 (3p13)"}


def test_a_call_that_is_none_is_refused(stage: Stage, told: Told) -> None:
    staged = stage(PEAKS.replace("\t0\t2\t", "\t5\t2\t"), GISTIC, name="all_lesions.txt")
    assert told(staged) == [("not_in_set", 2, None)]
    assert len(values(staged)) == 3


@pytest.mark.parametrize(
    ("name", "head", "unit"),
    [
        ("all_thresholded.by_genes.txt", "Gene Symbol\tLocus ID\tCytoband\tS1\n", "discrete"),
        ("all_data_by_genes.txt", "Gene Symbol\tGene ID\tCytoband\tS1\n", "log2"),
    ],
)
def test_genes_become_copy_numbers(stage: Stage, name: str, head: str, unit: str) -> None:
    staged = stage(f"{head}MLL2\t8085\t12q13\t-1\n", GISTIC, name=name)
    row = staged.rows["genomic.copy_number"].row(0, named=True)
    assert (row["hugo_symbol"], row["value"], row["unit"]) == ("KMT2D", -1.0, unit)


@pytest.mark.parametrize(
    "name", ["amp_genes.conf_99.txt", "del_genes.txt", "scores.gistic", "data_gistic_genes_amp.txt"]
)
def test_files_that_speak_of_the_cohort_are_named_as_such(stage: Stage, name: str) -> None:
    with pytest.raises(ValueError, match="not yet supported"):
        stage("x\n", GISTIC | {"file": name})


def test_a_file_of_another_name_must_say_what_it_is(stage: Stage) -> None:
    with pytest.raises(ValueError, match="say by 'content'"):
        stage(PEAKS, GISTIC, name="peaks.txt")
    staged = stage(PEAKS, GISTIC | {"content": "all_lesions"}, name="peaks.txt")
    assert len(values(staged)) == 4
