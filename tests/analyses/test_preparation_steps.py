from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import TypeAdapter, ValidationError
from statsmodels.duration.survfunc import survdiff

from roentgene.analyses.preparation import apply, fit
from roentgene.analyses.stability.intraclass_correlation import intraclass_correlation
from roentgene.analyses.stability.mean_squares import mean_squares
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.release_steps import Step

N = 40


def step(kind: str, **given: Any) -> Step:
    adapter: TypeAdapter[Step] = TypeAdapter(Step)
    return adapter.validate_python({"kind": kind, **given})


def table(**columns: Any) -> pl.DataFrame:
    keys = {
        "person_id": [f"p{number:02d}" for number in range(N)],
        "cohort_id": ["X"] * N,
        "patient_id": [f"{number:02d}" for number in range(N)],
        "site": ["A", "B"] * (N // 2),
    }
    return pl.DataFrame({**keys, **columns})


def normal(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=N)


TRAIN = [f"p{number:02d}" for number in range(30)]


def prepared(rows: pl.DataFrame, *steps: Step, **given: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    columns = [name for name in rows.columns if name.startswith(("rad__", "clin__", "gen__"))]
    parameters = fit(rows, columns, steps, TRAIN, **given)
    return apply(rows, parameters), parameters


def reasons(parameters: pl.DataFrame) -> dict[str, str]:
    gone = parameters.filter((pl.col("parameter") == "kept") & (pl.col("value") == 0))
    return dict(zip(gone["column"], gone["text"], strict=True))


def test_scaling_uses_the_training_rows() -> None:
    x = normal() * 3 + 10
    rows = table(rad__x=x, rad__same=[4.0] * N)
    done, _ = prepared(rows, step("scaling"))
    expected = (x - x[:30].mean()) / x[:30].std(ddof=1)
    assert done["rad__x"].to_numpy() == pytest.approx(expected, rel=1e-13)
    assert set(done["rad__same"]) == {0.0}
    done, parameters = prepared(rows, step("scaling", method="robust"))
    low, middle, high = np.quantile(x[:30], [0.25, 0.5, 0.75])
    assert done["rad__x"].to_numpy() == pytest.approx((x - middle) / (high - low), rel=1e-13)
    assert parameters.filter(pl.col("text") == "constant")["column"].to_list() == ["rad__same"]
    done, _ = prepared(rows, step("scaling", method="min_max"))
    assert done["rad__x"][:30].min() == 0.0
    assert done["rad__x"][:30].max() == 1.0


def test_what_is_missing_stays_missing_until_it_is_filled() -> None:
    x = [None if place in (3, 35) else float(place) for place in range(N)]
    late = [None if place == 36 else 1.0 * place for place in range(N)]
    rows = table(rad__x=x, rad__late=late, rad__never=[None] * 30 + [1.0] * 10)
    scaled, _ = prepared(rows, step("scaling"))
    assert scaled["rad__x"].null_count() == 2
    done, parameters = prepared(rows, step("imputation", indicator=True))
    known = [value for value in x[:30] if value is not None]
    assert done["rad__x"][35] == np.median(known) == done["rad__x"][3]
    assert done["rad__x"][4] == 4.0
    assert done["rad__late"][36] == 14.5
    assert reasons(parameters) == {"rad__never": "no_training_value"}
    # only where training rows lack values can a model learn what that means
    assert [name for name in done.columns if name.endswith("__missing")] == ["rad__x__missing"]
    assert np.flatnonzero(done["rad__x__missing"].to_numpy()).tolist() == [3, 35]
    done, _ = prepared(rows, step("imputation", method="mean"))
    assert done["rad__x"][35] == pytest.approx(np.mean(known))
    done, _ = prepared(rows, step("imputation", method="constant", value=-1))
    assert done["rad__x"][35] == -1.0


def test_near_constant_columns_go() -> None:
    rare = [1.0] + [0.0] * 29 + [1.0] * 10
    rows = table(
        rad__x=normal(),
        rad__same=[0.1 * 3] * 15 + [0.3] * 15 + [5.0] * 10,
        rad__rare=rare,
        rad__holes=[None] * 16 + normal()[16:].tolist(),
        gen__flag=[True] + [False] * 14 + [True] * 25,
        clin__word=["a"] * N,
    )
    done, parameters = prepared(rows, step("variance"))
    assert reasons(parameters) == {
        "rad__same": "constant",
        "rad__rare": "near_constant",
        "rad__holes": "missing",
    }
    assert done.columns[4:] == ["rad__x", "gen__flag", "clin__word"]
    _, parameters = prepared(rows, step("variance", blocks=["gen"]))
    assert reasons(parameters) == {}
    # as in caret, the share of 2 in 30 itself is small enough
    shares = {"frequency_ratio": 1.0, "distinct_share": 2 / 30}
    _, parameters = prepared(rows, step("variance", blocks=["gen"], **shares))
    assert reasons(parameters) == {"gen__flag": "near_constant"}
    _, parameters = prepared(rows, step("variance", missing_above=0.6, frequency_ratio=30))
    assert reasons(parameters) == {"rad__same": "constant"}


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_of_correlated_columns_the_fullest_stays_then_the_first_by_name(method: str) -> None:
    a = normal(1)
    near = a + 0.01 * normal(2)
    holes = [None if place == 5 else value for place, value in enumerate(a.tolist())]
    columns = {
        "rad__a_holes": holes,
        "rad__c": a,
        "rad__b": near,
        "rad__other": normal(3),
        "rad__minus": -a,
        "rad__same": [1.0] * N,
    }
    rows = table(**columns)
    _, parameters = prepared(rows, step("correlation", method=method))
    assert set(reasons(parameters)) == {"rad__a_holes", "rad__c", "rad__minus"}
    turned = table(**dict(reversed(columns.items())))
    _, again = prepared(turned, step("correlation", method=method))
    assert reasons(again) == reasons(parameters)
    strongest = parameters.filter(pl.col("parameter") == "strongest")
    assert set(strongest["text"]) == {"rad__b"}
    exact = rows.drop("rad__b", "rad__a_holes")
    _, parameters = prepared(exact, step("correlation", method=method, threshold=1.0))
    assert reasons(parameters) == {"rad__minus": "correlated"}


def test_pearson_leaves_missing_values_out_pair_by_pair() -> None:
    import pandas as pd

    from roentgene.analyses.preparation.correlation import pearson

    random = np.random.default_rng(3)
    values = random.normal(size=(30, 5)) + 1e6
    values[random.uniform(size=values.shape) < 0.2] = np.nan
    expected = pd.DataFrame(values - 1e6).corr().to_numpy()
    assert pearson(values, values[:, 2:]) == pytest.approx(expected[:, 2:], abs=1e-9)


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_the_size_of_blocks_changes_no_choice(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    latent = np.random.default_rng(7).normal(size=(N, 4))
    columns = {
        f"rad__f{number:02d}": latent[:, number % 4] + 0.4 * normal(number) for number in range(20)
    }
    one = step("correlation", method=method, threshold=0.85)
    _, whole = prepared(table(**columns), one)
    monkeypatch.setattr("roentgene.analyses.preparation.correlation.BLOCK", 3)
    _, blocks = prepared(table(**columns), one)
    assert 4 < 20 - len(reasons(whole)) < 20
    assert reasons(blocks) == reasons(whole)


def rated(spread: dict[str, float], raters: int = 3) -> pl.DataFrame:
    random = np.random.default_rng(11)
    persons = [f"p{number:02d}" for number in range(N)]
    return pl.concat(
        pl.DataFrame(
            {
                "person_id": persons,
                "column": column,
                "target": [f"{person}|lesion" for person in persons],
                "rater": f"r{rater}",
                "value": normal(5) + noise * random.normal(size=N),
            }
        )
        for column, noise in spread.items()
        for rater in range(raters)
    )


def test_features_stay_whose_lower_bound_is_high_enough_in_training_persons() -> None:
    ratings = rated({"rad__good": 0.1, "rad__poor": 1.5, "rad__equal": 0.0})
    rows = table(rad__good=normal(), rad__poor=normal(), rad__equal=normal(), rad__none=normal())
    done, parameters = prepared(rows, step("stability"), repeated={1: ratings})
    assert reasons(parameters) == {"rad__poor": "unstable", "rad__none": "no_coefficient"}
    assert [name for name in done.columns if name.startswith("rad__")] == [
        "rad__good",
        "rad__equal",
    ]
    cube = np.array(
        [
            ratings.filter((pl.col("column") == "rad__poor") & (pl.col("rater") == rater))
            .filter(pl.col("person_id").is_in(TRAIN))
            .sort("person_id")["value"]
            .to_list()
            for rater in ("r0", "r1", "r2")
        ]
    ).T[None]
    expected = intraclass_correlation(mean_squares(cube), "ICC(A,1)").ci_low[0]
    low = parameters.filter((pl.col("parameter") == "ci95_low") & (pl.col("column") == "rad__poor"))
    assert low["value"].to_list() == pytest.approx([expected], rel=1e-14)
    assert low["level"].to_list() == ["ICC(A,1)"]
    _, parameters = prepared(rows, step("stability", without_rating="keep"), repeated={1: ratings})
    assert reasons(parameters) == {"rad__poor": "unstable"}


def test_targets_without_all_raters_do_not_count_and_repeated_ratings_are_refused() -> None:
    ratings = rated({"rad__good": 0.1})
    rows = table(rad__good=normal())
    lacking = ratings.filter(~((pl.col("rater") == "r1") & (pl.col("person_id") > "p01")))
    both = pl.concat([lacking, rated({"rad__full": 0.1})])
    two = rows.with_columns(rad__full=pl.lit(1.0))
    _, parameters = prepared(two, step("stability"), repeated={1: both})
    assert reasons(parameters) == {"rad__good": "no_coefficient"}
    # a reader who rated others, alone
    alone = ratings.filter(pl.col("rater") == "r0").with_columns(
        pl.lit("other").alias("rater"), pl.col("target") + "|other"
    )
    _, parameters = prepared(rows, step("stability"), repeated={1: ratings})
    _, with_alone = prepared(rows, step("stability"), repeated={1: pl.concat([ratings, alone])})
    assert with_alone.equals(parameters)
    with pytest.raises(FileError, match="of no feature there is a coefficient"):
        prepared(rows, step("stability"), repeated={1: lacking})
    with pytest.raises(FileError, match="2 ratings stand more than once"):
        prepared(rows, step("stability"), repeated={1: pl.concat([ratings, ratings[:1]])})
    with pytest.raises(FileError, match="no repeated measurements"):
        prepared(rows, step("stability"))


def test_bounds_of_a_stored_run_choose() -> None:
    stored = pl.DataFrame({"column": ["rad__a", "rad__b"], "ci95_low": [0.8, 0.7]})
    rows = table(rad__a=normal(), rad__b=normal())
    done, parameters = prepared(
        rows, step("stability", run="test retest", design="test_retest"), repeated={1: stored}
    )
    assert reasons(parameters) == {"rad__b": "unstable"}
    assert "rad__a" in done.columns


def test_cut_points() -> None:
    x = np.arange(N, dtype=float)
    target = ["WT"] * 12 + ["MUT"] * 18 + ["WT"] * 10
    rows = table(
        rad__x=x,
        rad__hole=[None] * 30 + [1.0] * 10,
        target=target,
        target__time_days=np.where(x < 9, 10.0, 300.0) + x,
        target__event=[1] * N,
    )
    done, _ = prepared(rows, step("cut_point", columns=["rad__x"]))
    assert done["rad__x"].to_list() == [0.0] * 15 + [1.0] * 25
    done, parameters = prepared(
        rows, step("cut_point", columns=["rad__*"], rule="quantile", quantile=0.9)
    )
    assert done["rad__x"].sum() == sum(x > np.quantile(x[:30], 0.9))
    assert reasons(parameters) == {"rad__hole": "no_cut_point"}
    _, parameters = prepared(rows, step("cut_point", columns=["rad__x"], rule="youden"))
    assert parameters.filter(pl.col("parameter") == "cut_point")["value"].to_list() == [11.5]
    assert "WT" in parameters["text"].to_list()
    _, parameters = prepared(rows, step("cut_point", columns=["rad__x"], rule="log_rank"))
    found = parameters.filter(pl.col("parameter") == "cut_point")["value"][0]
    time = rows["target__time_days"].to_numpy()[:30]
    statistics = {cut: survdiff(time, np.ones(30), x[:30] > cut)[0] for cut in np.arange(2.5, 26.5)}
    assert found == max(statistics, key=lambda cut: statistics[cut])
    with pytest.raises(FileError, match="needs a survival target"):
        prepared(rows.drop("target__event"), step("cut_point", columns=["rad__x"], rule="log_rank"))
    with pytest.raises(FileError, match="needs a target of two classes"):
        prepared(rows.drop("target"), step("cut_point", columns=["rad__x"], rule="youden"))


def test_harmonization_keeps_covariates_of_classes_and_is_applied_as_it_was_fitted() -> None:
    random = np.random.default_rng(6)
    sex = random.choice(["f", "m", "x"], size=N).tolist()
    effect = np.array([{"f": 0.0, "m": 4.0, "x": -4.0}[one] for one in sex])
    shift = np.array([0.0, 5.0] * (N // 2))
    rows = table(
        **{f"rad__f{number}": normal(number) + effect + shift for number in range(12)},
        clin__sex=sex,
    )
    done, parameters = prepared(rows, step("harmonization", preserve=["clin__sex"]))
    means = done.group_by("site").agg(pl.col("^rad__.*$").mean())
    spread = np.ptp(means.drop("site").to_numpy(), axis=0)
    assert spread.max() < 2 < 5
    levels = parameters.filter(pl.col("parameter") == "beta:clin__sex")["level"]
    assert set(levels) == {"m", "x"}
    strange = rows.with_columns(pl.lit("?").alias("clin__sex"))
    with pytest.raises(FileError, match=r"clin__sex \?, as no training row is"):
        apply(strange, parameters)
    nobody = rows.with_columns(pl.lit(None, pl.String).alias("clin__sex"))
    with pytest.raises(FileError, match="40 rows have no clin__sex"):
        apply(nobody, parameters)
    with pytest.raises(FileError, match="40 rows are of site C, which no training row is of"):
        apply(rows.with_columns(pl.lit("C").alias("site")), parameters)


def test_what_cannot_be_harmonized_is_refused() -> None:
    rows = table(rad__a=normal(1), rad__b=normal(2))
    with pytest.raises(FileError, match="batch A has 15 training rows, fewer than 20"):
        prepared(rows, step("harmonization", minimum_batch=20))
    with pytest.raises(FileError, match="of one site"):
        prepared(rows.with_columns(pl.lit("A").alias("site")), step("harmonization"))
    with pytest.raises(FileError, match="no training row is of the reference batch C"):
        prepared(rows, step("harmonization", reference="C"))
    with pytest.raises(FileError, match="no column scanner to harmonize by"):
        prepared(rows, step("harmonization", batch="scanner"))
    with pytest.raises(FileError, match="no column clin__age to preserve"):
        prepared(rows, step("harmonization", preserve=["clin__age"]))
    with pytest.raises(FileError, match="1 features can be adjusted"):
        prepared(rows.drop("rad__b"), step("harmonization"))
    with pytest.raises(FileError, match="training rows have no site"):
        prepared(rows.with_columns(pl.lit(None, pl.String).alias("site")), step("harmonization"))
    with pytest.raises(ValidationError, match="which is no predictor"):
        step("harmonization", preserve=["idh_of_the_query"])
    with pytest.raises(ValidationError, match="target cannot be the batch"):
        step("harmonization", batch="target")


def test_steps_are_applied_one_after_the_other() -> None:
    rows = table(rad__x=[None, *normal()[1:].tolist()], rad__y=normal(4))
    done, parameters = prepared(
        rows, step("imputation", indicator=True), step("scaling"), step("correlation")
    )
    assert parameters["step_no"].unique().sort().to_list() == [1, 2, 3]
    trained = done["rad__x"][:30].to_numpy()
    assert trained.mean() == pytest.approx(0, abs=1e-15)
    assert trained.std(ddof=1) == pytest.approx(1)
    # an indicator is no measurement, and is not scaled
    assert done["rad__x__missing"].to_list() == [1.0] + [0.0] * 39
    with pytest.raises(WarehouseError, match="a step of kind unknown"):
        apply(rows, parameters.with_columns(pl.lit("unknown").alias("step")))
    with pytest.raises(FileError, match=r"step 1 \(scaling\): no column is like 'rad__z\*'"):
        prepared(rows, step("scaling", columns=["rad__z*"]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "imputation", "method": "constant"},
        {"kind": "imputation", "value": 1.0},
        {"kind": "cut_point", "columns": ["x"], "rule": "quantile"},
        {"kind": "cut_point"},
        {"kind": "stability", "design": "test_retest"},
        {"kind": "harmonization", "minimum_batch": 1},
        {"kind": "harmonization", "preserve": ["site"]},
    ],
)
def test_steps_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        step(**wrong)


def test_changes_between_visits_are_not_harmonized() -> None:
    """A change has no batch of its own: the values of its visits are harmonized before."""
    columns = {f"rad__delta_absolute__week_6__T1__WT__original__F{n}": normal(n) for n in (1, 2)}
    rows = table(**columns, **{f"rad__baseline__T1__WT__original__F{n}": normal(n) for n in (3, 4)})
    with pytest.raises(FileError, match=r"of 2 changes between visits, e\.g\. rad__del"):
        prepared(rows, step("harmonization"))
    visits, _ = prepared(rows, step("harmonization", columns=["rad__baseline__*"]))
    assert all(visits[name].to_list() == rows[name].to_list() for name in columns)
