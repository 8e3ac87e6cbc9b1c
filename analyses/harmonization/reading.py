"""What a harmonization is fitted on: a matrix for each model, batches and covariates by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl
import pyarrow as pa

from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Store
from roentgene.analyses.person_matrix import person_matrix
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.harmonization import ClinicalBatch, Covariate, Harmonization
from roentgene.schemas.errors import FileError

MODEL_KEY = ("sequence", "region", "profile", "engine")
QUERIES = (
    "analyses/harmonization_values",
    "analyses/harmonization_batches",
    "analyses/harmonization_variables",
    "analyses/outcome_endpoints",
)
_FILTERS = ("regions", "sequences", "profiles", "features")


@dataclass(frozen=True)
class ModelRows:
    """Rows of one model, the persons in the order of their ids.

    ``values`` has shape (persons, features), NaN where missing; ``batch`` is one word a person;
    ``variables`` has a column for each covariate and variable that is compared, named
    ``source:variable``, numbers or words.
    """

    key: Mapping[str, str]
    persons: list[str]
    features: list[str]
    values: Floats
    batch: list[str]
    variables: pl.DataFrame
    counts: Mapping[str, int]


def batch_words(spec: Harmonization) -> tuple[str, str | None]:
    """Source of the batch, and the variable where it is one."""
    if isinstance(spec.batch, ClinicalBatch):
        return "variable", spec.batch.variable
    return spec.batch, None


def column_of(covariate: Covariate) -> str:
    """Name of a covariate among the variables."""
    return f"{covariate.kind}:{covariate.name}"


def endpoints_of(warehouse: Store, spec: Harmonization) -> tuple[str, ...]:
    """Endpoints that the cohort has."""
    rows = warehouse.arrow(query_text("analyses/outcome_endpoints"), {"cohort_id": spec.cohort_id})
    return tuple(rows["endpoint"].to_pylist())


def read_models(
    warehouse: Store, spec: Harmonization, persons: Sequence[str] | None
) -> list[ModelRows]:
    """Read the rows of every model, those of persons without a batch or covariate left out.

    Raises
    ------
    FileError
        If nothing fits the spec, a variable does not exist, or a person has several values.
    """
    visit = {"cohort_id": spec.cohort_id, "timepoint": spec.timepoint}
    filters = {name: _listed(getattr(spec, name)) for name in _FILTERS}
    asked = visit | filters | {"persons": _listed(persons)}
    values = warehouse.arrow(query_text("analyses/harmonization_values"), asked)
    if values.num_rows == 0:
        msg = f"{spec.name}: no raw values of cohort {spec.cohort_id} at {spec.timepoint} fit"
        raise FileError(msg, "Check cohort_id, timepoint, persons and filters")
    batches = _batches(warehouse, spec, visit)
    variables = _variables(warehouse, spec, visit)
    return [_model(spec, part, batches, variables) for part in _parts(values)]


def _listed(names: Iterable[str] | None) -> list[str] | None:
    return None if names is None else list(names)


def _batches(
    warehouse: Store, spec: Harmonization, visit: Mapping[str, str]
) -> dict[tuple[str, ...], str | None]:
    """Batch of each (person, key of a model)."""
    source, variable = batch_words(spec)
    asked = dict(visit) | {"batch_source": source, "batch_variable": variable or ""}
    rows = warehouse.arrow(query_text("analyses/harmonization_batches"), asked)
    names = ("person_id", *MODEL_KEY)
    keys = zip(*(rows[name].to_pylist() for name in names), strict=True)
    return dict(zip(keys, rows["batch"].to_pylist(), strict=True))


def _variables(warehouse: Store, spec: Harmonization, visit: Mapping[str, str]) -> pl.DataFrame:
    """Variables that are preserved or compared, one row a person."""
    names = [column_of(one) for one in (*spec.preserve, *spec.compare)]
    sql = query_text("analyses/harmonization_variables")
    rows = pl.DataFrame(pl.from_arrow(warehouse.arrow(sql, dict(visit) | {"asked": names})))
    rows = rows.with_columns(pl.concat_str("source", pl.lit(":"), "variable").alias("column"))
    found = rows.select("person_id").unique().sort("person_id")
    for name in names:
        here = rows.filter(pl.col("column") == name)
        if not here.height:
            raise _unknown(warehouse, spec, visit, name)
        if here["person_id"].is_duplicated().any():
            msg = f"{spec.name}: persons have several values of {name} at {spec.timepoint}"
            raise FileError(msg, "Deliver one value a person")
        n_words = here["value_number"].null_count()
        if 0 < n_words < here.height:
            msg = (
                f"{spec.name}: {name} is a number for {here.height - n_words} persons and a word "
                f"for {n_words}: as words each number would be a class of its own"
            )
            raise FileError(msg, "Name the words under 'missing' in the cohort file")
        is_number = n_words == 0
        column = "value_number" if is_number else "value_text"
        part = here.select("person_id", pl.col(column).alias(name))
        found = found.join(part, on="person_id", how="left")
    return found


def _unknown(
    warehouse: Store, spec: Harmonization, visit: Mapping[str, str], name: str
) -> FileError:
    sql = query_text("analyses/harmonization_variables")
    rows = warehouse.arrow(sql, dict(visit) | {"asked": None})
    pairs = zip(rows["source"].to_pylist(), rows["variable"].to_pylist(), strict=True)
    known = sorted({f"{source}:{variable}" for source, variable in pairs})
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    msg = f"{spec.name}: nobody has a value of {name} at {spec.timepoint}{hint}"
    return FileError(msg, "Name a variable of mart.visit_variable")


def _parts(values: pa.Table) -> list[tuple[dict[str, str], pa.Table]]:
    """Rows of each model, in the order of its key."""
    rows = pl.DataFrame(pl.from_arrow(values))
    parts = rows.partition_by(*MODEL_KEY, as_dict=True)
    return [
        (dict(zip(MODEL_KEY, map(str, key), strict=True)), part.to_arrow())
        for key, part in sorted(parts.items())
    ]


def _model(
    spec: Harmonization,
    part: tuple[dict[str, str], pa.Table],
    batches: Mapping[tuple[str, ...], str | None],
    variables: pl.DataFrame,
) -> ModelRows:
    key, rows = part
    matrix = person_matrix(rows, ("feature",), "features", "Choose profiles of one volume")
    batch = [batches.get((person, *key.values())) for person in matrix.persons]
    persons = pl.DataFrame({"person_id": matrix.persons, "batch": batch})
    persons = persons.with_columns(pl.col("batch").cast(pl.String)).with_row_index("row")
    known = persons.join(variables, on="person_id", how="left", maintain_order="left")
    with_batch = known.filter(pl.col("batch").is_not_null())
    # what is compared alone may be missing
    needed = [column_of(one) for one in spec.preserve]
    kept = with_batch.drop_nulls(needed) if needed else with_batch
    return ModelRows(
        key=key,
        persons=kept["person_id"].to_list(),
        features=matrix.columns["feature"].cast(pa.string()).to_pylist(),
        values=matrix.values[kept["row"].to_numpy()],
        batch=kept["batch"].to_list(),
        variables=kept.drop("row", "batch", "person_id"),
        counts={
            "persons_with_values": persons.height,
            "persons_without_batch": persons.height - with_batch.height,
            "persons_without_covariate": with_batch.height - kept.height,
            "persons_fitted": kept.height,
            "features": matrix.columns.num_rows,
        },
    )
