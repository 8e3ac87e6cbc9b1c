"""The metrics of one structure, each with its unit, and a reason where it has no value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.dose.dvh import Dvh, make_dvh
from roentgene.ingest.dose.eqd2 import Delivery, bed, eqd2
from roentgene.ingest.dose.metric_names import VOLUME, MetricName
from roentgene.ingest.dose.settings import DoseSettings, parameter_of

_MM3_PER_CM3 = 1000.0


@dataclass(frozen=True)
class DoseMetric:
    """A value of a structure, as a row of ``imaging.dose_feature`` has it.

    Parameters
    ----------
    feature : str
        Name of the metric: Dmean, D95, V20Gy, EQD2_Dmean, volume.
    unit : {'Gy', 'percent', 'cm3'}
        Unit of the value.
    value : float or None
        None where the status is ``undefined``.
    status : {'ok', 'undefined', 'approximate'}
        Whether there is a value; ``approximate`` where a part of the structure lies outside the
        dose grid and the value is that of the rest.
    reason : str or None
        Reason code where the status is not ``ok``.
    """

    feature: str
    unit: str
    value: float | None
    status: Literal["ok", "undefined", "approximate"] = "ok"
    reason: str | None = None


@dataclass(frozen=True)
class _Asked:
    structure: str
    settings: DoseSettings
    delivery: Delivery


def measure_structure(
    structure: str,
    doses: NDArray[np.float64],
    voxel_volume_mm3: float,
    settings: DoseSettings,
    delivery: Delivery,
    weights: NDArray[np.float64] | None = None,
    n_beyond: int = 0,
) -> tuple[DoseMetric, ...]:
    """Measure a structure.

    Parameters
    ----------
    structure : str
        Its name, by which ``geud_a`` and ``alpha_beta`` are looked up.
    doses : ndarray, shape (n,)
        Doses of its voxels in Gy; NaN for those outside the dose grid.
    voxel_volume_mm3 : float
        Volume of a voxel in cubic millimetres.
    settings : DoseSettings
        What is asked.
    delivery : Delivery
        Fractions and kind of the dose.
    weights : ndarray, shape (n,), optional
        Share of each voxel, 0 to 1, that belongs to the structure.
    n_beyond : int
        Voxels of the structure outside the dose grid that are not among ``doses``.

    Returns
    -------
    tuple of DoseMetric
        The volume, and each metric in the order asked: always the same rows, whatever is missing.
        Reasons are ``label_absent`` for a structure without a voxel, ``dose_grid_too_small`` and
        ``dose_grid_partial``, ``structure_below_volume``, ``parameter_not_stated``,
        ``fractions_unknown``, ``mixed_fractionation`` and ``dose_not_physical``.
    """
    shares = np.ones(doses.shape) if weights is None else weights
    outside = np.isnan(doses)
    whole, missing = float(shares.sum()) + n_beyond, float(shares[outside].sum()) + n_beyond
    volume = DoseMetric(VOLUME, "cm3", whole * voxel_volume_mm3 / _MM3_PER_CM3)
    if not whole:
        return volume, *_without_value(settings, "label_absent")
    if delivery.dose_type == "ERROR":
        return volume, *_without_value(settings, "dose_not_physical")
    if missing == whole or 100 * missing > settings.max_outside_percent * whole:
        return volume, *_without_value(settings, "dose_grid_too_small")
    dvh = make_dvh(doses[~outside], voxel_volume_mm3, shares[~outside])
    if dvh is None:
        return volume, *_without_value(settings, "label_absent")
    asked = _Asked(structure, settings, delivery)
    rows = [row for metric in settings.parsed_metrics for row in _rows(metric, dvh, asked)]
    return volume, *(_marked(row) if missing else row for row in rows)


def _without_value(settings: DoseSettings, reason: str) -> Iterator[DoseMetric]:
    for metric in settings.parsed_metrics:
        yield from _undefined(metric, reason)


def _undefined(metric: MetricName, reason: str) -> list[DoseMetric]:
    return [DoseMetric(metric.name, unit, None, "undefined", reason) for unit in metric.units]


def _marked(row: DoseMetric) -> DoseMetric:
    if row.status != "ok":
        return row
    return DoseMetric(row.feature, row.unit, row.value, "approximate", "dose_grid_partial")


def _rows(metric: MetricName, dvh: Dvh, asked: _Asked) -> list[DoseMetric]:
    if metric.scale != "physical":
        converted = _converted(metric, dvh, asked)
        if isinstance(converted, str):
            return _undefined(metric, converted)
        dvh = converted
    if metric.kind == "volume_receiving":
        receiving = dvh.volume_receiving(metric.amount or 0.0)
        return [
            DoseMetric(metric.name, "percent", 100 * receiving / dvh.volume_cm3),
            DoseMetric(metric.name, "cm3", receiving),
        ]
    if metric.kind == "geud":
        a = parameter_of(asked.structure, asked.settings.geud_a)
        if a is None:
            return _undefined(metric, "parameter_not_stated")
        return [DoseMetric(metric.name, "Gy", dvh.geud(a))]
    value = _dose(metric, dvh)
    if value is None:
        return _undefined(metric, "structure_below_volume")
    return [DoseMetric(metric.name, "Gy", value)]


def _converted(metric: MetricName, dvh: Dvh, asked: _Asked) -> Dvh | str:
    """Histogram of converted doses, or the reason code why there is none."""
    why_not = asked.delivery.why_no_bed()
    if why_not is not None or asked.delivery.fractions is None:
        return why_not or "fractions_unknown"
    alpha_beta = parameter_of(asked.structure, asked.settings.alpha_beta)
    if alpha_beta is None:
        return "parameter_not_stated"
    convert = eqd2 if metric.scale == "EQD2" else bed
    # both rise with the dose, so that the voxels stay in their order
    return Dvh(convert(dvh.doses, asked.delivery.fractions, alpha_beta), dvh.volumes_cm3)


def _dose(metric: MetricName, dvh: Dvh) -> float | None:
    if metric.kind == "mean":
        return dvh.mean
    if metric.kind == "maximum":
        return dvh.maximum
    if metric.kind == "minimum":
        return dvh.minimum
    if metric.kind == "dose_to_share":
        return dvh.dose_to_share(metric.amount or 0.0)
    return dvh.dose_to_volume(metric.amount or 0.0)
