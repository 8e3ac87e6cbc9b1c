"""Fitting of a model of habitats on the images of named patients."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.habitat_work import Fitting, definition
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.regions.habitats import METHOD, UnfittableError, fit
from roentgene.ingest.sources.volume import Volume, VolumeError
from roentgene.ingest.staging.case_rows import RowCollector
from roentgene.ingest.staging.drawn import draw_regions
from roentgene.ingest.staging.elsewhere import ElsewhereReader
from roentgene.ingest.staging.habitat_reading import HabitatReader
from roentgene.ingest.staging.image_reading import read_image
from roentgene.ingest.staging.mask_reading import read_mask
from roentgene.ingest.staging.region_fault import RegionFaultError
from roentgene.schemas.canonical import canonical_json
from roentgene.schemas.cohort_regions import FitOn
from roentgene.schemas.errors import FileError

#: Voxels that a mask brings in at most, evenly spaced, so that no large one drowns the others.
VOXELS_OF_A_MASK = 50_000

Values = NDArray[np.float64]


def fit_model(fitting: Fitting) -> HabitatModel:
    """Fit a model on every mask of its patients that holds the region, each counted once.

    Parameters
    ----------
    fitting : Fitting
        What is to be fitted, and the cases of its patients.

    Raises
    ------
    FileError
        If the values cannot be clustered, or a patient who is named gives none.
    """
    habitats = fitting.habitats
    samples = [
        (case.patient_id, values) for case in fitting.cases for values in _samples(case, fitting)
    ]
    patients = tuple(sorted({patient for patient, _ in samples}))
    if isinstance(habitats.fit_on, FitOn):
        absent = sorted(set(habitats.fit_on.patients) - set(patients))
        if absent:
            raise _unfitted(fitting, f"{', '.join(absent)} gave no voxel of {habitats.of}")
    if not samples:
        raise _unfitted(fitting, f"no mask gave a voxel of {habitats.of}")
    values = np.concatenate([sample for _, sample in samples])
    try:
        found = fit(values, habitats.k, habitats.seed, habitats.starts)
    except UnfittableError as error:
        raise _unfitted(fitting, str(error)) from error
    return HabitatModel(
        name=habitats.model,
        of=habitats.of,
        sequences=habitats.sequences,
        normalisation=habitats.normalise,
        means=tuple(map(float, found.means)),
        deviations=tuple(map(float, found.deviations)),
        centroids=tuple(tuple(map(float, centre)) for centre in found.centroids),
        fitted_on=patients,
        n_voxels=len(values),
        seed=habitats.seed,
        n_starts=habitats.starts,
        method=METHOD,
        library_versions=canonical_json({name: version(name) for name in ("numpy", "scipy")}),
        definition=definition(habitats),
    )


def _unfitted(fitting: Fitting, why: str) -> FileError:
    msg = f"habitat model {fitting.habitats.model} cannot be fitted: {why}"
    return FileError(msg, "Correct fit_on, sequences or k in the cohort file, or the files")


def _samples(case: Case, fitting: Fitting) -> Iterator[Values]:
    """Values of the region in every mask whose shape is measured on this image."""
    masks = [(mask, region) for mask in case.masks if (region := _region(mask, fitting))]
    if not masks:
        return
    try:
        image: Volume | Refusal = read_image(case)
    except VolumeError as error:
        image = Refusal("image", error.reason_code, case.subject, error.message)
    reader, around = HabitatReader(case, image), ElsewhereReader(case, image)
    for mask, region in masks:
        read = read_mask(case, mask, image, RowCollector(case))
        if isinstance(read, Refusal) or read.fault_of(region) is not None:
            continue  # is refused by name when its regions are made
        for drawn in draw_regions(mask, read.mask, around):
            if drawn.region is not region or drawn.fault is not None or not drawn.block.n_voxels:
                continue
            try:
                values = reader.values(
                    region.images,
                    drawn.block,
                    drawn.geometry,
                    fitting.habitats.normalise == "region",
                )
            except RegionFaultError:
                continue  # likewise
            yield values[:: -(-len(values) // VOXELS_OF_A_MASK)]


def _region(mask: MaskWork, fitting: Fitting) -> RegionWork | None:
    """Find the region to be divided, in the case alone on whose image its mask is measured."""
    if not mask.is_reference:
        return None
    named = (region for region in mask.regions if region.region == fitting.region)
    return next((region for region in named if region.images), None)
