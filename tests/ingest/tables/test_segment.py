from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

SEGMENTS: dict[str, Any] = {"kind": "segment", "genome": "GRCh37"}
COLUMNS = ("sample_id", "ncbi_build", "chromosome", "start_position", "end_position", "num_mark")


@pytest.mark.parametrize(
    "header",
    [
        "ID,chrom,loc.start,loc.end,num.mark,seg.mean",
        "Sample,Chromosome,Start,End,Num_Probes,Segment_Mean",
        "Sample,Chromosome,Start.bp,End.bp,Num.Markers,Seg.CN",
        "GDC_Aliquot,Chromosome,Start,End,Num_Probes,Segment_Mean",
        "SAMPLE,CHROM,START POSITION,END POSITION,NUM MARKERS,SEG.MEAN",
    ],
)
def test_every_usual_header_is_understood(stage: Stage, header: str) -> None:
    staged = stage(f"{header}\nS1,chr17,100,200,5,-0.5\nS1,23,1,9,,0.1\n", SEGMENTS)
    assert staged.refusals == ()
    rows = staged.rows["genomic.segment"]
    assert rows.select(COLUMNS).rows() == [
        ("S1", "GRCh37", "17", 100, 200, 5),
        ("S1", "GRCh37", "X", 1, 9, None),
    ]
    assert rows["seg_mean"].to_list() == [-0.5, 0.1]
    assert staged.rows["genomic.assay"]["assay"].to_list() == ["segment"]


def test_markers_may_be_absent_and_positions_may_not(stage: Stage, told: Told) -> None:
    staged = stage("ID,chrom,loc.start,loc.end,seg.mean\nS1,1,1,2,0\n", SEGMENTS)
    assert staged.rows["genomic.segment"].height == 1
    assert told(stage("ID,chrom,loc.start,seg.mean\nS1,1,1,0\n", SEGMENTS)) == [
        ("missing_column", None, "loc.end")
    ]


def test_segments_that_cannot_be(stage: Stage, told: Told) -> None:
    rows = ["S1,1,200,100,5,0", "S1,21,1,48129896,5,0", "S1,21,1,48129895,5,0", "S1,1,x,9,5,0"]
    head = "ID,chrom,loc.start,loc.end,num.mark,seg.mean\n"
    staged = stage(head + "\n".join(rows) + "\n", SEGMENTS)
    assert sorted(told(staged)) == [
        ("not_a_number", 5, "loc.start"),
        ("out_of_range", 2, "loc.end"),
        ("out_of_range", 3, "loc.end"),
    ]
    assert any("another build" in refusal.detail for refusal in staged.refusals)
    assert staged.rows["genomic.segment"]["end_position"].to_list() == [48129895]


def test_the_sample_may_have_another_column(stage: Stage) -> None:
    content = "barcode,chrom,loc.start,loc.end,seg.mean\nTCGA-AB-2803-03A,1,1,2,0\n"
    declared = SEGMENTS | {"id": "barcode", "sample_rules": ["tcga_patient"]}
    staged = stage(content, declared)
    assert staged.rows["genomic.sample"]["sample_id"].to_list() == ["TCGA-AB-2803"]


def test_the_build_is_declared(stage: Stage) -> None:
    with pytest.raises(ValueError, match="genome"):
        stage("ID,chrom,loc.start,loc.end,seg.mean\nS1,1,1,2,0\n", {"kind": "segment"})
