"""Copy-number segments, as CBS, GISTIC, GDC and cBioPortal write them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, take_numbers, take_whole_numbers, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.genome_builds import chromosome_lengths
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.sample_names import name_samples
from roentgene.ingest.tables.specimens import first_lines, join_samples
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.matrix_tables import SegmentTable

# names in small letters without points, blanks and underscores; the first is how messages call it
_NAMES = {
    "sample": ("ID", "sample", "sampleid", "tumorsamplebarcode", "gdcaliquot"),
    "chromosome": ("chrom", "chromosome", "chr"),
    "start_position": ("loc.start", "start", "startbp", "startposition", "locstart"),
    "end_position": ("loc.end", "end", "endbp", "endposition", "locend"),
    "num_mark": ("num.mark", "nummark", "nummarkers", "numprobes", "markers", "probes"),
    "seg_mean": ("seg.mean", "segmean", "segmentmean", "segcn", "log2ratio"),
}
_OPTIONAL = "num_mark"
_KEY = ["sample_id", "ncbi_build", "chromosome", "start_position", "end_position"]


def stage(declaration: SegmentTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``genomic.segment``, ``genomic.sample``, ``genomic.assay``, ``study.patient``.

    Chromosomes 23 and 24 are X and Y. A segment that ends before it begins, or beyond its
    chromosome, is refused.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name, declaration)
    columns = _columns(read.columns, declaration.id)
    sample = columns["sample"]
    read = name_samples(read, declaration.sample_rules, sample, declaration.missing)
    read, given = hide_samples(read, declaration, context.privacy, sample)
    gate = RowGate(read, given)
    gate.need(column for field, column in columns.items() if field != _OPTIONAL)
    present = {field: column for field, column in columns.items() if column in read.columns}
    cells = {
        "sample_id" if field == "sample" else field: text(column, declaration.missing)
        for field, column in present.items()
    }
    rows = read.rows.select(SOURCE_ROW, **cells)
    rows = need_values(rows, "sample_id", gate, sample, "missing_id")
    lines = first_lines(rows)
    specimens = join_samples(lines, declaration.normalise, gate, context, sample)
    rows = rows.filter(pl.col("sample_id").is_in(specimens.rows["sample_id"].implode()))
    rows = _segments(declaration, rows, present, gate)
    staged = {
        "genomic.sample": specimens.rows,
        "genomic.assay": specimens.assays("segment"),
        "genomic.segment": rows,
    }
    return collect(staged, gate, specimens.match, context, specimens.rows)


def _columns(columns: list[str], id_column: str | None) -> dict[str, str]:
    """Columns of the file by ours; of one that is not there, its usual name."""
    by_form = {_form(column): column for column in reversed(columns)}
    found = {}
    for field, names in _NAMES.items():
        forms = (_form(name) for name in names)
        found[field] = next((by_form[form] for form in forms if form in by_form), names[0])
    return found if id_column is None else {**found, "sample": id_column}


def _form(column: str) -> str:
    return "".join(letter for letter in column.casefold() if letter.isalnum())


def _segments(
    declaration: SegmentTable, rows: pl.DataFrame, columns: dict[str, str], gate: RowGate
) -> pl.DataFrame:
    for field in ("chromosome", "start_position", "end_position"):
        rows = need_values(rows, field, gate, columns[field])
    bare = pl.col("chromosome").str.replace("(?i)^chr", "").replace({"23": "X", "24": "Y"})
    rows = rows.with_columns(bare.alias("chromosome"), ncbi_build=pl.lit(declaration.genome))
    for field in ("start_position", "end_position"):
        rows = take_whole_numbers(rows, field, gate, columns[field], minimum=1, drop=True)
    if _OPTIONAL in columns:
        rows = take_whole_numbers(rows, _OPTIONAL, gate, columns[_OPTIONAL], minimum=0)
    rows = take_numbers(rows, "seg_mean", gate, columns["seg_mean"])
    rows = _within_chromosome(declaration.genome, rows, columns["end_position"], gate)
    return gate.unique(rows, _KEY, ["seg_mean"])


def _within_chromosome(build: str, rows: pl.DataFrame, column: str, gate: RowGate) -> pl.DataFrame:
    end = pl.col("end_position")
    backwards = end < pl.col("start_position")
    detail = pl.format("{} is before the start {}", quoted("end_position"), "start_position")
    rows = gate.drop(rows, backwards, "out_of_range", detail, column=column)
    length = pl.col("chromosome").replace_strict(
        chromosome_lengths(build), default=None, return_dtype=pl.Int64
    )
    detail = pl.format(
        f"{{}} lies beyond chromosome {{}} of {build}, of {{}} bases; is it another build?",
        quoted("end_position"),
        "chromosome",
        length,
    )
    return gate.drop(rows, end > length, "out_of_range", detail, column=column)
