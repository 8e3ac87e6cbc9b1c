"""From the labels and rules of a cohort file to the regions that a mask is cut into."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
        Rules of the cohort file, in any order; a rule whose parts this mask does not have is
        passed over.

    Raises
    ------
    FileError
        If neither or both of labels and region say what the mask shows, or a derived region has
        the name of a drawn one.
    """
    rules = _drawn(labels, whole_mask)
    for region in derived:
        if region.region in rules:
            msg = f"region {region.region} is both drawn and derived"
            raise FileError(msg, "Give the derived region another name")
    waiting = list(derived)
    while ready := [region for region in waiting if _can_be_made(region, rules)]:
        for region in ready:
            rules[region.region] = _derived(region, [rules[part] for part in region.parts])
            waiting.remove(region)
    return list(rules.values())


def check_derivable(derived: Sequence[Region], made: Collection[str]) -> None:
    """Refuse a derived region that no mask can give.

    Parameters
    ----------
    derived : sequence of Region
        Rules of the cohort file.
    made : collection of str
        Regions that :func:`region_rules` made, of all masks.

    Raises
    ------
    FileError
        If a part of a rule is never drawn, or its parts never stand in one mask.
    """
    for region in derived:
        if region.region in made:
            continue
        absent = [part for part in region.parts if part not in made]
        if absent:
            msg = f"region {region.region} is made of {' and '.join(absent)}, which no mask shows"
            raise FileError(msg, "Map a mask value to it under labels, or correct its name")
        msg = f"region {region.region} cannot be made of {' and '.join(region.parts)}"
        raise FileError(msg, "All parts must stand in one mask, and none of them may be a ring")


def _drawn(labels: Mapping[int, str] | None, whole_mask: str | None) -> dict[str, RegionRule]:
    if labels is None:
        if whole_mask is None:
            msg = "nothing says which region the masks show"
            cure = "Write 'labels: {1: GTV}', or 'region: GTV' for masks of one region"
            raise FileError(msg, cure)
        return {whole_mask: RegionRule(whole_mask, (), None, "every value but 0")}
    if whole_mask is not None:
        msg = f"the masks of region {whole_mask} have labels too, which name other regions"
        raise FileError(msg, "Leave out either 'labels' or 'region'")
    values: dict[str, list[int]] = {}
    for value, region in sorted(labels.items()):
        values.setdefault(region, []).append(value)
    return {
        region: RegionRule(region, tuple(found), None, f"label {' + '.join(map(str, found))}")
        for region, found in values.items()
    }


def _can_be_made(region: Region, rules: Mapping[str, RegionRule]) -> bool:
    """Whether a mask holds all parts; a ring is no part, for it is not made of labels."""
    return all(part in rules and rules[part].ring_mm is None for part in region.parts)


def _derived(region: Region, parts: Sequence[RegionRule]) -> RegionRule:
    labels = tuple(sorted({label for part in parts for label in part.labels}))
    if region.ring_mm is None:
        return RegionRule(region.region, labels, None, " + ".join(region.parts))
    inner, outer = region.ring_mm
    words = f"ring from {inner:g} to {outer:g} mm around {region.from_}"
    return RegionRule(region.region, labels, region.ring_mm, words)
