import numpy as np
import pytest

from roentgene.analyses.association.effective_tests import effective_tests


def test_independent_features_count_once_each_and_copies_not_at_all() -> None:
    from scipy.linalg import hadamard

    # ranks of two values, exactly uncorrelated
    independent = hadamard(16)[:, 1:9].astype(float)
    found = effective_tests(independent)
    assert found is not None
    assert found[2:] == pytest.approx((8.0, 8.0, 8.0))
    copies = effective_tests(np.repeat(independent[:, :1], 5, axis=1))
    assert copies is not None
    assert copies[2:] == pytest.approx((1.0, 1.0, 1.0), abs=1e-6)


def test_definitions_with_more_features_than_persons() -> None:
    values = np.random.default_rng(1).normal(size=(20, 45))
    values[:, 20:] += values[:, [0]]
    found = effective_tests(np.hstack([values, np.ones((20, 2))]))
    assert found is not None
    assert (found.n_features, found.n_persons) == (45, 20)
    ranks = values.argsort(axis=0).argsort(axis=0)
    e = np.maximum(np.linalg.eigvalsh(np.corrcoef(ranks.T)), 0)
    assert found.nyholt == pytest.approx(1 + 44 * (1 - e.var(ddof=1) / 45))
    assert found.galwey == pytest.approx(np.sqrt(e).sum() ** 2 / 45, rel=1e-6)
    e[e < 1e-9] = 0
    assert found.li_ji == pytest.approx(((e >= 1) + e - np.floor(e)).sum())


def test_only_complete_persons_count() -> None:
    values = np.random.default_rng(2).normal(size=(20, 4))
    values[3, 1] = np.nan
    found = effective_tests(values)
    assert found is not None
    assert found.n_persons == 19
    values[:, 0] = np.nan
    assert effective_tests(values) is None
    assert effective_tests(np.ones((20, 4))) is None
