"""Features of a region by PyRadiomics' own formulas, on matrices that were counted elsewhere.

The classes here are PyRadiomics' feature classes; only how they come by their matrices is
replaced, and within first-order and GLCM a few sums that would be made many times over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from radiomics.firstorder import RadiomicsFirstOrder
from radiomics.glcm import RadiomicsGLCM
from radiomics.gldm import RadiomicsGLDM
from radiomics.glrlm import RadiomicsGLRLM
from radiomics.glszm import RadiomicsGLSZM
from radiomics.ngtdm import RadiomicsNGTDM

from roentgene.ingest.extract.fast import compiled as c
from roentgene.ingest.extract.fast.textures import Floats, TextureMatrices

_EPS = np.spacing(1)
_PERCENTS = (10, 25, 50, 75, 90)
# PyRadiomics warns of its own defaults once a matrix
_SILENT = logging.Logger("prepared", logging.CRITICAL + 10)


def intensity_features(
    values: NDArray[Any],
    matrices: TextureMatrices,
    spacing: tuple[float, float, float],
    settings: Mapping[str, Any],
    classes: Iterable[str],
) -> dict[str, float]:
    """Compute the features of the classes asked for, shape excepted.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Image values in the region.
    matrices : TextureMatrices
        What was counted in it.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    settings : mapping
        PyRadiomics' settings.
    classes : iterable of str
        PyRadiomics' names of classes.

    Returns
    -------
    dict of str to float
        Value by ``<class>_<name>``; NaN where the formula gives none.
    """
    found: dict[str, float] = {}
    for name in classes:
        if name == "firstorder":
            prepared: Any = _FirstOrder(values, matrices, spacing, settings)
        else:
            prepared = _TEXTURES[name](matrices, settings)
        for feature, value in prepared.execute().items():
            found[f"{name}_{feature}"] = float(value)
    return found


def prepare(feature_class: Any, settings: Mapping[str, Any] | None = None) -> None:
    """Give an object of a feature class what PyRadiomics' constructor would, but for its matrix."""
    feature_class.logger = _SILENT
    feature_class.settings = settings or {}
    feature_class.voxelBased = False
    feature_class.featureNames = _feature_names(type(feature_class))
    feature_class.enabledFeatures = {}
    feature_class.featureValues = {}
    feature_class.coefficients = {}


class _Prepared:
    """A class over grey levels whose matrix is there already."""

    coefficients: dict[str, Any]

    def _prepare(self, matrices: TextureMatrices, settings: Mapping[str, Any]) -> None:
        prepare(self, settings)
        self.coefficients["grayLevels"] = matrices.grey_levels
        self.coefficients["Ng"] = int(matrices.grey_levels[-1])

    def _initCalculation(self, voxelCoordinates: object = None) -> None:
        """Leave things as they were prepared."""


class _FirstOrder(_Prepared, RadiomicsFirstOrder):  # type: ignore[misc]
    """First-order statistics; what several of them need is computed once."""

    def __init__(
        self,
        values: NDArray[Any],
        matrices: TextureMatrices,
        spacing: tuple[float, float, float],
        settings: Mapping[str, Any],
    ) -> None:
        self._prepare(matrices, settings)
        self.pixelSpacing = spacing
        self.voxelArrayShift = settings.get("voxelArrayShift", 0)
        self._values = np.ascontiguousarray(values, dtype=np.float64)
        self.targetVoxelArray = self._values.reshape(1, -1)
        self._mean = self._values.mean()
        self._centred = self._values - self._mean
        squared = self._centred * self._centred
        self._moments = {
            2: squared.mean(),
            3: (squared * self._centred).mean(),
            4: (squared * squared).mean(),
        }
        shifted = self._values + self.voxelArrayShift
        self._energy = (shifted * shifted).sum()
        self._percentiles = dict(
            zip(
                (10, 25, 50, 75, 90), np.percentile(self._values, (10, 25, 50, 75, 90)), strict=True
            )
        )
        counts = matrices.level_counts.astype(np.float64)
        self.coefficients["p_i"] = (counts / counts.sum()).reshape(1, -1)

    def _moment(self, _values: object, moment: int = 1) -> Floats:
        return np.array([self._moments[moment]])

    def getEnergyFeatureValue(self) -> Floats:
        return np.array([self._energy])

    def getMinimumFeatureValue(self) -> Floats:
        return np.array([self._values.min()])

    def getMaximumFeatureValue(self) -> Floats:
        return np.array([self._values.max()])

    def getRangeFeatureValue(self) -> Floats:
        return np.array([self._values.max() - self._values.min()])

    def getMeanFeatureValue(self) -> Floats:
        return np.array([self._mean])

    def getMedianFeatureValue(self) -> Floats:
        return np.array([self._percentiles[50]])

    def get10PercentileFeatureValue(self) -> Floats:
        return np.array([self._percentiles[10]])

    def get90PercentileFeatureValue(self) -> Floats:
        return np.array([self._percentiles[90]])

    def getInterquartileRangeFeatureValue(self) -> Floats:
        return np.array([self._percentiles[75] - self._percentiles[25]])

    def getMeanAbsoluteDeviationFeatureValue(self) -> Floats:
        return np.array([np.abs(self._centred).mean()])

    def getRobustMeanAbsoluteDeviationFeatureValue(self) -> Floats:
        low, high = self._percentiles[10], self._percentiles[90]
        robust = self._values[(self._values >= low) & (self._values <= high)]
        return np.array([np.abs(robust - robust.mean()).mean()])

    def getRootMeanSquaredFeatureValue(self) -> Floats:
        return np.array([np.sqrt(self._energy / self._values.size)])

    def getVarianceFeatureValue(self) -> Floats:
        return np.array([self._moments[2]])


