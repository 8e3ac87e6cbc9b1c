"""Methylation of the MGMT promoter from two probes of an Infinium array."""

from __future__ import annotations

from typing import Literal

import polars as pl

#: Probes of the model, present on the 27K, 450K and EPIC arrays.
PROBES = ("cg12434587", "cg12981137")

# logit p = 4.3215 + 0.5271 M(cg12434587) + 0.9265 M(cg12981137), methylated from 0.358 on
_INTERCEPT = 4.3215
_SLOPES = {"cg12434587": 0.5271, "cg12981137": 0.9265}
_CUT_OFF = 0.358


def mgmt_stp27(values: pl.DataFrame, unit: Literal["beta", "m_value"]) -> pl.DataFrame:
    """Tell the status of the MGMT promoter by the logistic model MGMT-STP27.

    Parameters
    ----------
    values : polars.DataFrame
        ``sample_id``, ``entity`` (the probe) and ``value``, one row a sample and probe.
    unit : {'beta', 'm_value'}
        What the values are. M is log2(beta / (1 - beta)).

    Returns
    -------
    polars.DataFrame
        ``sample_id``, ``result`` (``methylated`` or ``unmethylated``) and ``as_given``, the
        probability that it was told by, of the samples with a value of both probes. A beta of 0
        or 1 has no finite M; it counts as the probability of 0 or 1 that it leads to.

    Notes
    -----
    Bady et al. 2012, Acta Neuropathologica 124:547, doi 10.1007/s00401-012-1016-2; coefficients
    and cut-off (the one that classifies best) as the authors' R package mgmtstp27 0.8 prints them.

    Examples
    --------
    >>> values = pl.DataFrame(
    ...     {
    ...         "sample_id": ["TCGA-02-0007", "TCGA-02-0007"],
    ...         "entity": ["cg12434587", "cg12981137"],
    ...         "value": [-3.414182, -3.7471048],
    ...     }
    ... )
    >>> mgmt_stp27(values, "m_value").row(0)
    ('TCGA-02-0007', 'unmethylated', 'p = 0.2789')
    """
    known = values.drop_nulls("value")
    m = pl.col("value") if unit == "m_value" else (pl.col("value") / (1 - pl.col("value"))).log(2)
    slope = pl.col("entity").replace_strict(_SLOPES, default=None, return_dtype=pl.Float64)
    both = known.group_by("sample_id", maintain_order=True).agg(
        logit=_INTERCEPT + (m * slope).sum(), n_probes=pl.col("entity").n_unique()
    )
    p = 1 / (1 + (-pl.col("logit")).exp())
    # two probes at opposite ends, one of 0 and one of 1, say nothing
    told = both.filter(pl.col("n_probes") == len(PROBES), pl.col("logit").is_not_nan())
    return told.select(
        "sample_id",
        result=pl.when(p >= _CUT_OFF).then(pl.lit("methylated")).otherwise(pl.lit("unmethylated")),
        as_given=pl.format("p = {}", p.round(4)),
    )
