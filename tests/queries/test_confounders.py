"""mart.feature_confounder against scipy and statsmodels, and mart.feature_duplicate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

N_PERSONS = 24
SITES = ("north", "south", "west")
SCANNERS = ("one", "two")
FEATURES = ("Contrast", "Energy", "Entropy")


@pytest.fixture
def cohort(warehouse: Any) -> pd.DataFrame:
    """Persons with ties, a missing value, unknown sites, and two sites that differ."""
    rng = np.random.default_rng(6)
    rows = []
    for number in range(N_PERSONS):
        patient = f"p{number:02}"
        site = None if number % 8 == 7 else SITES[number % 3]
        scanner = SCANNERS[number % 2]
        volume = float(rng.integers(1, 12)) * 100
        contrast = volume / 100 + (number % 3) * 3 + float(rng.integers(0, 4))
        row = {"cohort_id": "C", "patient_id": patient, "person_id": patient.upper()}
        warehouse.add_once("study.patient", row | {"site": site})
        values = {
            "Contrast": contrast,
            "Energy": None if number == 5 else float(rng.normal()),
            "Entropy": 7.0,
            "Again": contrast,
        }
        warehouse.measure(values, patient_id=patient, volume_mm3=volume, scanner=scanner)
        rows.append({**values, "volume": volume, "site": site, "scanner": scanner})
    warehouse.measure(patient_id="p99", status="failed")
    return pd.DataFrame(rows)


def eta_squared(frame: pd.DataFrame, feature: str, factor: str) -> float:
    known = frame.dropna(subset=[feature, factor])
    table = anova_lm(ols(f"{feature} ~ C({factor})", data=known).fit())
    between, within = table["sum_sq"]
    return float(between / (between + within))


def test_confounders_are_those_of_scipy_and_statsmodels(
    warehouse: Any, cohort: pd.DataFrame
) -> None:
    rows = {r["feature"]: r for r in warehouse.rows("FROM mart.feature_confounder")}
    assert set(rows) == {*FEATURES, "Again"}
    for feature in ("Contrast", "Energy"):
        known = cohort.dropna(subset=[feature])
        rho = spearmanr(known[feature], known["volume"]).statistic
        assert rows[feature]["spearman_volume"] == pytest.approx(rho, abs=1e-12)
        for factor in ("site", "scanner"):
            expected = eta_squared(cohort, feature, factor)
            assert rows[feature][f"eta_squared_{factor}"] == pytest.approx(expected, rel=1e-10)
        assert (rows[feature]["n_sites"], rows[feature]["n_scanners"]) == (3, 2)
    energy = rows["Energy"]
    assert (energy["n_persons"], energy["n_measured"]) == (N_PERSONS - 1, N_PERSONS + 1)
    assert energy["share_missing"] == pytest.approx(2 / 25, rel=1e-15)
    assert (energy["eta_squared_kernel"], energy["n_kernels"]) == (None, 0)


def test_nothing_is_said_of_a_constant(warehouse: Any, cohort: pd.DataFrame) -> None:
    assert len(cohort) == N_PERSONS
    (row,) = warehouse.rows("FROM mart.feature_confounder WHERE feature = 'Entropy'")
    assert row["constant"] is True
    said = ("spearman_volume", "eta_squared_site", "eta_squared_scanner", "eta_squared_kernel")
    assert [row[name] for name in said] == [None] * 4


def test_constants_and_duplicates_are_named(warehouse: Any, cohort: pd.DataFrame) -> None:
    assert len(cohort) == N_PERSONS
    columns = "feature, redundancy, constant_value, original_feature, original_sequence"
    rows = warehouse.rows(f"SELECT {columns} FROM mart.feature_duplicate ORDER BY feature")
    assert [tuple(row.values()) for row in rows] == [
        ("Contrast", "duplicate", None, "Again", "T1"),
        ("Entropy", "constant", 7.0, None, None),
    ]


def test_the_same_image_under_two_sequences_shows(warehouse: Any) -> None:
    for number in range(3):
        for sequence in ("T1", "T2"):
            given = {"patient_id": f"p{number}", "sequence": sequence}
            warehouse.measure({"Contrast": float(number)}, **given)
    warehouse.measure({"Contrast": 9.0}, patient_id="p9", sequence="T3")
    (row,) = warehouse.rows("FROM mart.feature_duplicate")
    assert (row["sequence"], row["original_sequence"], row["n_persons"]) == ("T2", "T1", 3)


def test_columns_of_other_persons_are_no_duplicates(warehouse: Any) -> None:
    for number in range(4):
        sequence = "T1" if number < 2 else "T2"
        value = float(number % 2)
        warehouse.measure({"Contrast": value}, patient_id=f"p{number}", sequence=sequence)
    assert warehouse.rows("FROM mart.feature_duplicate") == []
