"""Nothing that is fitted depends on a test row: for every kind of step, to the last bit."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import TypeAdapter

from roentgene.analyses.preparation import apply, fit, fit_folds
from roentgene.analyses.preparation.fitting import _APPLICATIONS
from roentgene.analyses.splitting import make_splits
from roentgene.schemas.errors import FileError
from roentgene.schemas.release_splits import CrossValidationSplit, SiteSplit
from roentgene.schemas.release_steps import HarmonizationStep, Step

N = 60
COLUMNS = [f"rad__f{number:02d}" for number in range(8)] + ["clin__age"]
STEPS: dict[str, dict[str, Any]] = {
    "harmonization": {"kind": "harmonization", "preserve": ["clin__age"]},
    "harmonization, reference": {"kind": "harmonization", "reference": "B"},
    "harmonization, means": {"kind": "harmonization", "mean_only": True},
    "stability": {"kind": "stability", "lower_bound": 0.5},
    "variance": {"kind": "variance"},
    "correlation": {"kind": "correlation", "threshold": 0.8},
    "correlation, pearson": {"kind": "correlation", "threshold": 0.8, "method": "pearson"},
    "imputation": {"kind": "imputation", "indicator": True},
    "imputation, mean": {"kind": "imputation", "method": "mean"},
    "imputation, constant": {
        "kind": "imputation",
        "method": "constant",
        "value": 0.0,
        "indicator": True,
    },
    "scaling": {"kind": "scaling"},
    "scaling, robust": {"kind": "scaling", "method": "robust"},
    "scaling, min_max": {"kind": "scaling", "method": "min_max"},
    "cut_point": {"kind": "cut_point", "columns": ["rad__f0*"]},
    "cut_point, quantile": {
        "kind": "cut_point",
        "columns": ["rad__*"],
        "rule": "quantile",
        "quantile": 0.3,
    },
    "cut_point, youden": {"kind": "cut_point", "columns": ["rad__*"], "rule": "youden"},
    "cut_point, log_rank": {"kind": "cut_point", "columns": ["rad__f01"], "rule": "log_rank"},
}


def step(name: str) -> Step:
    adapter: TypeAdapter[Step] = TypeAdapter(Step)
    return adapter.validate_python(STEPS[name])


def release() -> pl.DataFrame:
    random = np.random.default_rng(4)
    values = random.normal(size=(N, 8))
    values[:, 1] = values[:, 0] + 0.05 * random.normal(size=N)
    values[:, 2] = 3.0
    site = np.array(["A", "B", "C"])[np.arange(N) % 3]
    values[:, 3:] += (site == "C")[:, None] * 2.0
    columns = {f"rad__f{number:02d}": values[:, number] for number in range(8)}
    table = pl.DataFrame(
        {
            "person_id": [f"p{number:02d}" for number in range(N)],
            "cohort_id": "X",
            "patient_id": [f"{number:02d}" for number in range(N)],
            "site": site,
            **columns,
            "clin__age": random.integers(30, 80, size=N),
            "target": random.integers(0, 2, size=N),
            "target__time_days": random.integers(1, 900, size=N),
            "target__event": random.integers(0, 2, size=N),
        }
    )
    holes = pl.Series(np.arange(N) % 10 == 3)
    return table.with_columns(
        pl.when(holes).then(None).otherwise(pl.col("rad__f05")).alias("rad__f05")
    )


def ratings(table: pl.DataFrame) -> pl.DataFrame:
    """Two raters; the features repeat worse and worse."""
    random = np.random.default_rng(9)
    parts = [
        table.select(
            "person_id",
            pl.lit(column).alias("column"),
            pl.col("person_id").alias("target"),
            pl.lit(rater).alias("rater"),
            pl.col(column).fill_null(0.0) + pl.Series(random.normal(size=N) * 0.2 * number),
        ).rename({column: "value"})
        for number, column in enumerate(COLUMNS[:8])
        for rater in ("one", "two")
    ]
    return pl.concat(parts)


TABLE = release()
RATINGS = ratings(TABLE)
ALL = TABLE["person_id"].to_list()
TRAIN = [person for place, person in enumerate(ALL) if place % 5 < 3]
TEST = pl.col("person_id").is_in(TRAIN).not_()


def permuted() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Values of the test rows given to one another, outcomes too, and all rows in disorder."""
    test = TABLE.filter(TEST)
    keys = test.select("person_id", "cohort_id", "patient_id", "site")
    others = test.drop(keys.columns).select(pl.all().shuffle(seed=1))
    mixed = pl.concat([TABLE.filter(~TEST), pl.concat([keys, others], how="horizontal")])
    mixed_ratings = pl.concat(
        [RATINGS.filter(~TEST), RATINGS.filter(TEST).with_columns(pl.col("value").shuffle(seed=3))]
    )
    return (
        mixed.sample(fraction=1, shuffle=True, seed=2),
        mixed_ratings.sample(fraction=1, shuffle=True, seed=5),
    )