class _GLCM(_Prepared, RadiomicsGLCM):  # type: ignore[misc]
    """Grey level co-occurrence; marginals and MCC's matrix are summed in compiled code."""

    def __init__(self, matrices: TextureMatrices, settings: Mapping[str, Any]) -> None:
        self._prepare(matrices, settings)
        self.symmetricalGLCM = True
        self.P_glcm = _normalised(matrices.glcm)
        self._calculateCoefficients()

    def _calculateCoefficients(self) -> None:
        p, n_levels = self.P_glcm, self.coefficients["Ng"]
        levels = self.coefficients["grayLevels"].astype(np.float64)
        i, j = np.meshgrid(levels, levels, indexing="ij", sparse=True)
        sums, differences = _marginals(p[0], self.coefficients["grayLevels"])
        self.coefficients |= {
            "eps": _EPS,
            "i": i,
            "j": j,
            "kValuesSum": np.arange(2, n_levels * 2 + 1, dtype=np.float64),
            "kValuesDiff": np.arange(0, n_levels, dtype=np.float64),
            "px": p.sum(2, keepdims=True),
            "py": p.sum(1, keepdims=True),
            "ux": np.sum(i[None, :, :, None] * p, (1, 2), keepdims=True),
            "uy": np.sum(j[None, :, :, None] * p, (1, 2), keepdims=True),
            "pxAddy": sums[None],
            "pxSuby": differences[None],
            "HXY": -1 * np.sum(p * np.log2(p + _EPS), (1, 2)),
        }

    @cached_property
    def _cluster_moments(self) -> tuple[Floats, Floats, Floats]:
        """Mean over angles of the second to fourth moment of i + j; powers by multiplication."""
        i, j = self.coefficients["i"], self.coefficients["j"]
        centred = (i + j)[None, :, :, None] - self.coefficients["ux"] - self.coefficients["uy"]
        squared = centred * centred
        weighted = self.P_glcm * squared
        second, fourth = np.sum(weighted, (1, 2)), np.sum(weighted * squared, (1, 2))
        third = np.sum(weighted * centred, (1, 2))
        return np.nanmean(second, 1), np.nanmean(third, 1), np.nanmean(fourth, 1)

    def getClusterTendencyFeatureValue(self) -> Floats:
        return self._cluster_moments[0]

    def getClusterShadeFeatureValue(self) -> Floats:
        return self._cluster_moments[1]

    def getClusterProminenceFeatureValue(self) -> Floats:
        return self._cluster_moments[2]

    def getMCCFeatureValue(self) -> float | Floats:
        if self.P_glcm.shape[1] < 2:
            return 1
        px, py = self.coefficients["px"][0, :, 0], self.coefficients["py"][0, 0]
        q = _second_largest_matrix(np.ascontiguousarray(self.P_glcm[0]), px.copy(), py.copy(), _EPS)
        values = np.linalg.eigvals(q)
        values.sort()
        second: Floats = np.nanmean(np.sqrt(values[None, :, -2]), 1).real
        return second


class _GLRLM(_Prepared, RadiomicsGLRLM):  # type: ignore[misc]
    def __init__(self, matrices: TextureMatrices, settings: Mapping[str, Any]) -> None:
        self._prepare(matrices, settings)
        runs = np.sum(matrices.glrlm, (1, 2))
        self.P_glrlm = matrices.glrlm
        if runs.shape[1] > 1:
            self.P_glrlm = self.P_glrlm[..., runs[0] > 0]
            runs = runs[:, runs[0] > 0]
        runs[runs == 0] = np.nan
        self.coefficients["Nr"] = runs
        self._calculateCoefficients()


