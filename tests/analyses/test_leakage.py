"""Models on pure noise: by the numeric cores, and through a delivery and its releases."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from roentgene.schemas.errors import RoentgeneError

SEEDS = 3
FORM_SEEDS = 30


@pytest.fixture(scope="module")
def leakage() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        # as for who runs the file, the folder of the benchmarks is where it finds its neighbours
        patch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
        yield importlib.import_module("leakage")


@pytest.mark.slow
def test_only_what_saw_the_target_finds_it_in_noise(leakage: ModuleType) -> None:
    areas = np.array([leakage.areas_of_seed(seed) for seed in range(FORM_SEEDS)])
    means = areas.mean(axis=0)
    error = areas.std(axis=0, ddof=1) / np.sqrt(FORM_SEEDS)
    for sites in (0, 1):
        _, honest, on_all, covariate = means[sites]
        assert abs(honest - 0.5) < 3 * error[sites, 1]
        # on the same persons and folds, so that what seeds have in common is no noise
        higher = areas[:, sites, 3] - areas[:, sites, 1]
        assert higher.mean() > 3 * higher.std(ddof=1) / np.sqrt(FORM_SEEDS)
        assert on_all < honest < covariate
    # where sites differ, who does not harmonize finds the site, and by the site the target
    assert means[1, 0] > 0.6
    assert abs(means[0, 0] - 0.5) < 3 * error[0, 0]


@pytest.mark.slow
def test_leaks_are_seen(leakage: ModuleType) -> None:
    honest = np.mean([leakage.areas_of_seed(seed)[1, 1] for seed in range(SEEDS)])
    for leak in leakage.LEAKS:
        areas = [leak.score(seed) for seed in range(SEEDS)]
        assert np.mean(areas) > max(honest, 0.5) + 0.02, leak.name


@pytest.mark.slow
def test_releases_come_to_the_same_areas(leakage: ModuleType, tmp_path: Path) -> None:
    leakage.check_releases(tmp_path, 1)
    study = leakage.Study(tmp_path / "warehouse", tmp_path / "delivery")
    # what was switched on by hand is refused unless it is
    for change, leak in (
        ({"features": [{"timepoint": ["baseline", "later"]}]}, "after_anchor"),
        ({"clinical": [{"variables": ["twin"]}]}, "target_equivalent"),
        ({"prepare": leakage.FORMS[3].change["prepare"]}, "target_as_covariate"),
    ):
        with pytest.raises(RoentgeneError, match=leak):
            study.release(0, f"refused-{leak}".replace("_", "-"), change)


def test_sites_that_are_alike_have_the_same_labels_and_gaps(leakage: ModuleType) -> None:
    differ, alike = leakage.noise(5), leakage.noise(5, sites_differ=False)
    assert differ.sites == alike.sites
    assert np.array_equal(differ.labels, alike.labels)
    assert np.array_equal(np.isnan(differ.values), np.isnan(alike.values))
    of_site = np.array(alike.sites)
    shares = [float(alike.labels[of_site == site].mean()) for site in "ABC"]
    assert shares == pytest.approx([0.3, 0.7, 0.5])
    spread = [
        np.std([np.nanmean(drawn.values[of_site == site], axis=0) for site in "ABC"], axis=0).mean()
        for drawn in (differ, alike)
    ]
    assert spread[0] > 3 * spread[1]


def test_the_area_is_that_of_pairs(leakage: ModuleType) -> None:
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 9, size=40).astype(float), random.uniform(size=40) < 0.4
    pairs = scores[positive][:, None] - scores[~positive][None, :]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert leakage.auc(scores, positive) == pytest.approx(expected, rel=1e-14)
