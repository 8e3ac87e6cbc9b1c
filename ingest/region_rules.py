"""From the labels and rules of a cohort file to the regions that a mask is cut into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roentgene.schemas.cohort import Region
from roentgene.schemas.errors import FileError


@dataclass(frozen=True)
class RegionRule:
    """How a region is made from a mask.

    ``labels`` are the mask values that belong to it (none: every value but 0); ``ring_mm`` makes
    it the ring around them; ``derivation`` says the same in words.
    """

    region: str
    labels: tuple[int, ...]
    ring_mm: tuple[float, float] | None
    derivation: str


def region_rules(
    labels: Mapping[int, str] | None, whole_mask: str | None, derived: Sequence[Region]
) -> list[RegionRule]:
    """Regions of a mask: those drawn, then those derived from them.

    Parameters
    ----------
    labels : mapping of int to str or None
        Mask value to region.
    whole_mask : str or None
        Region that a mask without labels is of.
    derived : sequence of Region
        Rules of the cohort file; a rule whose parts this mask does not have is passed over.

    Raises
    ------
    FileError
        If neither labels nor region say what the mask shows, or a derived region has the name of
        a drawn one.
    """
    rules = _drawn(labels, whole_mask)
    for region in derived:
        if region.region in rules:
            msg = f"region {region.region} is both drawn and derived"
            raise FileError(msg, "Give the derived region another name")
        parts = [rules[part] for part in region.parts if part in rules]
        if len(parts) == len(region.parts) and all(part.ring_mm is None for part in parts):
            rules[region.region] = _derived(region, parts)
    return list(rules.values())


def check_derivable(derived: Sequence[Region], made: set[str]) -> None:
    """Refuse a derived region that no mask can give.

    Raises
    ------
    FileError
        If a rule names a part that is never drawn.
    """
    for region in derived:
        if region.region not in made:
            msg = f"region {region.region} is made of {' and '.join(region.parts)}, not all drawn"
            raise FileError(msg, "Map a mask value to each part under labels; rings have no rings")


def _drawn(labels: Mapping[int, str] | None, whole_mask: str | None) -> dict[str, RegionRule]:
    if labels is None:
        if whole_mask is None:
            msg = "nothing says which region the masks show"
            raise FileError(
                msg, "Write 'labels: {1: GTV}', or 'region: GTV' for masks of one region"
            )
        return {whole_mask: RegionRule(whole_mask, (), None, "every value but 0")}
    values: dict[str, list[int]] = {}
    for value, region in sorted(labels.items()):
        values.setdefault(region, []).append(value)
    return {
        region: RegionRule(region, tuple(found), None, f"label {' + '.join(map(str, found))}")
        for region, found in values.items()
    }


def _derived(region: Region, parts: Sequence[RegionRule]) -> RegionRule:
    labels = tuple(sorted({label for part in parts for label in part.labels}))
    if region.ring_mm is None:
        return RegionRule(region.region, labels, None, " + ".join(region.parts))
    inner, outer = region.ring_mm
    words = f"ring from {inner:g} to {outer:g} mm around {region.from_}"
    return RegionRule(region.region, labels, region.ring_mm, words)
