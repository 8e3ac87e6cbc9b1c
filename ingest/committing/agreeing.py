"""Rows of which several files speak: those that agree become one, the others are told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import polars as pl

from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_FILE, SOURCE_ROW
from roentgene.schemas.tables import table

_NUMBER_OR_TEXT = pl.coalesce(pl.col("value_number", "value_text").cast(pl.String))
#: What rows of one key may contradict each other in, by stored table.
COMPARED: Mapping[str, Mapping[str, pl.Expr]] = {
    "clinical.variable": {"value": _NUMBER_OR_TEXT, "unit": pl.col("unit")},
    "clinical.sample_variable": {"value": _NUMBER_OR_TEXT, "unit": pl.col("unit")},
    "clinical.outcome": {name: pl.col(name) for name in ("event", "time_days")},
    "clinical.response": {name: pl.col(name) for name in ("response", "progression", "study_day")},
    "clinical.treatment": {
        name: pl.col(name) for name in ("stop_day", "dose", "dose_unit", "fractions")
    },
    "clinical.event": {"stop_day": pl.col("stop_day")},
    "genomic.biomarker": {"result": pl.col("result")},
}
_SAYS, _PLACE, _KEY_NO = "says:", "place", "number of the key"
# files that differ everywhere differ in one way, and it is told once for the rest
_ONE_BY_ONE = 1000


def one_row_of_files(
    full_name: str, parts: Sequence[pl.DataFrame]
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Keep one row a key of those that several files give.

    Nothing said is no contradiction. Of files that contradict each other the one that the cohort
    file names first stands; of rows that agree with it, the one that says most. What one file
    repeats is left to the gate of staged rows.

    Parameters
    ----------
    full_name : str
        A table of :data:`COMPARED`.
    parts : sequence of polars.DataFrame
        Staged rows, in the order of the files.

    Returns
    -------
    polars.DataFrame
        The rows kept, in their order.
    list of Refusal
        ``conflicting_rows``, each under the name of the patient, with both files.
    """
    key, compared = list(table(full_name).key), COMPARED[full_name]
    rows = pl.concat(parts).with_row_index(_PLACE)
    several = rows.filter(pl.col(SOURCE_FILE).n_unique().over(key) > 1)
    if several.is_empty():
        return rows.drop(_PLACE), []
    said = several.select(
        _PLACE,
        SOURCE_FILE,
        SOURCE_ROW,
        *key,
        pl.struct(key).rank("dense").alias(_KEY_NO),
        *(says.alias(f"{_SAYS}{name}") for name, says in compared.items()),
    )
    names = [f"{_SAYS}{name}" for name in compared]
    first = said.filter(pl.col(_PLACE) == pl.col(_PLACE).min().over(_KEY_NO))
    agreeing = _against(said, first, names).filter(~pl.col("differs"))
    silent = pl.sum_horizontal(pl.col(name).is_null() for name in names)
    fullest = agreeing.sort(silent, _PLACE, maintain_order=True).unique(_KEY_NO, keep="first")
    judged = _against(said, said.join(fullest, on=_PLACE, how="semi"), names)
    left_out = judged.filter(pl.col(_PLACE) != pl.col(f"{_PLACE}:stands"))
    kept = rows.join(left_out, on=_PLACE, how="anti").drop(_PLACE)
    return kept, _refusals(full_name, left_out.filter("differs"), key, names)


def _against(said: pl.DataFrame, stands: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Set the row that stands beside every row of its key, and say whether they differ."""
    other = stands.select(_KEY_NO, _PLACE, SOURCE_FILE, SOURCE_ROW, *names)
    both = said.join(other, on=_KEY_NO, how="left", suffix=":stands", maintain_order="left")
    # a comparison with NULL is no difference
    unlike = [(pl.col(name) != pl.col(f"{name}:stands")).fill_null(False) for name in names]
    return both.with_columns(differs=pl.any_horizontal(unlike))


def _refusals(
    full_name: str, conflicts: pl.DataFrame, key: Sequence[str], names: Sequence[str]
) -> list[Refusal]:
    found = []
    for row in conflicts.sort(_PLACE).head(_ONE_BY_ONE).iter_rows(named=True):
        # the cohort stands before the patient or sample
        what = ", ".join(str(row[name]) for name in key[2:] if row[name] is not None)
        place = f"line {row[f'{SOURCE_ROW}:stands']} of {row[f'{SOURCE_FILE}:stands']}"
        content = "\x1e".join(f"{row[name]}\x1f{row[f'{name}:stands']}" for name in names)
        found.append(
            Refusal(
                "staged",
                "conflicting_rows",
                str(row[key[1]]),
                f"it disagrees on {what} with {place}, which stands",
                file_path=str(row[SOURCE_FILE]),
                row_number=row[SOURCE_ROW],
                content_hash=hashlib.sha256(content.encode()).hexdigest(),
            )
        )
    for (file,), rest in conflicts.sort(_PLACE).slice(_ONE_BY_ONE).group_by([SOURCE_FILE]):
        detail = f"and {rest.height} further of {full_name}"
        found.append(
            Refusal("staged", "conflicting_rows", "rows", detail, file_path=str(file))
        )  # fmt: skip
    return found
