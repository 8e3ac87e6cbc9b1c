"""Parameters of fitted steps as rows: what a fit writes down and what its application reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from roentgene.analyses.constant import Floats

#: Of one step; the fold and the number of the step are put in front of them.
SCHEMA = {
    "column": pl.String,
    "parameter": pl.String,
    "level": pl.String,
    "value": pl.Float64,
    "text": pl.String,
}
STEP_SCHEMA = {"step_no": pl.Int32, "step": pl.String, **SCHEMA}

#: 1 where a step kept a column, 0 with a reason where it dropped it.
KEPT = "kept"


class ParameterRows:
    """Rows of parameters being written: of columns, or of the whole step (``column`` NULL)."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []

    def of_step(
        self,
        parameter: str,
        *,
        level: str | None = None,
        value: float | None = None,
        text: str | None = None,
    ) -> None:
        """Add one row of the whole step."""
        row = {"parameter": parameter, "level": level, "value": value, "text": text}
        self._parts.append(pl.DataFrame([{"column": None, **row}], schema=SCHEMA))

    def of_columns(
        self,
        parameter: str,
        columns: Sequence[str],
        values: Floats | None = None,
        *,
        level: str | None = None,
        texts: Sequence[str | None] | None = None,
    ) -> None:
        """Add a row a column; NaN becomes NULL, and a row with neither number nor text is left out.

        Parameters
        ----------
        parameter : str
            Name of the parameter.
        columns : sequence of str
            Columns.
        values, texts : ndarray, sequence of str, optional
            One element a column.
        level : str, optional
            Batch or class that the numbers are of.
        """
        part = pl.DataFrame(
            {
                "column": pl.Series(columns, dtype=pl.String),
                "parameter": pl.repeat(parameter, len(columns), dtype=pl.String, eager=True),
                "level": pl.repeat(level, len(columns), dtype=pl.String, eager=True),
                "value": pl.Series(np.full(len(columns), np.nan) if values is None else values),
                "text": pl.Series([None] * len(columns) if texts is None else texts),
            },
            schema_overrides=SCHEMA,
        ).with_columns(pl.col("value").fill_nan(None))
        known = pl.col("value").is_not_null() | pl.col("text").is_not_null()
        self._parts.append(part.filter(known))

    def kept(self, columns: Sequence[str], reasons: Sequence[str]) -> None:
        """Say of each column whether it stays; the reason is empty where it does."""
        stays = np.array([float(reason == "") for reason in reasons])
        self.of_columns(KEPT, columns, stays, texts=[reason or None for reason in reasons])

    def frame(self) -> pl.DataFrame:
        """All rows, in the order in which they were added."""
        return pl.concat([pl.DataFrame(schema=SCHEMA), *self._parts])


class StoredStep:
    """Rows of parameters of one step, being read."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows

    def columns(self, parameter: str) -> list[str]:
        """Columns that have a parameter, each once."""
        found = self._rows.filter(
            (pl.col("parameter") == parameter) & pl.col("column").is_not_null()
        )
        return found["column"].unique(maintain_order=True).to_list()

    def dropped(self) -> list[str]:
        """Columns that the step does not keep."""
        gone = self._rows.filter((pl.col("parameter") == KEPT) & (pl.col("value") == 0.0))
        return gone["column"].to_list()

    def values(self, parameter: str, columns: Sequence[str], level: str | None = None) -> Floats:
        """Numbers of columns, one element a column; NaN where there is none."""
        found = self._rows.filter(
            (pl.col("parameter") == parameter)
            & pl.col("level").eq_missing(pl.lit(level, pl.String))
            & pl.col("column").is_not_null()
        )
        by_column = dict(zip(found["column"], found["value"], strict=True))
        numbers = [by_column.get(column) for column in columns]
        return np.array([np.nan if number is None else number for number in numbers], np.float64)

    def of_step(self, parameter: str) -> list[tuple[str | None, float | None, str | None]]:
        """Rows of the whole step: (level, value, text) in the order in which they were written."""
        found = self._rows.filter((pl.col("parameter") == parameter) & pl.col("column").is_null())
        return found.select("level", "value", "text").rows()

    def text(self, parameter: str) -> str | None:
        """Text of a parameter of the whole step, if it has one."""
        rows = self.of_step(parameter)
        return rows[0][2] if rows else None
