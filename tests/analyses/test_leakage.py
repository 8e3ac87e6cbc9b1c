"""Models on pure noise, from the delivery through releases to the areas under their curves."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from roentgene.schemas.errors import RoentgeneError

SEEDS = 3


@pytest.fixture(scope="module")
def leakage() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "leakage.py"
    spec = importlib.util.spec_from_file_location("leakage", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["leakage"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_releases_find_nothing_in_noise_and_leaks_do(leakage: ModuleType, tmp_path: Path) -> None:
    study = leakage.make_study(tmp_path, SEEDS)
    honest, *others = leakage.WAYS
    found = np.mean([honest.score(study, seed) for seed in range(SEEDS)])
    assert abs(found - 0.5) < 0.12
    for way in others:
        if way.leaks:
            areas = [way.score(study, seed) for seed in range(SEEDS)]
            assert np.mean(areas) > max(found, 0.5) + 0.02, way.name
    # what was switched on by hand is refused unless it is
    for change, leak in (
        ({"features": [{"timepoint": ["baseline", "later"]}]}, "after_anchor"),
        ({"clinical": [{"variables": ["twin"]}]}, "target_equivalent"),
    ):
        with pytest.raises(RoentgeneError, match=leak):
            study.release(0, f"refused-{leak}".replace("_", "-"), change)


def test_the_area_is_that_of_pairs(leakage: ModuleType) -> None:
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 9, size=40).astype(float), random.uniform(size=40) < 0.4
    pairs = scores[positive][:, None] - scores[~positive][None, :]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert leakage.auc(scores, positive) == pytest.approx(expected, rel=1e-14)
