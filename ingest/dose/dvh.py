"""The dose-volume histogram of a structure, taken from its voxels without any bins.

A voxel has one dose, and all of its volume has it. Nothing is interpolated: a dose that is read
off the histogram is the dose of a voxel, a volume is that of whole voxels. Programs that keep
histograms differ from this by up to a bin (often 0.01 Gy), those that interpolate between voxels
by up to the step to the next voxel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Doses = NDArray[np.float64]

_MM3_PER_CM3 = 1000.0
# 0.07 * 100 is more than 7, and 500000 stored steps of 1.4e-5 Gy need not be 7 Gy to the last bit
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Dvh:
    """Cumulative dose-volume histogram of a structure with at least one voxel.

    Parameters
    ----------
    doses : ndarray, shape (n,)
        Doses of the voxels in Gy, the highest first.
    volumes_cm3 : ndarray, shape (n,)
        Volume of the voxels up to each dose, itself included, in cm3.
    """

    doses: Doses
    volumes_cm3: Doses

    @property
    def volume_cm3(self) -> float:
        """Volume of the structure in cm3."""
        return float(self.volumes_cm3[-1])

    @property
    def maximum(self) -> float:
        """Highest dose of a voxel in Gy."""
        return float(self.doses[0])

    @property
    def minimum(self) -> float:
        """Lowest dose of a voxel in Gy."""
        return float(self.doses[-1])

    @property
    def mean(self) -> float:
        """Mean dose in Gy, voxels weighted by their volume."""
        return float(np.sum(self._shares * self.doses))

    @cached_property
    def _shares(self) -> Doses:
        return np.diff(self.volumes_cm3, prepend=0.0) / self.volume_cm3

    def dose_to_share(self, percent: float) -> float:
        """Lowest dose in Gy within the hottest ``percent`` % of the volume: D95, D2.

        The highest dose that at least that share of the volume receives (ICRU report 83, 2010,
        section 3.4), voxels taken whole: ``-numpy.percentile(-doses, percent,
        method="inverted_cdf")``.

        Parameters
        ----------
        percent : float
            Share of the volume, above 0 and at most 100.
        """
        return self._dose_to(self.volume_cm3 * percent / 100)

    def dose_to_volume(self, volume_cm3: float) -> float | None:
        """Lowest dose in Gy within the hottest ``volume_cm3`` cm3: D0.1cc, D2cc.

        Parameters
        ----------
        volume_cm3 : float
            Volume in cm3, above 0.

        Returns
        -------
        float or None
            None if the structure is smaller than that.
        """
        if volume_cm3 * (1 - _ROUNDING) > self.volume_cm3:
            return None
        return self._dose_to(volume_cm3)

    def _dose_to(self, volume_cm3: float) -> float:
        enough = np.searchsorted(self.volumes_cm3, volume_cm3 * (1 - _ROUNDING), side="left")
        return float(self.doses[min(int(enough), self.doses.size - 1)])

    def volume_receiving(self, dose: float) -> float:
        """Volume in cm3 of the voxels that receive at least a dose: V20Gy.

        Parameters
        ----------
        dose : float
            Dose in Gy.
        """
        rising = self.doses[::-1]
        n_below = int(np.searchsorted(rising, dose * (1 - _ROUNDING), side="left"))
        n_voxels = self.doses.size - n_below
        return float(self.volumes_cm3[n_voxels - 1]) if n_voxels else 0.0

    def geud(self, a: float) -> float:
        """Generalized equivalent uniform dose in Gy, ``(sum v_i D_i^a)^(1/a)``.

        ``v_i`` is the share of the volume that receives ``D_i`` (Niemierko, Med Phys 26:1100,
        1999; formula and examples in Gay and Niemierko, Phys Med 23:115, 2007). It is the mean
        for a = 1 and goes to the maximum for large, to the minimum for very negative ``a``. Where
        ``a`` is negative and a voxel has no dose it is 0, its limit.

        Parameters
        ----------
        a : float
            Not 0; negative for targets, 1 and more for organs at risk.

        Raises
        ------
        ValueError
            If ``a`` is 0 or no number, or a dose is negative.
        """
        if a == 0 or not np.isfinite(a) or self.minimum < 0:
            msg = "gEUD takes a finite a other than 0, and doses that are not negative"
            raise ValueError(msg)
        # in logarithms, so that 70 Gy to the power of 200 is a number
        with np.errstate(divide="ignore"):
            terms = a * np.log(self.doses) + np.log(self._shares)
        largest = float(terms.max())
        if np.isinf(largest):
            return 0.0
        logarithm = largest + float(np.log(np.sum(np.exp(terms - largest))))
        return float(np.exp(logarithm / a))


def make_dvh(doses: Doses, voxel_volume_mm3: float, weights: Doses | None = None) -> Dvh | None:
    """Make the histogram of a structure.

    Parameters
    ----------
    doses : ndarray, shape (n,)
        Doses of its voxels in Gy.
    voxel_volume_mm3 : float
        Volume of a voxel in cubic millimetres.
    weights : ndarray, shape (n,), optional
        Share of each voxel, 0 to 1, that belongs to the structure; all of it where left out.

    Returns
    -------
    Dvh or None
        None for a structure without a voxel.

    Raises
    ------
    ValueError
        If a dose is NaN or infinite, or shapes differ, or a weight is no share.

    Examples
    --------
    >>> dvh = make_dvh(np.array([10.0, 30.0, 20.0, 40.0]), 500.0)
    >>> dvh.volume_cm3, dvh.mean, dvh.dose_to_share(50), dvh.volume_receiving(20)
    (2.0, 25.0, 30.0, 1.5)
    """
    shares = np.ones(doses.shape) if weights is None else weights
    if doses.ndim != 1 or shares.shape != doses.shape:
        msg = f"doses of shape {doses.shape} and weights of shape {shares.shape} are not two lists"
        raise ValueError(msg)
    if not np.isfinite(doses).all() or not ((shares >= 0) & (shares <= 1)).all():
        msg = "a dose is no finite number, or a weight does not lie between 0 and 1"
        raise ValueError(msg)
    doses, shares = doses[shares > 0].astype(np.float64), shares[shares > 0]
    if not doses.size:
        return None
    hottest_first = np.argsort(-doses, kind="stable")
    volumes = np.cumsum(shares[hottest_first], dtype=np.float64) * voxel_volume_mm3 / _MM3_PER_CM3
    return Dvh(doses[hottest_first], volumes)
