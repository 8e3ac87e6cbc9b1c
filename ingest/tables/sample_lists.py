"""Lists of samples in files of their own: case lists, one sample a line, or a column of a table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.plain_text import read_lines
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.schemas.variant_source import VARIANT_MISSING_WORDS, SampleFile

_IDS = "case_list_ids:"


def read_samples(declared: SampleFile, folder: Path) -> tuple[str, ...]:
    """Read the samples of a list, each once, in its order.

    Parameters
    ----------
    declared : SampleFile
        The list.
    folder : Path
        Folder that its path is relative to.

    Raises
    ------
    TableRefusedError
        ``file_missing``, ``unreadable_table`` or ``missing_column``, naming the list.
    """
    path, name = folder / declared.file, declared.file
    if declared.column is None:
        return listed_samples(line for _, line in read_lines(path, name))
    table = read_table(path, name)
    if declared.column not in table.columns:
        detail = f"there is no column {declared.column!r}"
        raise refuse_table(name, "missing_column", detail, column=declared.column)
    found = table.rows.select(text(declared.column, VARIANT_MISSING_WORDS)).to_series()
    return tuple(found.drop_nulls().unique(maintain_order=True))


def listed_samples(lines: Iterable[str]) -> tuple[str, ...]:
    r"""Take the samples out of the lines of a list.

    A case list of cBioPortal has them behind ``case_list_ids:``, separated by tabs; any other
    text has one a line.

    Examples
    --------
    >>> listed_samples(["stable_id: x_sequenced", "case_list_ids: S1\tS2\tS1"])
    ('S1', 'S2')
    >>> listed_samples(["S1", " S2 "])
    ('S1', 'S2')
    """
    lines = list(lines)
    behind = [line.removeprefix(_IDS) for line in lines if line.startswith(_IDS)]
    samples = "\t".join(behind).split("\t") if behind else lines
    return tuple(dict.fromkeys(one for sample in samples if (one := sample.strip())))
