"""Rows of the packaged list of markers, which tells what sources mean by their own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import polars as pl

from roentgene.ingest.tables.staging import staged_rows
from roentgene.schemas.markers import marker_names, result_words

# tables that may tell a marker
_TELLING = ("clinical.variable", "clinical.sample_variable", "genomic.biomarker")
_FILE = "markers.yaml"


def marker_rows(parts: Mapping[str, Sequence[pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Rows of ``vocab.marker`` and ``vocab.marker_result``, where a batch may tell a marker.

    Parameters
    ----------
    parts : mapping of str to sequence of polars.DataFrame
        Staged rows of the batch by full table name.
    """
    if not any(frame.height for name in _TELLING for frame in parts.get(name, ())):
        return {}
    listed = {
        "vocab.marker": [asdict(name) for name in marker_names()],
        "vocab.marker_result": [asdict(word) for word in result_words()],
    }
    return {name: staged_rows(name, _frame(rows), _FILE, "") for name, rows in listed.items()}


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows).with_columns(source_row=pl.lit(None, pl.Int64))
