"""What else a visit has that a rule needs: a mask that shows a region, images that divide one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from roentgene.ingest.extract.work import ImageFile
from roentgene.ingest.planning.drawing import Drawing, MaskIdentity, Visit
from roentgene.ingest.region_rule import Rule
from roentgene.schemas.cohort_regions import Habitats


@dataclass(frozen=True)
class Shown:
    """A mask that shows a region, and how the region is made from it."""

    drawing: Drawing
    rule: Rule


#: In what a limit should be like the mask that it is for, the weightiest first.
_LIKENESS: tuple[Callable[[MaskIdentity], object], ...] = (
    lambda mask: mask.sequence,
    lambda mask: mask.volume_index,
    lambda mask: mask.rater_id,
    lambda mask: mask.repeat_no,
    lambda mask: mask.lesion_id,
)


class ShownRegions:
    """The regions that the masks of every visit show.

    Parameters
    ----------
    drawings : iterable of Drawing
        All drawings of a cohort.
    """

    def __init__(self, drawings: Iterable[Drawing]) -> None:
        self._shown: dict[tuple[Visit, str], list[Shown]] = defaultdict(list)
        self._images: dict[tuple[Visit, str], Drawing] = {}
        for drawing in drawings:
            self._images.setdefault((drawing.visit, drawing.sequence), drawing)
            for rule in drawing.rules:
                # one that is itself limited by other masks would need these too
                if rule.habitats is None and not rule.rule.elsewhere:
                    self._shown[drawing.visit, rule.region].append(Shown(drawing, rule.rule))

    def images(
        self, visit: Visit, habitats: Habitats
    ) -> tuple[tuple[ImageFile, ...], tuple[str, str] | None]:
        """Name the images whose values divide a region, or say which are not there.

        Of an image with several volumes the first that is drawn on counts.
        """
        found = {name: self._images.get((visit, name)) for name in habitats.sequences}
        absent = [name for name, image in found.items() if image is None]
        if absent:
            return (), ("habitat_image_missing", f"the visit has no image {', '.join(absent)}")
        return tuple(_image_file(image) for image in found.values() if image is not None), None

    def beside(self, drawing: Drawing, region: str) -> Shown | str:
        """Find the mask of the same visit that shows a region.

        Where several do, those count that are most like the drawing: drawn for the same sequence
        and volume, then by the same rater, in the same repetition, of the same lesion.

        Parameters
        ----------
        drawing : Drawing
            What the region is to limit.
        region : str
            Its name.

        Returns
        -------
        Shown or str
            What is wrong, where there is none or no single one.
        """
        found = self._shown.get((drawing.visit, region), [])
        if not found:
            return f"no mask of the visit shows {region}"
        for likeness in _LIKENESS:
            found = _alike(found, likeness(drawing.mask_identity), likeness)
        files = {shown.drawing.mask.path: shown for shown in found}
        if len(files) > 1:
            names = ", ".join(sorted(shown.drawing.mask.name for shown in files.values()))
            return f"{len(files)} masks of the visit show {region}: {names}"
        return found[0]


def _image_file(drawing: Drawing) -> ImageFile:
    told = drawing.pair.told
    return ImageFile(
        sequence=drawing.sequence,
        path=str(drawing.image.path),
        name=drawing.image.name,
        content_hash=drawing.image.content_hash,
        volume_index=drawing.series.volume_index,
        slices=tuple(str(path) for path in drawing.pair.image_files) if told else (),
    )


def _alike(
    found: Sequence[Shown], wanted: object, likeness: Callable[[MaskIdentity], object]
) -> list[Shown]:
    alike = [shown for shown in found if likeness(shown.drawing.mask_identity) == wanted]
    # a mask that serves the whole visit serves every sequence of it
    for_all = [shown for shown in found if likeness(shown.drawing.mask_identity) is None]
    return alike or for_all or list(found)
