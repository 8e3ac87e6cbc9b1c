"""Doses of different fractionation on one scale: BED and EQD2 of the linear-quadratic model.

Both are taken voxel by voxel, for a voxel that receives half of the dose receives it in fractions
of half the size. Neither knows of time or of an incomplete repair between fractions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roentgene.schemas.words import DoseType

Doses = NDArray[np.float64]


@dataclass(frozen=True)
class Delivery:
    """How a dose was given.

    Parameters
    ----------
    fractions : int or None
        Number of fractions in which the whole dose of the grid is given; None if not known.
    uniform : bool
        Whether every fraction gives the same dose. It does not where a plan has several fraction
        groups or the grid sums several plans, and then no voxel's dose a fraction is known.
    dose_type : {'PHYSICAL', 'EFFECTIVE', 'ERROR'}
        What DICOM says of the dose; an effective one is weighted by its biological effect already.
    """

    fractions: int | None
    uniform: bool = True
    dose_type: DoseType = "PHYSICAL"

    def why_no_bed(self) -> str | None:
        """Reason code that keeps BED and EQD2 from being computed; None where nothing does."""
        if self.dose_type != "PHYSICAL":
            return "dose_not_physical"
        if not self.uniform:
            return "mixed_fractionation"
        return "fractions_unknown" if self.fractions is None else None


def bed(doses: Doses, fractions: int, alpha_beta: float) -> Doses:
    """Biologically effective dose, ``D (1 + d / (alpha/beta))`` with ``d = D / n``.

    Fowler, Br J Radiol 62:679, 1989, equation of fractionated treatment without a time factor.

    Parameters
    ----------
    doses : ndarray
        Total physical doses D in Gy.
    fractions : int
        Number n of equal fractions, at least 1.
    alpha_beta : float
        Alpha/beta of the tissue in Gy, above 0.

    Returns
    -------
    ndarray
        Doses in Gy of the same shape.

    Raises
    ------
    ValueError
        If ``fractions`` or ``alpha_beta`` is out of its range.

    Examples
    --------
    >>> bed(np.array([60.0]), 30, 10.0).tolist()
    [72.0]
    """
    _check(fractions, alpha_beta)
    return np.asarray(doses * (1 + doses / fractions / alpha_beta), dtype=np.float64)


def eqd2(doses: Doses, fractions: int, alpha_beta: float) -> Doses:
    """Dose that has the same effect in fractions of 2 Gy.

    ``D (d + alpha/beta) / (2 + alpha/beta)`` with ``d = D / n``: Withers, Thames and Peters,
    Radiother Oncol 1:187, 1983; called EQD2 in Joiner and Bentzen, Basic Clinical Radiobiology,
    equation 8.3 of the fourth edition.

    Parameters
    ----------
    doses : ndarray
        Total physical doses D in Gy.
    fractions : int
        Number n of equal fractions, at least 1.
    alpha_beta : float
        Alpha/beta of the tissue in Gy, above 0.

    Returns
    -------
    ndarray
        Doses in Gy of the same shape.

    Raises
    ------
    ValueError
        If ``fractions`` or ``alpha_beta`` is out of its range.

    Examples
    --------
    >>> eqd2(np.array([60.0, 30.0]), 20, 3.0).tolist()
    [72.0, 27.0]
    """
    _check(fractions, alpha_beta)
    per_fraction = doses / fractions
    return np.asarray(doses * (per_fraction + alpha_beta) / (2 + alpha_beta), dtype=np.float64)


def _check(fractions: int, alpha_beta: float) -> None:
    if fractions < 1 or not math.isfinite(alpha_beta) or alpha_beta <= 0:
        msg = f"{fractions} fractions and an alpha/beta of {alpha_beta} Gy give no dose"
        raise ValueError(msg)
