"""Who is at risk at each event, and the partial likelihood of many one-feature models at once."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats

Ties = Literal["efron", "breslow"]


class RiskSets(NamedTuple):
    """The order of events, made once for all models of the same persons.

    Persons stand latest first, and at one time the censored before those with an event, so that
    a running sum up to a person is the sum over everybody at risk.

    Parameters
    ----------
    order : ndarray of int, shape (persons,)
        Persons in that order.
    deaths : ndarray of int, shape (events,)
        Places of those with an event in ``order``.
    last : ndarray of int, shape (events,)
        Place of the last person at risk at each event.
    first_tied : ndarray of int, shape (events,)
        Place of the first of those whose event was at the same time: all before it outlived the
        event, or were censored at its time.
    share : ndarray, shape (events,)
        Part of the tied events that counts as gone already: 0, 1/d, 2/d … of d tied ones by
        Efron, 0 by Breslow.
    tied : ndarray of int, shape (distinct times,)
        Where in ``deaths`` the events of each distinct time begin.
    """

    order: NDArray[np.intp]
    deaths: NDArray[np.intp]
    last: NDArray[np.intp]
    first_tied: NDArray[np.intp]
    share: Floats
    tied: NDArray[np.intp]


class Likelihood(NamedTuple):
    """Log partial likelihood (models,), its score (models, p) and information (models, p, p)."""

    loglik: Floats
    score: Floats
    information: Floats


class Moments(NamedTuple):
    """Weighted moments of the covariates over each risk set.

    ``log_weight`` (models, events) is the logarithm of the sum of weights, ``mean`` has the shape
    (p, models, events) and ``covariance`` (p, p, models, events).
    """

    log_weight: Floats
    mean: Floats
    covariance: Floats


def risk_sets(time: Floats, event: NDArray[np.bool_], ties: Ties) -> RiskSets:
    """Order persons and find who is at risk at each event.

    Parameters
    ----------
    time : ndarray, shape (persons,)
        Time to the event or to the end of follow-up.
    event : ndarray of bool, shape (persons,)
        Whether the event was seen.
    ties : {"efron", "breslow"}
        How tied events are handled.

    References
    ----------
    Efron 1977, doi 10.1080/01621459.1977.10480613; Breslow 1974, doi 10.2307/2529620.

    Examples
    --------
    >>> time, event = np.array([5.0, 3.0, 3.0, 1.0]), np.array([False, True, True, True])
    >>> sets = risk_sets(time, event, "efron")
    >>> sets.last.tolist(), sets.share.tolist()
    ([2, 2, 3], [0.0, 0.5, 0.0])
    """
    order = np.lexsort((event, -time))
    deaths = np.flatnonzero(event[order])
    _, tied, n_tied = np.unique(-time[order][deaths], return_index=True, return_counts=True)
    last = np.repeat(deaths[tied] + n_tied - 1, n_tied)
    nth = np.arange(deaths.size) - np.repeat(tied, n_tied)
    share = nth / np.repeat(n_tied, n_tied) if ties == "efron" else np.zeros(deaths.size)
    return RiskSets(order, deaths, last, np.repeat(deaths[tied], n_tied), share, tied)


def moments(x: Floats, coefficients: Floats, sets: RiskSets) -> Moments:
    """Mean and covariance of the covariates over each risk set, weighted by the hazard.

    Parameters
    ----------
    x : ndarray, shape (p, models, persons)
        Covariates, persons in the order of ``sets``; sums are best where they are centred.
    coefficients : ndarray, shape (models, p)
        Coefficients of each model.
    sets : RiskSets
        Order of events.
    """
    predictor = np.einsum("pmn,mp->mn", x, coefficients)
    highest = predictor.max(axis=1, keepdims=True)
    weight = np.exp(predictor - highest)
    total = _over_risk_sets(weight, sets)
    mean = np.stack([_over_risk_sets(weight * one, sets) for one in x]) / total
    covariance = np.empty((x.shape[0], *mean.shape))
    for i in range(x.shape[0]):
        for j in range(i + 1):
            product = _over_risk_sets(weight * x[i] * x[j], sets) / total
            covariance[i, j] = covariance[j, i] = product - mean[i] * mean[j]
    return Moments(np.log(total) + highest, mean, covariance)


def likelihood(x: Floats, coefficients: Floats, sets: RiskSets) -> Likelihood:
    """Log partial likelihood of each model, with its first and second derivatives.

    Parameters are those of :func:`moments`. The order in which numbers are added is that of
    ``sets`` whatever the number of threads or models.
    """
    found = moments(x, coefficients, sets)
    of_deaths = x[:, :, sets.deaths]
    predictor = np.einsum("pmn,mp->mn", of_deaths, coefficients)
    return Likelihood(
        (predictor - found.log_weight).sum(axis=1),
        (of_deaths - found.mean).sum(axis=2).T,
        np.moveaxis(found.covariance.sum(axis=3), 2, 0),
    )


def _over_risk_sets(values: Floats, sets: RiskSets) -> Floats:
    """Sum over everybody at risk at each event, less the share of those who go with it."""
    at_risk: Floats = np.cumsum(values, axis=1)[:, sets.last]
    if not sets.share.any():
        return at_risk
    going = np.add.reduceat(values[:, sets.deaths], sets.tied, axis=1)
    n_tied = np.diff(np.append(sets.tied, sets.deaths.size))
    return np.asarray(at_risk - sets.share * np.repeat(going, n_tied, axis=1))
