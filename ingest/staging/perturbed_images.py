"""On which image each region is measured: the delivered one, or one perturbed with the region."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import compress

from roentgene.ingest.extract.work import Case, region_subject
from roentgene.ingest.gates import image as gate
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.regions.perturbation import PerturbationError
from roentgene.ingest.regions.perturbed_image import perturbed_image
from roentgene.ingest.sources.volume import Volume, volume_of
from roentgene.ingest.staging.case_rows import RowCollector
from roentgene.ingest.staging.drawn import DrawnRegion


def on_their_images(
    case: Case, image: Volume, drawn: Sequence[DrawnRegion], rows: RowCollector
) -> Iterator[tuple[Volume, Sequence[DrawnRegion]]]:
    """Group the regions of a case by the image that they are measured on.

    All that lie on the delivered image come together, so that it is filtered once; each image that
    is perturbed is made when its turn comes and is gone after it.

    Parameters
    ----------
    case : Case
        The case.
    image : Volume
        Its image, as delivered.
    drawn : sequence of DrawnRegion
        Regions of masks that lie on the image's grid.
    rows : RowCollector
        Takes down what cannot be perturbed.

    Yields
    ------
    Volume
        An image.
    sequence of DrawnRegion
        The regions that are measured on it.
    """
    has_own = [_has_own_image(case, one) for one in drawn]
    yield image, [one for one, own in zip(drawn, has_own, strict=True) if not own]
    for one in compress(drawn, has_own):
        seen = _perturbed(case, image, one)
        if isinstance(seen, Refusal):
            rows.none_measured(one.region, seen)
        else:
            yield seen, [one]


def _perturbed(case: Case, image: Volume, drawn: DrawnRegion) -> Volume | Refusal:
    """Perturb the image as a region was perturbed, or say why that cannot be done."""
    perturbation, source = drawn.region.rule.perturbation, drawn.source
    if perturbation is None or source is None:
        return image
    spacing = image.geometry.spacing
    try:
        voxels = perturbed_image(image.voxels, spacing, source, perturbation, case.series_id)
    except PerturbationError as error:
        subject = region_subject(case.subject, drawn.mask, drawn.region)
        place = gate.Place(subject, drawn.mask.name, drawn.mask.content_hash)
        return place.refuse(error.reason_code, error.detail)
    return volume_of(voxels, image.geometry)


def _has_own_image(case: Case, drawn: DrawnRegion) -> bool:
    """Whether an image is to be perturbed for a region, and the region can be measured at all."""
    perturbation = drawn.region.rule.perturbation
    if perturbation is None or not perturbation.changes_image or not drawn.region.due:
        return False
    # one that is absent or too small is refused on whatever image
    place = gate.Place(case.subject, drawn.mask.name, drawn.mask.content_hash)
    n_voxels = math.prod(drawn.geometry.size)
    return gate.check_extent(drawn.block, n_voxels, case.thresholds, place) is None
