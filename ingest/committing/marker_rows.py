"""Rows of the packaged list of markers, by which sources that name them differently are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import polars as pl

from roentgene.ingest.tables.staging import staged_rows
from roentgene.schemas.markers import marker_names, result_words

# tables that may tell a marker
_TELLING = ("clinical.variable", "genomic.biomarker")
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
    listed = {"vocab.marker": marker_names(), "vocab.marker_result": result_words()}
    return {
        name: staged_rows(name, _frame([asdict(word) for word in words]), _FILE, "")
        for name, words in listed.items()
    }


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows).with_columns(source_row=pl.lit(None, pl.Int64))
