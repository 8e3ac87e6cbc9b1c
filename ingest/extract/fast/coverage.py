"""Which settings the fast path covers; all others are left to PyRadiomics itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# proven equal for these values alone
_ONLY: Mapping[str, Any] = {
    "binCount": None,
    "resegmentRange": None,
    "force2D": False,
    "distances": [1],
    "gldm_a": 0,
    "symmetricalGLCM": True,
    "weightingNorm": None,
}
_UNCOVERED_IMAGE_TYPES = frozenset({"LBP2D", "LBP3D"})


def uncovered(
    image_types: Mapping[str, Mapping[str, Any]],
    feature_classes: Iterable[str],
    settings: Mapping[str, Any],
) -> str | None:
    """Say what the fast path does not cover.

    Parameters
    ----------
    image_types : mapping
        PyRadiomics' image types, each with its own settings.
    feature_classes : iterable of str
        PyRadiomics' feature classes.
    settings : mapping
        Settings of all.

    Returns
    -------
    str or None
        The setting, image type or class; None where all is covered.

    Examples
    --------
    >>> uncovered({"Original": {}}, ["glcm"], {"binWidth": 25})
    >>> uncovered({"Original": {"force2D": True}}, ["glcm"], {"binWidth": 25})
    'force2D'
    """
    for image_type, own in image_types.items():
        if image_type in _UNCOVERED_IMAGE_TYPES:
            return image_type
        merged = {**settings, **own}
        for name, covered in _ONLY.items():
            if merged.get(name, covered) != covered:
                return name
    return "shape2D" if "shape2D" in feature_classes else None