def perturbed() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Other values, other holes and the opposite outcome in the test rows."""
    noise = pl.Series(np.random.default_rng(8).normal(size=N) * 50)
    features = pl.col(COLUMNS).cast(pl.Float64)
    changed = TABLE.with_columns(
        pl.when(TEST).then(features.fill_null(1.0) * -3 + noise).otherwise(features),
        pl.when(TEST).then(1 - pl.col("target")).otherwise("target").alias("target"),
        pl.when(TEST)
        .then(1000 - pl.col("target__time_days"))
        .otherwise("target__time_days")
        .alias("target__time_days"),
    )
    hole = TEST & (pl.col("person_id").hash(seed=1) % 2 == 0)
    changed = changed.with_columns(
        pl.when(hole).then(None).otherwise(pl.col("rad__f06")).alias("rad__f06")
    )
    unrelated = RATINGS.with_columns(
        pl.when(TEST)
        .then(pl.col("value").shuffle(seed=4) * 9)
        .otherwise(pl.col("value"))
        .alias("value")
    )
    return changed, unrelated


def bits(parameters: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Rows with numbers as the bits that they are."""
    return parameters.with_columns(
        pl.Series("value", parameters["value"].fill_null(np.nan).to_numpy().view(np.int64))
    ).rows()


@pytest.mark.parametrize("tamper", [permuted, perturbed])
@pytest.mark.parametrize("name", list(STEPS))
def test_test_rows_change_no_parameter_and_no_column(name: str, tamper: Any) -> None:
    table, rated = tamper()
    expected = fit(TABLE, COLUMNS, [step(name)], TRAIN, {1: RATINGS})
    found = fit(table, COLUMNS, [step(name)], TRAIN, {1: rated})
    assert expected.height
    assert bits(found) == bits(expected)
    trained = pl.col("person_id").is_in(TRAIN)
    before = apply(TABLE.filter(trained), expected)
    after = apply(table.filter(trained), found).sort("person_id")
    assert after.columns == before.columns
    # integers became doubles where the test rows were perturbed
    assert after.equals(before.cast(after.schema))


@pytest.mark.parametrize("name", list(STEPS))
def test_a_step_that_looks_at_all_rows_would_be_caught(name: str) -> None:
    table, rated = perturbed()
    leaky = fit(TABLE, COLUMNS, [step(name)], ALL, {1: RATINGS})
    changed = fit(table, COLUMNS, [step(name)], ALL, {1: rated})
    assert bits(changed) != bits(leaky)


def test_every_kind_of_step_is_guarded() -> None:
    assert {one["kind"] for one in STEPS.values()} == set(_APPLICATIONS)


def test_a_chain_of_steps_is_guarded_too_in_every_fold() -> None:
    names = ["variance", "harmonization", "imputation", "stability", "correlation", "scaling"]
    steps = [step(name) for name in [*names, "cut_point, youden"]]
    people = TABLE.select("person_id", pl.col("target").alias("stratum"), "site")
    split = CrossValidationSplit(
        split_id="cv", kind="cross_validation", folds=3, inner_folds=2, stratify=("site",)
    )
    splits = make_splits(people, [split])
    parameters = fit_folds(TABLE, COLUMNS, steps, splits, {4: RATINGS})
    assert parameters.select("fold", "inner_fold").unique().height == 9
    assert set(parameters["step_no"]) == set(range(1, 8))
    for (fold,), roles in splits.filter(pl.col("inner_fold").is_null()).group_by("fold"):
        train = roles.filter(pl.col("role") == "train")["person_id"].to_list()
        own = parameters.filter((pl.col("fold") == fold) & pl.col("inner_fold").is_null())
        alone = fit(
            TABLE.filter(pl.col("person_id").is_in(train)), COLUMNS, steps, train, {4: RATINGS}
        )
        assert bits(own.select(alone.columns)) == bits(alone)


def test_a_batch_that_training_did_not_see_is_refused_by_fold() -> None:
    people = TABLE.select("person_id", "site")
    splits = make_splits(people, [SiteSplit(split_id="sites", kind="site")])
    refuse = HarmonizationStep(kind="harmonization")
    with pytest.raises(FileError, match="split sites, repeat 1, fold 1: 20 rows are of site A"):
        fit_folds(TABLE, COLUMNS, [refuse], splits)
    leave = HarmonizationStep(kind="harmonization", unseen_batch="leave")
    parameters = fit_folds(TABLE, COLUMNS, [leave], splits).filter(pl.col("fold") == 1)
    unseen = TABLE.filter(pl.col("site") == "A")
    assert apply(unseen, parameters).equals(unseen)
    known = TABLE.filter(pl.col("site") == "B")
    assert not apply(known, parameters).equals(known)
