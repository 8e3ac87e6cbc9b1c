"""Which regions of which masks are perturbed."""

from __future__ import annotations

from collections.abc import Iterable

from roentgene.ingest.planning.drawing import Drawing
from roentgene.ingest.planning.region_rules import RegionRule
from roentgene.schemas.cohort_perturbations import Perturbations
from roentgene.schemas.errors import FileError


def is_perturbed(declared: Perturbations, drawing: Drawing, rule: RegionRule) -> bool:
    """Whether perturbations of a region of a mask are to be measured on its image.

    The first repetition of a mask is perturbed, on images and not on doses, and only where the
    region itself is measured, for its perturbations are compared with it.

    Parameters
    ----------
    declared : Perturbations
        What the cohort file says.
    drawing : Drawing
        Image and mask.
    rule : RegionRule
        The region.
    """
    drawn, told = drawing.mask_identity, drawing.pair.told
    if told is not None and told.dose is not None:
        return False
    return (
        rule.region in declared.of
        and rule.is_measured
        and rule.habitats is None
        and drawn.repeat_no == 1
        and _named(declared.sequences, drawing.sequence)
        and _named(declared.raters, drawn.rater_id)
        and _named(declared.timepoints, drawn.visit.timepoint_id)
    )


def check_perturbations(
    declared: Perturbations | None, rules: Iterable[RegionRule], profiles: Iterable[str]
) -> None:
    """Refuse perturbations of what is never drawn, or by a profile that measures no drawn mask.

    Parameters
    ----------
    declared : Perturbations or None
        What the cohort file says.
    rules : iterable of RegionRule
        Regions of all masks; none where no mask was taken.
    profiles : iterable of str
        Profiles of the cohort.

    Raises
    ------
    FileError
        If a region or a profile is not there.
    """
    if declared is None:
        return
    unknown = sorted(set(declared.profiles or ()) - set(profiles))
    if unknown:
        msg = f"perturbations name profiles that measure no drawn mask: {', '.join(unknown)}"
        raise FileError(msg, "Name them under profiles too, for stability compares the two")
    perturbable = {one.region: one.habitats is None and one.is_measured for one in rules}
    if not perturbable:
        return
    absent = [region for region in declared.of if region not in perturbable]
    if absent:
        msg = f"perturbations are of {' and '.join(absent)}, which no mask shows"
        raise FileError(msg, "Name regions that are drawn, or derived from drawn ones")
    unmeasured = [region for region in declared.of if not perturbable[region]]
    if unmeasured:
        msg = f"perturbations are of {' and '.join(unmeasured)}, which is divided or not measured"
        raise FileError(msg, "Name regions that are measured themselves, and no habitats")


def _named(chosen: tuple[str, ...] | None, name: str) -> bool:
    return chosen is None or name in chosen
