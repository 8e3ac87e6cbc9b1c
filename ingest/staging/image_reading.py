"""Reading of the image of a case, in whatever form it was delivered."""

from __future__ import annotations

from pathlib import Path

from roentgene.ingest.extract.work import Case
from roentgene.ingest.sources.volume import Volume, read_volume


def read_image(case: Case) -> Volume:
    """Read the image of a case; errors as :func:`roentgene.ingest.sources.volume.read_volume`."""
    if case.dose is not None:
        from roentgene.ingest.sources.dicom.dose_grid import read_dose

        return read_dose(Path(case.path)).volume
    if case.slices:
        from roentgene.ingest.sources.dicom.voxels import read_series

        return read_series([Path(name) for name in case.slices])
    return read_volume(Path(case.path), "image", case.volume_index)
