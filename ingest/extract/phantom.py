"""An engine measured on the digital phantom of IBSI 1: which features are the agreed ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from roentgene.ingest.block import cut_out
from roentgene.ingest.extract.engines import AskedRegion, EnginePath, EngineResult, engine
from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.ingest.extract.extraction import make_extraction
from roentgene.schemas.phantom import DigitalPhantom, ReferenceValue, digital_phantom
from roentgene.schemas.study import Profile

if TYPE_CHECKING:
    import SimpleITK as sitk

#: As ``vocab.feature.ibsi_status`` says it.
Status = Literal["exact", "offset", "variant"]

#: The phantom's grey levels are whole numbers, and are measured as they are.
PHANTOM_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "pyradiomics": {"binWidth": 1},
    "mirp": {"base_discretisation_method": "none"},
    "pysera": {"bin_size": 1, "dimensions": ["1st", "3d"]},
}

_PATHS: tuple[EnginePath, ...] = ("stock", "fast")
# a difference that is no constant is a whole number by chance once in two hundred times
_NEARLY_WHOLE = 0.0025


@dataclass(frozen=True)
class PhantomFeature:
    """A feature with an agreed value, as an engine gives it.

    Parameters
    ----------
    feature : str
        The engine's name of it.
    value : float or None
        What it gives; None where its formula gives no finite number.
    reference : ReferenceValue
        What was agreed on.
    declared : str
        What the vocabulary says of it.
    """

    feature: str
    value: float | None
    reference: ReferenceValue
    declared: str

    @property
    def status(self) -> Status:
        """What was found: the agreed value, the same but for a whole number, or another."""
        if self.value is None:
            return "variant"
        if self.reference.is_met_by(self.value):
            return "exact"
        difference = self.value - self.reference.value
        constant = round(difference)
        is_offset = constant != 0 and abs(difference - constant) <= _NEARLY_WHOLE
        return "offset" if is_offset else "variant"

    @property
    def difference(self) -> float | None:
        """Value minus the agreed one."""
        return None if self.value is None else self.value - self.reference.value


@dataclass(frozen=True)
class PhantomResult:
    """What an engine gives on the phantom by one of its paths.

    Parameters
    ----------
    engine, version : str
        The engine.
    path : {'fast', 'stock'}
        Which code made the values.
    features : tuple of PhantomFeature
        Every feature with an agreed value.
    n_without_reference : int
        Number of features for which nothing was agreed.
    """

    engine: str
    version: str
    path: EnginePath
    features: tuple[PhantomFeature, ...]
    n_without_reference: int

    def of_status(self, status: Status) -> list[PhantomFeature]:
        """Features of a status."""
        return [feature for feature in self.features if feature.status == status]

    @property
    def undeclared(self) -> list[PhantomFeature]:
        """Features of which the vocabulary says something else than was found."""
        return [feature for feature in self.features if feature.status != feature.declared]


def measure_phantom(name: str) -> Iterator[PhantomResult]:
    """Measure the phantom with an engine of :data:`PHANTOM_SETTINGS`.

    Parameters
    ----------
    name : str
        Name of the engine.

    Yields
    ------
    PhantomResult
        One for each path that the engine has; texture in three dimensions.

    Raises
    ------
    ExtractionUnavailableError
        If the engine is not installed.
    Exception
        Whatever the engine raises.
    """
    chosen = engine(name)
    version = chosen.version()
    profile = Profile.model_validate({"engine": name, "settings": dict(PHANTOM_SETTINGS[name])})
    extraction = make_extraction("phantom", profile)
    phantom = digital_phantom()
    image, region = _image(phantom), _region(phantom)
    for path in _PATHS:
        (result,) = chosen.extract(image, [region], extraction, path)
        if isinstance(result, Exception):
            raise result
        if result.path == path:
            features = tuple(_with_reference(name, result, phantom))
            n_others = len(result.values) - len(features)
            yield PhantomResult(name, version, path, features, n_others)


def _with_reference(
    name: str, result: EngineResult, phantom: DigitalPhantom
) -> Iterator[PhantomFeature]:
    for feature, value in result.values.items():
        word = describe(name, feature).word
        if word is None or word.ibsi_code is None:
            continue
        reference = phantom.values.get((word.ibsi_code, word.ibsi_aggregation))
        if reference is not None:
            yield PhantomFeature(feature, value, reference, word.ibsi_status)


def _image(phantom: DigitalPhantom) -> sitk.Image:
    import numpy as np
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.array(phantom.image, dtype=np.int16))
    image.SetSpacing(phantom.spacing_mm)
    return image


def _region(phantom: DigitalPhantom) -> AskedRegion:
    import numpy as np

    return AskedRegion(cut_out(np.array(phantom.mask) == 1), with_shape=True)
