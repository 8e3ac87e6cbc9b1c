"""Whose sample it is: samples of a molecular table joined to the patients of the cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.identifiers import IdMatch, match_ids, near_misses, normalise_ids
from roentgene.ingest.tables.patients import check_any_match
from roentgene.ingest.tables.people import refuse_personal_samples
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import TableContext
from roentgene.schemas.table_source import IdRule


class _Place(TypedDict):
    line: int | None
    column: str
    content: str


@dataclass(frozen=True)
class Specimens:
    """Samples of a table whose patient is known or new.

    Parameters
    ----------
    rows : polars.DataFrame
        ``sample_id``, ``patient_id``, ``source_row``; one row a sample.
    match : IdMatch
        How their patients stand to the cohort's.
    """

    rows: pl.DataFrame
    match: IdMatch

    def assays(self, assay: str) -> pl.DataFrame:
        """Rows of ``genomic.assay`` for an assay of which it is not known what it looked at."""
        return self.rows.select(
            "sample_id", SOURCE_ROW, assay=pl.lit(assay), all_genes=pl.lit(False)
        )


def join_samples(
    lines: Mapping[str, int | None],
    rules: tuple[IdRule, ...],
    gate: RowGate,
    context: TableContext,
    column: str | None,
    *,
    may_be_new: bool = True,
) -> Specimens:
    """Find the patient of every sample.

    The patient of a sample is the one known for it, else the one to whom the id rules lead. A
    patient who is new altogether is registered, unless a sample sheet is declared: what it lacks
    and no rule leads to a known patient is refused (``unknown_sample``).

    Parameters
    ----------
    lines : dict of str to int or None
        Line on which each sample stands first; None for the samples of a header.
    rules : tuple of IdRule
        The declared way from the sample's id to the patient's.
    gate : RowGate
        Takes the refusals down, one a sample: ``looks_like_person``, ``id_near_miss``,
        ``unknown_sample``. It knows what the file calls a sample whose id was hashed.
    context : TableContext
        The patients and samples that are known.
    column : str or None
        Column of the samples; None where every sample is a column.
    may_be_new : bool
        Whether a sample may register a new patient, and a table none of whose patients is known
        is refused. False for samples that the cohort file names: they stand or fall one by one.

    Raises
    ------
    TableRefusedError
        ``no_id_matches``: patients are known, and no sample is one of theirs.
    """
    lines = refuse_personal_samples(lines, gate, context.privacy, column)
    near_samples = near_misses(lines, context.samples)
    given = {sample: gate.given.get(sample, sample) for sample in lines}
    led = normalise_ids(given.values(), rules, context.privacy.key)
    patients = {
        sample: context.samples.get(sample) or led[given[sample]]
        for sample in lines
        if sample not in near_samples
    }
    match = match_ids(filter(None, patients.values()), context.known_patients)
    if may_be_new:
        check_any_match(match, gate.name, context)
    new_allowed = may_be_new and not context.has_sample_sheet
    near = {
        sample: match.near_misses[patient]
        for sample, patient in patients.items()
        if patient in match.near_misses
    }
    found = []
    for sample, line in lines.items():
        place: _Place = {"line": line, "column": column or sample, "content": sample}
        patient = patients.get(sample)
        if (meant := near_samples.get(sample) or near.get(sample)) is not None:
            gate.refuse("id_near_miss", sample, f"nearly '{meant}'", **place)
        elif not patient or not (new_allowed or patient in context.known_patients):
            detail = "in no sample sheet, and no id rule leads from it to a known patient"
            gate.refuse("unknown_sample", sample, detail, **place)
        else:
            found.append({"sample_id": sample, "patient_id": patient, SOURCE_ROW: line})
    schema = {"sample_id": pl.String, "patient_id": pl.String, SOURCE_ROW: pl.Int64}
    return Specimens(pl.DataFrame(found, schema=schema), match)


def first_lines(rows: pl.DataFrame) -> dict[str, int | None]:
    """Line on which each ``sample_id`` stands first."""
    first = rows.group_by("sample_id", maintain_order=True).agg(pl.col(SOURCE_ROW).min())
    return dict(first.iter_rows())
