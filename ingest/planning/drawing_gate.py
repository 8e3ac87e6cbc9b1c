"""The gate of drawings: no two claim one identity, and no image is of two patients.

Whoever comes first stays where two claim one identity, for which of them is right nobody knows; of
an image with two patients neither is taken, for one of them would get a stranger's values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from roentgene.ingest.planning.drawing import DeliveredFile, Drawing, MaskIdentity, Series, refuse
from roentgene.ingest.refusal import Gated, Refusal

_Segmentation = tuple[MaskIdentity, str]


def gate_drawings(
    drawings: Sequence[Drawing], image_owners: Mapping[str, Collection[str]]
) -> Gated[tuple[Drawing, ...]]:
    """Keep the drawings that can stand beside each other and beside what is stored.

    Parameters
    ----------
    drawings : sequence of Drawing
        In the order in which they were found.
    image_owners : mapping of str to collection of str
        Content hash of each stored image to everybody under whom it stands.

    Returns
    -------
    Gated
        ``duplicate_pair`` names the later of two files of one identity,
        ``same_image_two_patients`` each image that has an owner besides its patient.
    """
    single = _without_repeats(drawings)
    # an image that was not taken still shows whose it is
    owners = _owners(drawings, image_owners)
    own = _without_shared_images(single.kept, owners)
    return Gated(own.kept, (*single.refused, *own.refused))


def _without_repeats(drawings: Iterable[Drawing]) -> Gated[tuple[Drawing, ...]]:
    images: dict[Series, DeliveredFile] = {}
    masks: dict[_Segmentation, DeliveredFile] = {}
    paired: set[tuple[Series, _Segmentation]] = set()
    kept, refused = [], []
    for drawing in drawings:
        series, segmentations = drawing.series, _segmentations(drawing)
        stands = images.get(series, drawing.image)
        claimed = [masks[key] for key in segmentations if key in masks]
        if stands != drawing.image:
            refused.append(_repeat(drawing, drawing.image, stands))
        elif other := [mask for mask in claimed if mask != drawing.mask]:
            refused.append(_repeat(drawing, drawing.mask, other[0]))
        elif any((series, key) in paired for key in segmentations):
            refused.append(_repeat(drawing, drawing.mask, drawing.mask))
        else:
            images[series] = drawing.image
            masks.update(dict.fromkeys(segmentations, drawing.mask))
            paired.update((series, key) for key in segmentations)
            kept.append(drawing)
    return Gated(tuple(kept), tuple(dict.fromkeys(refused)))


def _segmentations(drawing: Drawing) -> list[_Segmentation]:
    """Name the regions of a mask as no others are named."""
    return [(drawing.mask_identity, rule.region) for rule in drawing.rules]


def _repeat(drawing: Drawing, file: DeliveredFile, first: DeliveredFile) -> Refusal:
    detail = f"{file.name} claims the place of {first.name}"
    if file == first:
        detail = f"{file.name} is listed twice"
    return refuse(drawing.pair, "duplicate_pair", detail, file.name)


def _owners(
    drawings: Iterable[Drawing], image_owners: Mapping[str, Collection[str]]
) -> dict[str, set[str]]:
    owners: dict[str, set[str]] = defaultdict(set)
    for drawing in drawings:
        digest = drawing.image.content_hash
        owners[digest] |= {drawing.patient_id, *image_owners.get(digest, ())}
    return owners


def _without_shared_images(
    drawings: Iterable[Drawing], owners: Mapping[str, Collection[str]]
) -> Gated[tuple[Drawing, ...]]:
    kept = []
    refused: dict[tuple[DeliveredFile, str], Refusal] = {}
    for drawing in drawings:
        image, patient = drawing.image, drawing.patient_id
        others = sorted(set(owners[image.content_hash]) - {patient})
        if others:
            detail = f"{image.name}, the image of {patient}, is also that of {', '.join(others)}"
            refusal = refuse(
                drawing.pair,
                "same_image_two_patients",
                detail,
                image.name,
                content_hash=image.content_hash,
            )
            # one refusal, however many masks lie on it
            refused.setdefault((image, patient), refusal)
        else:
            kept.append(drawing)
    return Gated(tuple(kept), tuple(refused.values()))
