"""From the labels and rules of a cohort file to the regions that a mask is cut into."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.region_rule import Rule, united
from roentgene.schemas.cohort_regions import Habitats, Region
from roentgene.schemas.errors import FileError
from roentgene.schemas.label_schemes import label_schemes


@dataclass(frozen=True)
class RegionRule:
    """A region of a mask and how it is made.

    Parameters
    ----------
    region : str
        Its name.
    rule : Rule
        How it is made.
    derivation : str
        The same in words.
    is_measured : bool
        Whether features of it are wanted.
    habitats : Habitats or None
        It is to be divided into these, which take its place once their model is fitted.
    """

    region: str
    rule: Rule
    derivation: str
    is_measured: bool = True
    habitats: Habitats | None = None


def region_rules(
    labels: Mapping[int, str] | str | None, whole_mask: str | None, derived: Sequence[Region]
) -> list[RegionRule]:
    """Regions of a mask: those drawn, then those derived from them.

    Parameters
    ----------
    labels : mapping of int to str, str or None
        Mask value to region, or the name of a numbering that comes with roentgene.
    whole_mask : str or None
        Region that a mask without labels is of.
    derived : sequence of Region
        Rules of the cohort file, in any order; a rule whose parts this mask does not have is
        passed over.

    Raises
    ------
    FileError
        If neither or both of labels and region say what the mask shows, a derived region has
        the name of a drawn one, or one that comes with the numbering is declared to be another.
    """
    unmeasured = {region.region for region in derived if not region.measure}
    rules = _drawn(labels, whole_mask)
    declared = [region for region in derived if not region.is_drawn]
    for region in declared:
        if region.region in rules:
            msg = f"region {region.region} is both drawn and derived"
            raise FileError(msg, "Give the derived region another name")
    packaged = _packaged(labels)
    names = {region.region for region in declared}
    undivided = [region for region in declared if region.habitats is None]
    _derive([*undivided, *(region for region in packaged if region.region not in names)], rules)
    _check_packaged(packaged, rules)
    made = [
        RegionRule(name, rule, words, is_measured=name not in unmeasured)
        for name, (rule, words) in rules.items()
    ]
    # nothing is made of habitats, for their names are not known before the model is fitted
    return [*made, *(_divided(region, rules) for region in declared if _is_divided(region, rules))]


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
        absent = [name for name in (*region.parts, *region.limits) if name not in made]
        if region.is_drawn and region.region not in made:
            msg = f"region {region.region} is neither made of others nor shown by a mask"
            raise FileError(msg, "Map a mask value to it under labels, or correct its name")
        if absent:
            msg = f"region {region.region} is made of {' and '.join(absent)}, which no mask shows"
            raise FileError(msg, "Map a mask value to it under labels, or correct its name")
        if region.region not in made:
            msg = f"region {region.region} cannot be made of {' and '.join(region.parts)}"
            raise FileError(msg, "All parts must stand in one mask, and none may be made of it")


def parent_regions(derived: Iterable[Region], models: Mapping[str, HabitatModel]) -> dict[str, str]:
    """Region that each region is derived from or lies in, as ``vocab.region`` has it.

    Parameters
    ----------
    derived : iterable of Region
        Rules of the cohort file. What is made from one region has it as its parent; the parts of
        a union have the first union that is declared of them.
    models : mapping of str to HabitatModel
        Fitted models by name; their habitats have the region that they divide.
    """
    parents: dict[str, str] = {}
    for region in derived:
        if region.habitats is not None:
            model = models.get(region.habitats.model)
            names = model.regions(region.region) if model else ()
            parents |= dict.fromkeys(names, region.habitats.of)
        elif region.union is None and region.parts:
            parents.setdefault(region.region, region.parts[0])
        for part in region.union or ():
            parents.setdefault(part, region.region)
    return parents


#: A rule and its derivation in words.
_Made = tuple[Rule, str]


def _drawn(labels: Mapping[int, str] | str | None, whole_mask: str | None) -> dict[str, _Made]:
    if labels is None:
        if whole_mask is None:
            msg = "nothing says which region the masks show"
            cure = "Write 'labels: {1: GTV}', or 'region: GTV' for masks of one region"
            raise FileError(msg, cure)
        return {whole_mask: (Rule("labels"), "every value but 0")}
    if whole_mask is not None:
        msg = f"the masks of region {whole_mask} have labels too, which name other regions"
        raise FileError(msg, "Leave out either 'labels' or 'region'")
    numbering = label_schemes()[labels].labels if isinstance(labels, str) else labels
    known = tuple(sorted(numbering)) if isinstance(labels, str) else None
    values: dict[str, list[int]] = {}
    for value, region in sorted(numbering.items()):
        values.setdefault(region, []).append(value)
    return {
        region: (
            Rule("labels", labels=tuple(found), known=known),
            f"label {' + '.join(map(str, found))}",
        )
        for region, found in values.items()
    }


def _packaged(labels: Mapping[int, str] | str | None) -> list[Region]:
    """Regions that come with a numbering."""
    if not isinstance(labels, str):
        return []
    derived = label_schemes()[labels].derived
    return [Region(region=name, union=parts) for name, parts in derived.items()]


def _check_packaged(packaged: Sequence[Region], rules: Mapping[str, _Made]) -> None:
    for region in packaged:
        expected = united([rules[part][0] for part in region.parts])
        if region.region not in rules or rules[region.region][0] != expected:
            words = " + ".join(region.parts)
            msg = f"region {region.region} comes with the numbering as {words}"
            raise FileError(msg, "Leave its rule out, or give yours another name")


def _derive(declared: Sequence[Region], rules: dict[str, _Made]) -> None:
    """Add every region to the rules that can be made, in whatever order they are declared."""
    possible = _makeable(declared, rules)
    waiting = list(declared)
    while ready := [region for region in waiting if _is_ready(region, rules, possible)]:
        for region in ready:
            rules[region.region] = _derived(region, rules)
            waiting.remove(region)


def _makeable(declared: Sequence[Region], rules: Mapping[str, _Made]) -> set[str]:
    """Regions whose beginnings this mask has; others they lie within may stand elsewhere."""
    found = set(rules)
    while more := {
        region.region
        for region in declared
        if region.region not in found and found.issuperset(region.parts)
    }:
        found |= more
    return found


def _is_ready(region: Region, rules: Mapping[str, _Made], possible: Collection[str]) -> bool:
    """Whether all that a region is made of is made; what this mask never shows is elsewhere."""
    return all(part in rules for part in region.parts) and all(
        limit in rules or limit not in possible for limit in region.limits
    )


def _derived(region: Region, rules: Mapping[str, _Made]) -> _Made:
    made = _beginning(region, rules)
    if region.ring_mm is not None:
        inner, outer = region.ring_mm
        words = f"ring from {inner:g} to {outer:g} mm around {made[1]}"
        made = Rule("ring", (made[0],), ring_mm=region.ring_mm), words
    if region.within is not None:
        limit = _limit(region.within, rules)
        made = Rule("intersection", (made[0], limit)), f"{made[1]} within {region.within}"
    if region.without:
        taken = tuple(_limit(name, rules) for name in region.without)
        words = f"{made[1]} without {' and '.join(region.without)}"
        made = Rule("without", (made[0], *taken)), words
    if region.largest_component:
        made = Rule("largest_component", (made[0],)), f"largest component of {made[1]}"
    return made


def _beginning(region: Region, rules: Mapping[str, _Made]) -> _Made:
    parts = [rules[part][0] for part in region.parts]
    if region.intersection is not None:
        return Rule("intersection", tuple(parts)), _bracketed(region, " and ".join(region.parts))
    return united(parts), _bracketed(region, " + ".join(region.parts))


def _bracketed(region: Region, words: str) -> str:
    """Set several parts in brackets where something is done to them together."""
    alone = len(region.parts) == 1 or not region.is_changed
    return words if alone else f"({words})"


def _is_divided(region: Region, rules: Mapping[str, _Made]) -> bool:
    return region.habitats is not None and region.habitats.of in rules


def _divided(region: Region, rules: Mapping[str, _Made]) -> RegionRule:
    rule, _ = rules[region.parts[0]]
    words = f"habitats of {region.parts[0]}"
    return RegionRule(region.region, rule, words, region.measure, region.habitats)


def _limit(name: str, rules: Mapping[str, _Made]) -> Rule:
    return rules[name][0] if name in rules else Rule("elsewhere", region=name)
