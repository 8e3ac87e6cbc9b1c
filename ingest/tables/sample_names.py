"""Samples by one name, where files call them by barcodes of different length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

from roentgene.ingest.privacy import unnamed
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.id_rules import normalise_ids
from roentgene.schemas.table_source import IdRule


def name_samples(
    read: FileTable,
    rules: tuple[IdRule, ...],
    column: str | None,
    missing: Collection[str],
    besides: Collection[str] = (),
) -> FileTable:
    """Put the name that the declared rules lead to in place of every sample's.

    Parameters
    ----------
    read : FileTable
        The table as read.
    rules : tuple of IdRule
        The declared way from the id of the file to that of the sample.
    column : str or None
        Column of the samples; None where every column is a sample.
    missing : collection of str
        Cells that mean no sample.
    besides : collection of str
        Columns that are none all the same.

    Returns
    -------
    FileTable
        The table with the samples' names. Columns that lead to one sample cannot both be its
        values: all of them are refused as ``conflicting_rows`` and left out.
    """
    if not rules or (column is not None and column not in read.columns):
        return read
    if column is not None:
        cells = text(column, missing)
        given = read.rows.select(cells).to_series().drop_nulls().unique(maintain_order=True)
        names = normalise_ids(given, rules)
        return replace(read, rows=read.rows.with_columns(cells.replace(names).alias(column)))
    samples = [name for name in read.columns if name and name not in besides]
    together: dict[str, list[str]] = defaultdict(list)
    for name, led in normalise_ids(samples, rules).items():
        together[led].append(name)
    refused = [_refused(read.name, led, names) for led, names in together.items() if names[1:]]
    left_out = [name for names in together.values() if names[1:] for name in names]
    names = {names[0]: led for led, names in together.items() if not names[1:]}
    rows = read.rows.drop(left_out).rename(names)
    return replace(read, rows=rows, refusals=(*read.refusals, *refused))


def _refused(file: str, sample: str, names: list[str]) -> Refusal:
    shown = " and ".join([", ".join(names[:-1]), names[-1]])
    detail = f"the columns {shown} all lead to this sample; which one is it?"
    return unnamed(Refusal("staged", "conflicting_rows", sample, detail, file_path=file))
