"""What is known of a feature from its name, for each engine in its own way of naming.

=========== ===================================== ==============================================
engine      its name                              image type, class, name
=========== ===================================== ==============================================
pyradiomics ``wavelet-LLH_glcm_Contrast``         ``wavelet-LLH``, ``glcm``, ``Contrast``
mirp        ``log_s_3.0_cm_contrast_d1_3d_avg``   ``log_s_3.0``, ``glcm``, the rest
pysera      ``glcm_contrast_2_5D_comb``           ``original``, ``glcm``, the whole
onnx        ``deep_embedding_17``                 ``original``, ``deep``, ``embedding_17``
captk       ``GLCM_Bins-16_Radius-1_Contrast``    ``original``, ``glcm``, the rest
=========== ===================================== ==============================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from roentgene.ingest.extract.engines.features import FeatureName, split_feature
from roentgene.schemas.words import FeatureWord, engine_features, pyradiomics_features

ORIGINAL = "original"
OTHER = "other"
DEEP = "deep"

#: IBSI's aggregation methods, by the engines' own words for them.
_AGGREGATIONS: Mapping[str, str] = {
    # one matrix for each direction, or all directions in one: GLCM and GLRLM
    **{"2d_avg": "BTW3", "2d_s_mrg": "SUJT", "2.5d_d_mrg": "JJUI", "2.5d_v_mrg": "ZW7Z"},
    **{"3d_avg": "ITBB", "3d_v_mrg": "IAZD"},
    **{"2D_avg": "BTW3", "2D_comb": "SUJT", "2_5D_avg": "JJUI", "2_5D_comb": "ZW7Z"},
    **{"3D_avg": "ITBB", "3D_comb": "IAZD"},
    # matrices without directions
    **{"2d": "8QNN", "2.5d": "62GR", "3d": "KOBO", "2D": "8QNN", "2_5D": "62GR", "3D": "KOBO"},
}

#: Features that are IBSI's but for one aggregation, on the digital phantom of IBSI 1.
_VARIANTS = {("pysera", "glrlm_r_perc", "2_5D_comb")}

_MIRP = re.compile(
    r"(?:(?P<image_type>.+?)_)?"
    r"(?P<name>(?:morph|loc|stat|ih|ivh|cm|rlm|szm|dzm|ngt|ngl)_.+)"
)
_MIRP_BINS = re.compile(r"_(?:fbn_n\d+|fbsp?_w[\d.]+)$")
_MIRP_TEXTURE = re.compile(
    r"(?P<stem>(?:cm|rlm|szm|dzm|ngt|ngl)_.+?)(?:_d[\d.]+)?(?:_a[\d.]+)?"
    r"_(?P<space>(?:2|2\.5|3)d(?:_.+)?)"
)
_PYSERA = re.compile(r"(?P<stem>.+?)(?:_(?P<space>(?:2|2_5|3)D(?:_(?:avg|comb))?))?")
#: Classes of CaPTk's features, by the word that their names begin with.
_CAPTK_CLASSES: Mapping[str, str] = {
    "Intensity": "firstorder",
    "Histogram": "histogram",
    "Volumetric": "morphology",
    "Morphologic": "morphology",
    "GLCM": "glcm",
    "GLRLM": "glrlm",
    "GLSZM": "glszm",
    "NGTDM": "ngtdm",
}
_DEEP = re.compile(rf"{DEEP}_(?P<name>.+_\d+)")


class Described(NamedTuple):
    """A feature's name in its parts, and its word in the vocabulary, if it has one."""

    image_type: str
    feature_class: str
    name: str
    word: FeatureWord | None


def describe(engine: str, feature: str) -> Described:
    """Say what is known of a feature.

    Parameters
    ----------
    engine : str
        Engine that gave it its name.
    feature : str
        The name.

    Returns
    -------
    Described
        Without a word for features that no vocabulary knows, of class ``other`` where the name
        does not say it either.

    Examples
    --------
    >>> describe("pysera", "szm_sze_2_5D").word.ibsi_aggregation
    '62GR'
    >>> describe("onnx", "deep_pooled_3")[:3]
    ('original', 'deep', 'pooled_3')
    """
    return _NAMING.get(engine, _unknown)(feature)


def _pyradiomics(feature: str) -> Described:
    parts = _split(feature)
    word = pyradiomics_features().get((parts.feature_class, parts.name))
    return Described(*parts, word)


def _mirp(feature: str) -> Described:
    match = _MIRP.fullmatch(feature)
    if match is None:
        return _unknown(feature)
    image_type, name = match["image_type"] or ORIGINAL, match["name"]
    without_bins = _MIRP_BINS.sub("", name)
    texture = _MIRP_TEXTURE.fullmatch(without_bins)
    stem, space = (texture["stem"], texture["space"]) if texture else (without_bins, None)
    return _known("mirp", image_type, name, stem, space)


def _pysera(feature: str) -> Described:
    match = _PYSERA.fullmatch(feature)
    if match is None:
        return _unknown(feature)
    return _known("pysera", ORIGINAL, feature, match["stem"], match["space"])


def _onnx(feature: str) -> Described:
    match = _DEEP.fullmatch(feature)
    return Described(ORIGINAL, DEEP, match["name"], None) if match else _unknown(feature)


def _captk(feature: str) -> Described:
    # its settings are not in the names, so that no code of IBSI is sure
    family, _, name = feature.partition("_")
    feature_class = _CAPTK_CLASSES.get(family)
    if feature_class is None or not name:
        return Described(ORIGINAL, OTHER, feature, None)
    return Described(ORIGINAL, feature_class, name, None)


def _unknown(feature: str) -> Described:
    return Described(*_split(feature), None)


def _known(engine: str, image_type: str, name: str, stem: str, space: str | None) -> Described:
    word = engine_features(engine).get(stem)
    if word is None:
        return Described(image_type, OTHER, name, None)
    if space is None:
        return Described(image_type, word.feature_class, name, word)
    aggregation = _AGGREGATIONS.get(space)
    if aggregation is None:
        # pooled by the highest, the range …: IBSI knows the average alone
        own = replace(word, ibsi_code=None, ibsi_status="none")
        return Described(image_type, word.feature_class, name, own)
    status = "variant" if (engine, stem, space) in _VARIANTS else word.ibsi_status
    own = replace(word, ibsi_aggregation=word.ibsi_code and aggregation, ibsi_status=status)
    return Described(image_type, word.feature_class, name, own)


def _split(feature: str) -> FeatureName:
    try:
        return split_feature(feature)
    except ValueError:
        return FeatureName(OTHER, OTHER, feature)


_NAMING: Mapping[str, Callable[[str], Described]] = {
    "pyradiomics": _pyradiomics,
    "mirp": _mirp,
    "pysera": _pysera,
    "onnx": _onnx,
    "captk": _captk,
}
