"""How much the gates of files looked at, rule by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from roentgene.ingest.planning.plan import Plan
from roentgene.ingest.refusal import Refusal, RuleCount, Stage
from roentgene.ingest.study_folder.findings import STUDY_FOLDER
from roentgene.schemas.words import reason_codes

_PAIRS = "image and mask pairs"
_MANIFEST = (
    "file_missing",
    "mask_missing",
    "mask_without_image",
    "ambiguous_mask",
    "duplicate_pair",
    "missing_field",
    "unknown_sequence",
    "unknown_timepoint",
    "path_outside",
    "unreadable_image",
    "unreadable_mask",
    "same_image_two_patients",
)
# what each rule of the second gate looks at
_IMAGE = {
    "unreadable_image": "images",
    "unreadable_mask": "masks",
    "unsupported_format": "images",
    "detached_voxels": "images",
    "not_three_dimensional": "images",
    "volume_index_out_of_range": "images",
    "invalid_geometry": "images",
    "geometry_mismatch": "masks",
    "non_integer_labels": "masks",
    "labels_out_of_range": "masks",
    "too_many_labels": "masks",
    "empty_mask": "masks",
    "unexpected_labels": "masks",
    "full_mask": "regions",
    "roi_too_small": "regions",
    "non_finite_voxels": "regions",
    "flat_region": "regions",
    "one_slice": "regions",
    "several_components": "regions",
    "too_many_grey_levels": "regions",
    "too_few_grey_levels": "regions",
    "engine_failed": "regions",
    "worker_died": "images",
}


def file_counts(plan: Plan, refusals: Iterable[Refusal]) -> tuple[RuleCount, ...]:
    """Count the rules of the first two gates, and those of the tables' own cells and ids."""
    met: Counter[tuple[Stage, str]] = Counter()
    of_folders: Counter[str] = Counter()
    for refusal in refusals:
        if refusal.subject == STUDY_FOLDER:
            of_folders[refusal.reason_code] += 1
        elif refusal.stage != "staged":
            met[refusal.stage, refusal.reason_code] += 1
    found = [
        _count("manifest", STUDY_FOLDER, rule, max(n_met, len(plan.tables)), n_met)
        for rule, n_met in sorted(of_folders.items())
    ]
    if plan.cohort.images:
        n_pairs = plan.imaging.n_pairs
        found += [
            _count("manifest", _PAIRS, rule, n_pairs, met["manifest", rule])
            for rule in (*_MANIFEST, *_others(met, "manifest", _MANIFEST))
        ]
    n_looked_at = _n_looked_at(plan)
    if n_looked_at["images"]:
        found += [
            _count("image", subject, rule, n_looked_at[subject], met["image", rule])
            for rule, subject in _IMAGE.items()
        ]
        found += [
            _count("image", "images", rule, n_looked_at["images"], met["image", rule])
            for rule in _others(met, "image", _IMAGE)
        ]
    return (*found, *_table_counts(plan))


def _others(
    met: Mapping[tuple[Stage, str], int], stage: Stage, listed: Collection[str]
) -> list[str]:
    """Name the rules that only some deliveries can break, such as those of DICOM, once they do."""
    return sorted(rule for at, rule in met if at == stage and rule not in listed)


def _n_looked_at(plan: Plan) -> dict[str, int]:
    cases = plan.imaging.cases
    masks = [mask for case in cases for mask in case.masks]
    n_regions = sum(bool(region.due) for mask in masks for region in mask.regions)
    return {"images": len(cases), "masks": len(masks), "regions": n_regions}


def _table_counts(plan: Plan) -> Iterator[RuleCount]:
    """One count for each reason that a file met; its rows are those kept and those refused."""
    n_rows: Counter[str] = Counter()
    met: Counter[tuple[str, Stage, str]] = Counter()
    for planned in plan.tables:
        if planned.staged is not None:
            n_rows[planned.name] += planned.n_rows + len(planned.staged.refusals)
            met.update((planned.name, r.stage, r.reason_code) for r in planned.staged.refusals)
    for (name, stage, rule), n_refused in sorted(met.items()):
        yield _count(stage, name, rule, n_rows[name], n_refused)


def _count(stage: Stage, subject: str, rule: str, n_checked: int, n_refused: int) -> RuleCount:
    return RuleCount(stage, subject, rule, n_checked, n_refused, reason_codes()[rule].severity)
