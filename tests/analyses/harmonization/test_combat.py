from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from roentgene.analyses.constant import Floats
from roentgene.analyses.harmonization.combat import UNKNOWN_BATCH, apply_combat, fit_combat


def simulated(n_rows: int = 90, n_features: int = 30, seed: int = 1) -> tuple[Floats, Any]:
    random = np.random.default_rng(seed)
    batch = np.arange(n_rows) % 3
    values = random.normal(size=(n_rows, n_features)) * (1 + 0.5 * batch[:, None])
    return values + batch[:, None] * random.normal(size=n_features), batch


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("golden", "keywords", "covariates"),
    [
        ("sva_parametric_age_grp.csv", {}, True),
        ("sva_parametric_nocov.csv", {}, False),
        ("sva_parametric_age_grp_refbatch0.csv", {"reference": 0}, True),
        ("sva_meanonly_age_grp.csv", {"mean_only": True}, True),
    ],
)
def test_equals_sva(
    shared_data: Path, golden: str, keywords: dict[str, Any], covariates: bool
) -> None:
    folder = shared_data / "reference" / "sva_combat_golden"
    values = pl.read_csv(folder / "input.csv").drop("feature").to_numpy().T
    samples = pl.read_csv(folder / "samples.csv")
    batch = samples["batch"].to_numpy()
    kept = samples.select("age", "grp").cast(pl.Float64).to_numpy() if covariates else None
    expected = pl.read_csv(folder / golden).drop("feature").to_numpy().T
    model = fit_combat(values, batch, kept, **keywords)
    assert np.abs(apply_combat(values, batch, model, kept) - expected).max() < 1e-13
    settled = fit_combat(values, batch, kept, tolerance=1e-10, **keywords)
    assert np.abs(apply_combat(values, batch, settled, kept) - expected).max() < 2e-6


def test_batches_come_to_one_location_and_scale() -> None:
    values, batch = simulated(n_rows=600)
    adjusted = apply_combat(values, batch, fit_combat(values, batch))
    means = np.array([adjusted[batch == number].mean(axis=0) for number in range(3)])
    spreads = np.array([adjusted[batch == number].std(axis=0) for number in range(3)])
    before = np.array([values[batch == number].mean(axis=0) for number in range(3)])
    # locations are shrunken towards their mean over features, so a little is left
    assert np.ptp(means, axis=0).max() < 0.2 < 1 < np.ptp(before, axis=0).max()
    assert np.ptp(spreads, axis=0).max() < 0.3


def test_the_reference_batch_and_unknown_batches_stay_to_the_last_bit() -> None:
    values, batch = simulated()
    model = fit_combat(values, batch, reference=1)
    adjusted = apply_combat(values, batch, model)
    assert np.array_equal(adjusted[batch == 1], values[batch == 1])
    assert not np.isclose(adjusted[batch == 2], values[batch == 2]).any(axis=1).all()
    unknown = apply_combat(values, np.full(batch.shape, UNKNOWN_BATCH), model)
    assert np.array_equal(unknown, values)


def test_new_rows_get_the_parameters_of_the_fit() -> None:
    values, batch = simulated()
    model = fit_combat(values[:60], batch[:60])
    alone = apply_combat(values[60:], batch[60:], model)
    together = apply_combat(values, batch, model)[60:]
    assert np.array_equal(alone, together)


def test_constants_change_no_other_feature() -> None:
    values, batch = simulated()
    odd = values.copy()
    odd[:, 3] = 7.0
    odd[batch == 1, 4] = 2.0
    model = fit_combat(odd, batch)
    assert set(model.reason[[3, 4]]) == {"constant_in_batch"}
    rest = np.delete(np.arange(values.shape[1]), [3, 4])
    without = fit_combat(values[:, rest], batch)
    # trap: a constant poisons the priors of all others, by up to 0.04 where it is let in
    assert np.allclose(model.gamma_star[:, rest], without.gamma_star, rtol=1e-12, atol=0)
    adjusted = apply_combat(odd, batch, model)
    assert np.array_equal(adjusted[:, [3, 4]], odd[:, [3, 4]])
    assert np.isfinite(adjusted).all()


def test_what_batches_and_covariates_explain_wholly_changes_no_other_feature() -> None:
    values, batch = simulated()
    age = np.linspace(40.0, 80.0, values.shape[0])
    odd = values.copy()
    odd[:, 3] = 2 * age + 3 * batch
    model = fit_combat(odd, batch, age[:, None])
    assert model.reason[3] == "no_residual_variance"
    rest = np.delete(np.arange(values.shape[1]), 3)
    without = fit_combat(values[:, rest], batch, age[:, None])
    # trap: what rounding leaves of its variance makes a location of 1e15, which bends all priors
    assert np.allclose(model.gamma_star[:, rest], without.gamma_star, rtol=1e-10, atol=0)


def test_missing_values_stay_missing_and_move_only_their_feature_in_the_fit() -> None:
    values, batch = simulated()
    holes = values.copy()
    holes[[0, 7, 31], 5] = np.nan
    holes[batch == 2, 6] = np.nan
    model = fit_combat(holes, batch)
    assert model.reason[6] == "too_few_in_batch"
    complete = fit_combat(values, batch)
    others = np.delete(np.arange(values.shape[1]), [5, 6])
    assert np.allclose(model.var_pooled[others], complete.var_pooled[others], rtol=1e-12, atol=0)
    adjusted = apply_combat(holes, batch, model)
    assert np.array_equal(np.isnan(adjusted), np.isnan(holes))


def test_covariates_that_say_the_batch_are_refused() -> None:
    values, batch = simulated()
    with pytest.raises(ValueError, match="cannot be told apart"):
        fit_combat(values, batch, (batch == 1).astype(float)[:, None])
    with pytest.raises(ValueError, match="one batch alone"):
        fit_combat(values, np.zeros(batch.shape, np.intp))
    with pytest.raises(ValueError, match="1 features can be adjusted"):
        fit_combat(values[:, :1], batch)
    with pytest.raises(ValueError, match="vary alike"):
        fit_combat(values[:, [0, 0]], batch)


def test_the_effect_of_a_covariate_is_kept() -> None:
    values, batch = simulated(n_rows=300)
    random = np.random.default_rng(5)
    # older patients in the later batches
    age = batch + random.normal(size=batch.size)
    aged = values + 2.0 * age[:, None]
    with_age = apply_combat(aged, batch, fit_combat(aged, batch, age[:, None]), age[:, None])
    without = apply_combat(aged, batch, fit_combat(aged, batch))
    slope = [np.polyfit(age, feature, 1)[0] for feature in with_age.T]
    lost = [np.polyfit(age, feature, 1)[0] for feature in without.T]
    assert np.mean(slope) == pytest.approx(2.0, abs=0.1)
    assert np.mean(lost) < 1.6
