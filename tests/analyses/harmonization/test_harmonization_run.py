"""Fit, rows and views on one study: parameters by named persons, values by SQL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from roentgene.analyses.harmonization.combat import UNKNOWN_BATCH, apply_combat, fit_combat
from roentgene.analyses.run import RunReport
from roentgene.schemas.analyses.harmonization import Harmonization
from roentgene.schemas.analyses.read import read_analysis
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.tables import table
from roentgene.warehouse.releases.store import find_release

Run = Callable[..., RunReport]
AGE = {"kind": "patient", "name": "age_at_day_zero"}
SEX = {"kind": "patient", "name": "sex"}
FOLD = {"release": "idh@1.0.0", "split": "sites", "fold": 1}
CONSTANT, HOLES = "original_glcm_F6", "original_glcm_F7"
RAW = """
SELECT f.person_id, f.timepoint_id, f.feature, f.value, p.site, p.age_at_day_zero AS age,
  CAST(p.sex = 'male' AS DOUBLE) AS male
FROM mart.patient_feature AS f
JOIN study.patient AS p USING (cohort_id, person_id)
ORDER BY person_id, timepoint_id, feature
"""


def wide(warehouse: Any, timepoint: str) -> pl.DataFrame:
    """Raw values, a person a row, as stored: what no view of harmonization has touched."""
    rows = warehouse.sql(RAW).pl().filter(pl.col("timepoint_id") == timepoint)
    keys = ["person_id", "site", "age", "male"]
    return rows.pivot(on="feature", index=keys, values="value").sort("person_id")


def wide_values(rows: pl.DataFrame, features: list[str]) -> Any:
    return rows.select(features).to_numpy()


def codes(sites: list[str | None], known: list[str]) -> Any:
    return np.array([known.index(s) if s in known else UNKNOWN_BATCH for s in sites], np.intp)


@pytest.mark.parametrize(
    ("changed", "reference", "mean_only", "covariates"),
    [
        ({}, None, False, False),
        ({"reference": "north"}, 1, False, False),
        ({"method": "mean_only"}, None, True, False),
        ({"preserve": [AGE, SEX]}, None, False, True),
        ({"preserve": [SEX, AGE], "reference": "south"}, 2, False, True),
    ],
)
def test_the_view_applies_what_the_core_fits(
    warehouse: Any,
    run: Run,
    changed: dict[str, Any],
    reference: int | None,
    mean_only: bool,
    covariates: bool,
) -> None:
    run(**changed)
    fitted = wide(warehouse, "baseline").filter(pl.col("site").is_not_null())
    features = sorted(name for name in fitted.columns if name.startswith("original"))
    known = ["east", "north", "south"]

    def given(rows: pl.DataFrame) -> Any:
        return rows.select("age", "male").to_numpy() if covariates else None

    model = fit_combat(
        wide_values(fitted, features),
        codes(fitted["site"].to_list(), known),
        given(fitted),
        reference=reference,
        mean_only=mean_only,
    )
    for timepoint in ("baseline", "week_6"):
        rows = wide(warehouse, timepoint)
        batch = codes(rows["site"].to_list(), known)
        expected = apply_combat(wide_values(rows, features), batch, model, given(rows))
        found = warehouse.sql(
            "SELECT person_id, feature, value, harmonized_value, status, reason, was_fitted "
            f"FROM mart.harmonized_feature WHERE timepoint_id = '{timepoint}'"
        ).pl()
        raw = wide_values(rows, features)
        assert found.height == np.isfinite(raw).sum()
        place = {person: number for number, person in enumerate(rows["person_id"])}
        for person, feature, value, harmonized, status, reason, was_fitted in found.rows():
            row, column = place[person], features.index(feature)
            assert value == raw[row, column]
            seen = batch[row] != UNKNOWN_BATCH
            assert was_fitted == (seen and timepoint == "baseline")
            if not seen:
                site = rows["site"][row]
                assert reason == ("batch_missing" if site is None else "unseen_batch")
            elif feature == CONSTANT:
                assert reason == "constant_in_batch"
            else:
                assert abs(harmonized - expected[row, column]) <= 1e-12 * np.nanmax(abs(expected))
                assert (status, reason) == ("ok", None)
                if batch[row] == reference:
                    assert harmonized == value
            if reason is not None:
                assert (status, harmonized) == ("not_harmonized", None)


def test_rows_say_what_was_fitted_on_whom(warehouse: Any, run: Run) -> None:
    report = run(persons=FOLD, preserve=[AGE, SEX], compare=[{"kind": "clinical", "name": "arm"}])
    (model,) = warehouse.sql("SELECT * FROM result.harmonization_model").pl().to_dicts()
    assert (model["persons"], model["release"], model["fold"]) == ("train", "idh@1.0.0", 1)
    assert (model["inner_fold"], model["split_id"], model["repeat"]) == (None, "sites", 1)
    assert (model["n_persons"], model["n_features"], model["n_adjusted"]) == (26, 8, 7)
    # the first fold of leave-site-out tests the first site
    batches = warehouse.sql("SELECT batch, n_persons FROM result.harmonization_batch ORDER BY ALL")
    assert batches.fetchall() == [("north", 13), ("south", 13)]
    site = (
        "SELECT DISTINCT site FROM result.harmonization_person JOIN study.patient USING (person_id)"
    )
    assert sorted(warehouse.sql(site).fetchall()) == [("north",), ("south",)]
    covariates = warehouse.sql(
        "SELECT source, variable, level, place, preserved FROM result.harmonization_covariate"
    ).fetchall()
    assert sorted(covariates, key=str) == [
        ("clinical", "arm", "A", 0, False),
        ("clinical", "arm", "B", 0, False),
        ("patient", "age_at_day_zero", None, 1, True),
        ("patient", "sex", "female", 0, True),
        ("patient", "sex", "male", 2, True),
    ]
    left_out = warehouse.sql(
        "SELECT feature, reason, gamma_star, grand_mean FROM result.harmonization "
        "WHERE status <> 'ok' ORDER BY batch"
    ).fetchall()
    assert left_out == [(CONSTANT, "constant_in_batch", None, None)] * 2
    counts = report.counts["models"]["T1|WT|original|pyradiomics"]
    assert counts["persons_fitted"] == report.counts["persons_of_the_fold"] == 26
    assert (counts["features_adjusted"], counts["features_constant_in_batch"]) == (7, 1)
    for name in report.tables:
        found = warehouse.arrow(f"SELECT * FROM {name}")
        for column in table(name).columns:
            used = set(found[column.name].unique().to_pylist()) - {None}
            assert not column.values or used <= set(column.values)
    assert not run(
        persons=FOLD, preserve=[AGE, SEX], compare=[{"kind": "clinical", "name": "arm"}]
    ).written


def test_a_run_numbers_its_batches_and_the_next_of_its_name_finds_them(
    warehouse: Any, run: Run
) -> None:
    sql = "SELECT run_name, batch, cell_no FROM result.harmonization_cell ORDER BY cell_no"
    first = run()
    numbers = warehouse.sql(sql).fetchall()
    sites = enumerate(("east", "north", "south"))
    assert numbers == [("sites", site, place) for place, site in sites]
    run(method="mean_only")
    assert warehouse.sql(sql).fetchall() == numbers
    run(name="scanners", batch="scanner")
    scanners = [("scanners", f"Scanner {one}", 3 + place) for place, one in enumerate("AB")]
    assert warehouse.sql(sql).fetchall() == numbers + scanners
    # the first run is current again, and its numbers are still its own
    assert not run().written
    sql = "SELECT DISTINCT run_name, analysis_run_id FROM mart.harmonized_feature"
    found = dict(warehouse.sql(sql).fetchall())
    assert sorted(found) == ["scanners", "sites"]
    assert found["sites"] == first.analysis_run_id


def test_only_training_persons_bend_the_parameters(warehouse: Any, run: Run) -> None:
    """The values of test persons are turned round and stretched; the parameters stay to the bit."""
    of_run = (
        "SELECT * EXCLUDE analysis_run_id FROM result.harmonization WHERE analysis_run_id = $id"
    )
    before, everybody = run(name="before", persons=FOLD), run(name="everybody")
    stretch = (
        "UPDATE imaging.feature_value SET value = {} * value WHERE measurement_id IN ("
        "SELECT measurement_id FROM imaging.measurement JOIN imaging.segmentation "
        "USING (cohort_id, segmentation_id) JOIN study.patient USING (cohort_id, patient_id) "
        "WHERE site = 'east')"
    )
    warehouse.con.execute(stretch.format(-8.0))
    warehouse.add({"ops.batch": [{"batch_id": "b2", "committed_at": 0}]})
    try:
        after, moved = run(name="after", persons=FOLD), run(name="everybody")
    finally:
        warehouse.con.execute(stretch.format(-0.125))
    found = [
        warehouse.arrow(f"{of_run} ORDER BY ALL", {"id": one.analysis_run_id})
        for one in (before, after)
    ]
    assert found[0].num_rows == 16
    assert found[0].equals(found[1])
    assert before.fingerprint == after.fingerprint
    # the guard sees it where everybody is fitted
    assert moved.fingerprint != everybody.fingerprint


def test_the_outcome_is_refused(run: Run) -> None:
    def clinical(name: str) -> dict[str, str]:
        return {"kind": "clinical", "name": name}

    with pytest.raises(FileError, match=r"clinical:os_months in 'preserve' is an outcome"):
        run(preserve=[clinical("os_months")])
    with pytest.raises(FileError, match="tells the target IDH"):
        run(persons=FOLD, preserve=[{"kind": "biomarker", "name": "IDH"}])
    with pytest.raises(FileError, match=r"clinical:idh1_status in 'preserve' tells the target"):
        run(persons=FOLD, preserve=[clinical("idh1_status")])
    with pytest.raises(FileError, match=r"clinical:idh1_status in 'batch' tells the target"):
        run(persons=FOLD, batch={"variable": "idh1_status"})
    # what is only looked at is let in, for it fits nothing
    assert run(persons=FOLD, compare=[clinical("idh1_status")]).written


def test_small_and_confounded_batches_are_refused_with_their_table(run: Run) -> None:
    with pytest.raises(FileError, match=r"east 14, north 13, south 13; fewer than 14 in north, s"):
        run(minimum_batch=14)
    with pytest.raises(FileError, match="none is of the reference west"):
        run(reference="west")
    with pytest.raises(FileError, match=r"persons by arm: A 36, B 5; fewer than 6 in B"):
        run(batch={"variable": "arm"}, minimum_batch=6)
    told = (
        r"clinical:hospital: east \(hospital east 14, hospital north 0, hospital south 0\), north"
    )
    with pytest.raises(FileError, match=told):
        run(preserve=[{"kind": "clinical", "name": "hospital"}])
    with pytest.raises(FileError, match=r"grade: east \(grade 2 14, grade 3 0, grade 4 0\)"):
        run(preserve=[{"kind": "clinical", "name": "grade"}])


def test_other_batches_and_wrong_names(warehouse: Any, run: Run) -> None:
    run(batch="scanner")
    batches = warehouse.sql("SELECT batch, n_persons FROM result.harmonization_batch ORDER BY ALL")
    assert batches.fetchall() == [("Scanner A", 20), ("Scanner B", 21)]
    with pytest.raises(FileError, match="persons by kernel: none; two batches are needed"):
        run(batch="kernel")
    with pytest.raises(FileError, match=r"nobody has a value of clinical:kpss.*did you mean.*kps"):
        run(preserve=[{"kind": "clinical", "name": "kpss"}])
    with pytest.raises(FileError, match="no raw values of cohort C at week_9"):
        run(timepoint="week_9")
    with pytest.raises(FileError, match="there is no release"):
        run(persons=FOLD | {"release": "idg@1.0.0"})
    with pytest.raises(FileError, match="has no split sites, repeat 1, fold 9") as error:
        run(persons=FOLD | {"fold": 9})
    assert "cv, sites" in error.value.cure


def test_splits_that_are_not_those_of_the_release_fit_nobody(warehouse: Any, run: Run) -> None:
    folder, _ = find_release(warehouse.layout, "idh@1.0.0")
    file = folder / "splits.parquet"
    released = file.read_bytes()
    try:
        # test persons among those who are fitted on: nothing else would tell
        splits = pl.read_parquet(file).with_columns(role=pl.lit("train"))
        splits.write_parquet(file)
        with pytest.raises(WarehouseError, match=r"splits\.parquet has changed"):
            run(persons=FOLD)
    finally:
        file.write_bytes(released)


def test_a_change_of_scanner_is_two_batches_of_a_delta(warehouse: Any, run: Run) -> None:
    run(batch="scanner")
    rows = warehouse.sql(
        "SELECT d.*, a.harmonized_value AS earlier, b.harmonized_value AS later "
        "FROM mart.harmonized_delta AS d "
        "JOIN mart.harmonized_feature AS a ON a.person_id = d.person_id AND a.feature = d.feature "
        "AND a.timepoint_id = d.baseline_timepoint_id "
        "JOIN mart.harmonized_feature AS b ON b.person_id = d.person_id AND b.feature = d.feature "
        "AND b.timepoint_id = d.timepoint_id"
    ).pl()
    moved = rows.filter(pl.col("batch") != pl.col("baseline_batch"))
    assert 0 < moved["person_id"].n_unique() < rows["person_id"].n_unique()
    ok = rows.filter(pl.col("delta_status") == "ok")
    assert ok.height > 250
    assert (ok["baseline_value"] - ok["earlier"]).abs().max() == 0
    assert (ok["delta_absolute"] - (ok["later"] - ok["earlier"])).abs().max() < 1e-12
    assert (ok["was_fitted"]).all()
    held = rows.filter(pl.col("delta_status") == "not_harmonized")
    assert set(held["delta_reason"]) == {"constant_in_batch"}
    assert held["delta_absolute"].null_count() == held.height


@pytest.mark.parametrize(
    "given",
    [
        {"view": "delta_radiomics"},
        {"measure": "delta_relative"},
        {"features": ["delta_absolute__WT__original_glcm_F1"]},
    ],
)
def test_deltas_are_refused_by_name(spec: Callable[..., Harmonization], given: Any) -> None:
    with pytest.raises(ValueError, match=r"read the changes of those from mart\.harmonized_delta"):
        spec(**given)


def test_an_analysis_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(
        "analysis: harmonization\nname: sites\ncohort_id: C\ntimepoint: baseline\n"
        "batch: {variable: arm}\npersons: {release: idh@1.0.0, split: cv, fold: 2}\n",
        encoding="utf-8",
    )
    read = read_analysis(path)
    assert isinstance(read, Harmonization)
    assert read.persons != "all"
    assert read.persons.fold == 2
    with pytest.raises(ValueError, match="cannot be the batch and be kept"):
        Harmonization.model_validate(
            read.model_dump() | {"preserve": [{"kind": "clinical", "name": "arm"}]}
        )


def test_the_share_of_the_site_falls_and_that_of_biology_stays(warehouse: Any, run: Run) -> None:
    """Shares of variance against statsmodels and scipy, feature by feature."""
    from scipy import stats
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    run(preserve=[AGE, SEX])
    shares = warehouse.sql("SELECT * FROM mart.site_variance").pl()
    rows = warehouse.sql(
        "SELECT h.feature, h.value AS before, h.harmonized_value AS after, h.batch, "
        "p.age_at_day_zero AS age, p.sex FROM mart.harmonized_feature AS h "
        "JOIN study.patient AS p USING (cohort_id, patient_id) "
        "WHERE h.was_fitted AND h.status = 'ok'"
    ).df()
    assert shares.height == 3 * 7
    for share in shares.iter_rows(named=True):
        part = rows[rows["feature"] == share["feature"]]
        assert share["n_persons"] == len(part)
        for moment in ("before", "after"):
            values = part[moment]
            explained, ranked = share[f"explained_{moment}"], share[f"rank_explained_{moment}"]
            if share["factor"] == "patient:age_at_day_zero":
                assert share["n_groups"] is None
                assert explained == pytest.approx(
                    stats.pearsonr(values, part["age"])[0] ** 2, rel=1e-9
                )
                assert ranked == pytest.approx(
                    stats.spearmanr(values, part["age"])[0] ** 2, rel=1e-9
                )
                continue
            name = "batch" if share["factor"] == "batch" else "sex"
            squares = anova_lm(ols(f"{moment} ~ C({name})", part).fit())["sum_sq"]
            assert explained == pytest.approx(squares.iloc[0] / squares.sum(), rel=1e-9)
            groups = [group[moment].to_numpy() for _, group in part.groupby(name)]
            assert share["n_groups"] == len(groups)
            h = stats.kruskal(*groups).statistic
            assert ranked == pytest.approx(h / (len(part) - 1), rel=1e-9)
    mean = shares.group_by("factor").agg(pl.col("^explained.*$").mean())
    by_factor = {row["factor"]: row for row in mean.iter_rows(named=True)}
    assert (
        by_factor["batch"]["explained_before"] > 0.4 > 0.1 > by_factor["batch"]["explained_after"]
    )
    assert (
        by_factor["patient:sex"]["explained_after"] > by_factor["patient:sex"]["explained_before"]
    )
