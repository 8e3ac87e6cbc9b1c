"""What a dose file says itself of its structures, held against what we measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from roentgene.ingest.dose.cumulative import Finding, StoredDvhError, check_stored, read_bins
from roentgene.ingest.extract.work import Case, DoseWork
from roentgene.ingest.gates.image import Place
from roentgene.ingest.sources.dicom.stored_dvh import StoredDvh, read_stored_dvhs
from roentgene.ingest.sources.volume import VolumeError
from roentgene.ingest.staging.case_rows import RowCollector


def stored_dvhs(case: Case, rows: RowCollector) -> Mapping[int, StoredDvh]:
    """Read the histograms that a dose file holds, by ROI number; warn where they are damaged."""
    try:
        found = read_stored_dvhs(Path(case.path))
    except VolumeError as error:
        # they only check ours, and the grid beside them was read
        place = Place(case.subject, case.name, case.content_hash)
        rows.refuse(place.refuse("stored_dvh_unusable", error.message))
        return {}
    return {one.roi_number: one for one in found}


def check_against_stored(
    stored: StoredDvh, mean_gy: float, maximum_gy: float, dose: DoseWork
) -> Iterator[Finding]:
    """Say what is odd about a stored histogram, or where it contradicts ours.

    Parameters
    ----------
    stored : StoredDvh
        The histogram.
    mean_gy : float
        Mean dose of the structure as we measured it.
    maximum_gy : float
        Largest dose of the grid.
    dose : DoseWork
        What the dose is.

    Yields
    ------
    Finding
        Warnings; nothing that is stored takes the place of what was measured.
    """
    try:
        binned = read_bins(
            stored.data,
            stored.dvh_type,
            stored.dose_units,
            stored.volume_units,
            stored.dose_scaling,
        )
    except StoredDvhError as error:
        yield Finding(error.reason_code, error.message)
        return
    prescription = dose.columns.get("prescription_gy")
    yield from check_stored(binned, stored.stated_mean, mean_gy, maximum_gy, prescription)