class _GLSZM(_Prepared, RadiomicsGLSZM):  # type: ignore[misc]
    def __init__(self, matrices: TextureMatrices, settings: Mapping[str, Any]) -> None:
        self._prepare(matrices, settings)
        self.P_glszm = matrices.glszm
        by_size = np.sum(matrices.glszm, 1)
        self.coefficients |= {
            "Np": np.sum(by_size * matrices.zone_sizes, 1),
            "Nz": np.sum(matrices.glszm, (1, 2)),
            "ps": by_size,
            "pg": np.sum(matrices.glszm, 2),
            "ivector": matrices.grey_levels.astype(np.float64),
            "jvector": matrices.zone_sizes,
        }


class _GLDM(_Prepared, RadiomicsGLDM):  # type: ignore[misc]
    def __init__(self, matrices: TextureMatrices, settings: Mapping[str, Any]) -> None:
        self._prepare(matrices, settings)
        occurring = np.flatnonzero(matrices.gldm[0].sum(0))
        self.P_gldm = matrices.gldm[:, :, occurring]
        by_dependence = np.sum(self.P_gldm, 1)
        self.coefficients |= {
            "Nz": np.sum(by_dependence, 1),
            "pd": by_dependence,
            "pg": np.sum(self.P_gldm, 2),
            "ivector": matrices.grey_levels.astype(np.float64),
            "jvector": occurring + 1.0,
        }


class _NGTDM(_Prepared, RadiomicsNGTDM):  # type: ignore[misc]
    def __init__(self, matrices: TextureMatrices, settings: Mapping[str, Any]) -> None:
        self._prepare(matrices, settings)
        self.P_ngtdm = matrices.ngtdm
        self._calculateCoefficients()


_TEXTURES: Mapping[str, Any] = {
    "glcm": _GLCM,
    "glrlm": _GLRLM,
    "glszm": _GLSZM,
    "gldm": _GLDM,
    "ngtdm": _NGTDM,
}
_NAMES: dict[type, dict[str, bool]] = {}


def _feature_names(of: type) -> dict[str, bool]:
    """Names of a class's features; looking them up anew costs more than computing some."""
    if of not in _NAMES:
        _NAMES[of] = of.getFeatureNames()  # type: ignore[attr-defined]
    return _NAMES[of]


def _normalised(counts: Floats) -> Floats:
    """Make neighbour counts a symmetrical matrix of probabilities for each angle that occurs."""
    p = counts + counts.transpose(0, 2, 1, 3)
    total = p.sum((1, 2))
    if p.shape[3] > 1:
        p, total = p[..., total[0] > 0], total[:, total[0] > 0]
    total[total == 0] = np.nan
    return np.ascontiguousarray(p / total[:, None, None, :])


@njit(c.Pair(c.Floats2, c.Floats2)(c.Floats3, c.Int64s), cache=True, nogil=True)
def _marginals(p: Floats, levels: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Probability of each sum (from 2) and each difference (from 0) of grey levels, by angle."""
    highest = levels[-1]
    sums = np.zeros((2 * highest - 1, p.shape[2]))
    differences = np.zeros((highest, p.shape[2]))
    for i in range(p.shape[0]):
        for j in range(p.shape[1]):
            of_sum = sums[levels[i] + levels[j] - 2]
            of_difference = differences[abs(levels[i] - levels[j])]
            for a in range(p.shape[2]):
                of_sum[a] += p[i, j, a]
                of_difference[a] += p[i, j, a]
    return sums, differences


@njit(
    c.Floats3(c.Floats3, c.Floats2, c.Floats2, c.Float64),
    cache=True,
    nogil=True,
)
def _second_largest_matrix(p: Floats, px: Floats, py: Floats, eps: float) -> Floats:
    """Matrix Q of MCC (angles, g, g); its second largest eigenvalue counts. Summed as in stock."""
    n_levels, _, n_angles = p.shape
    q = np.zeros((n_angles, n_levels, n_levels))
    for a in range(n_angles):
        for i in range(n_levels):
            for j in range(n_levels):
                total = 0.0
                for k in range(n_levels):
                    total += p[i, k, a] * p[j, k, a] / (px[i, a] * py[k, a] + eps)
                q[a, i, j] = total
    return q
