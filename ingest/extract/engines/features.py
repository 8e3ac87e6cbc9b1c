"""The parts of a feature's name."""

from __future__ import annotations

from typing import NamedTuple


class FeatureName(NamedTuple):
    """A feature name in its parts: image type, class, name."""

    image_type: str
    feature_class: str
    name: str


def split_feature(feature: str) -> FeatureName:
    """Split PyRadiomics' ``<image type>_<class>_<name>``.

    Image types hold hyphens but no underscore, so the first two underscores separate.

    Raises
    ------
    ValueError
        If the name has not three parts.

    Examples
    --------
    >>> split_feature("log-sigma-3-0-mm-3D_glcm_Contrast")
    FeatureName(image_type='log-sigma-3-0-mm-3D', feature_class='glcm', name='Contrast')
    """
    parts = feature.split("_")
    if len(parts) != 3 or not all(parts):
        msg = f"{feature!r} is not '<image type>_<class>_<name>'"
        raise ValueError(msg)
    return FeatureName(*parts)
