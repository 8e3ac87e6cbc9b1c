"""The staged rows of one case, collected while it is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from roentgene.ingest.dose.measuring import DoseMetric
from roentgene.ingest.extract.engines import EngineResult
from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.ingest.gates.geometry import GeometryDifference
from roentgene.ingest.refusal import Refusal, refusals_to_arrow
from roentgene.ingest.regions.overlap import Overlap
from roentgene.ingest.sources.volume import Geometry
from roentgene.ingest.staged_columns import staged_schema
from roentgene.ingest.staging.dosiomic_unit import dosiomic_unit
from roentgene.ingest.staging.drawn import RegionFacts
from roentgene.schemas.canonical import canonical_json

_STATUS_OF_REASON = {
    "label_absent": "label_absent",
    "roi_too_small": "roi_too_small",
    "engine_failed": "failed",
    "worker_died": "failed",
}
_REASON_OF_VALUE = {"undefined": "not_finite", "approximate": "substituted"}
#: A finding about the tumour, not a fault of the delivery.
_NOT_QUARANTINED = frozenset({"label_absent"})


@dataclass(frozen=True)
class CaseRows:
    """Staged rows of a case, one Arrow table for each stored table, and its refusals."""

    series: pa.Table
    segmentation: pa.Table
    mask_label: pa.Table
    measurement: pa.Table
    feature_value: pa.Table
    segmentation_overlap: pa.Table
    dose: pa.Table
    dose_feature: pa.Table
    refusal: pa.Table

    def tables(self) -> dict[str, pa.Table]:
        """Give the tables by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class RowCollector:
    """Takes rows down while a case is measured.

    Parameters
    ----------
    case : Case
        The case that the rows are about.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self._extractions = {one.extraction_id: one for one in case.extractions}
        self._rows: dict[str, list[dict[str, Any]]] = {
            "series": [],
            "segmentation": [],
            "measurement": [],
            "segmentation_overlap": [],
            "dose": [],
            "dose_feature": [],
        }
        self._labels: dict[str, Mapping[int, int]] = {}
        self._misfits: dict[str, GeometryDifference] = {}
        self._values: dict[str, list[Any]] = {
            name: [] for name in staged_schema("imaging.feature_value").names
        }
        self._refusals: list[Refusal] = []

    def series(self, geometry: Geometry | None) -> None:
        """Take the image down; without geometry where it could not be read."""
        case = self._case
        row = {
            **self._visit(),
            "series_id": case.series_id,
            "modality": case.modality,
            "sequence": case.sequence,
            "volume_index": case.volume_index,
            "source": "image",
            "file_path": case.name,
            "content_hash": case.content_hash,
            **case.acquisition,
        }
        if geometry is not None:
            row["space_id"] = geometry.space_id
            for axis, size, spacing in zip("xyz", geometry.size, geometry.spacing, strict=True):
                row[f"size_{axis}"], row[f"spacing_{axis}"] = size, spacing
        self._rows["series"].append(row)
        if case.dose is not None:
            self._rows["dose"].append(
                {
                    **self._visit(),
                    "dose_id": case.dose.dose_id,
                    "series_id": case.series_id,
                    "content_hash": case.content_hash,
                    **case.dose.columns,
                }
            )

    def segmentation(self, mask: MaskWork, region: RegionWork, facts: RegionFacts | None) -> None:
        """Take a region down; without facts where its mask could not be read."""
        row = {
            **self._visit(),
            "segmentation_id": region.segmentation_id,
            "reference_series_id": mask.reference_series_id,
            "region": region.region,
            "lesion_id": mask.lesion_id,
            "rater_id": mask.rater_id,
            "repeat_no": region.repeat_no or mask.repeat_no,
            "derivation": region.derivation,
            "source": "image",
            "file_path": mask.name,
            "source_hash": mask.content_hash,
            "linked_by": mask.linked_by,
        }
        if facts is not None:
            row["content_hash"] = facts.content_hash
            row["voxel_count"] = facts.voxel_count
            row["volume_mm3"] = facts.volume_mm3
            row["n_components"], row["largest_component_share"] = facts.components
        self._rows["segmentation"].append(row)

    def mask_labels(self, mask: MaskWork, inventory: Mapping[int, int]) -> None:
        """Take down how many voxels a mask file has of each value."""
        self._labels[mask.content_hash] = inventory

    def misfit(self, mask: MaskWork, difference: GeometryDifference) -> None:
        """Note, for every measurement of a mask, how far its grid is from that of the image."""
        for region in mask.regions:
            self._misfits[region.segmentation_id] = difference

    def measured(
        self,
        region: RegionWork,
        extraction_id: str,
        result: EngineResult,
        seconds: float,
        warnings: Sequence[Refusal],
    ) -> None:
        """Take a measurement down with its values; the first warning stays as its reason."""
        first = warnings[0] if warnings else None
        for warning in warnings:
            self.refuse(warning)
        self._rows["measurement"].append(
            {
                **self._measurement(region, extraction_id),
                "status": "ok",
                "reason": first.reason_code if first else None,
                "reason_detail": first.detail if first else None,
                "path": result.path,
                "voxel_count": result.voxel_count,
                "grey_levels": result.grey_levels.get("original"),
                "grey_levels_by_image_type": canonical_json(result.grey_levels),
                "seconds": seconds,
            }
        )
        if self._case.dose is not None:
            self._dosiomics(self._case.dose.dose_id, region, extraction_id, result)
            return
        n_values, columns = len(result.values), self._values
        for name, constant in self._key(region, extraction_id).items():
            columns[name] += [constant] * n_values
        columns["feature"] += result.values.keys()
        columns["value"] += result.values.values()
        statuses = [_value_status(name, result) for name in result.values]
        columns["value_status"] += statuses
        columns["value_reason"] += [_REASON_OF_VALUE.get(status) for status in statuses]

    def _dosiomics(
        self, dose_id: str, region: RegionWork, extraction_id: str, result: EngineResult
    ) -> None:
        extraction = self._extractions[extraction_id]
        for feature, value in result.values.items():
            status = _value_status(feature, result)
            self._rows["dose_feature"].append(
                {
                    **self._dose_key(dose_id, region, extraction_id),
                    "feature": feature,
                    "unit": dosiomic_unit(extraction, feature),
                    "value": value,
                    "value_status": status,
                    "value_reason": _REASON_OF_VALUE.get(status),
                }
            )

    def dose_volume(
        self,
        region: RegionWork,
        extraction_id: str,
        voxel_count: int,
        metrics: Sequence[DoseMetric],
    ) -> None:
        """Take the dose-volume metrics of a structure down."""
        dose = self._case.dose
        if dose is None:
            msg = "a case without a dose has no dose-volume metrics"
            raise ValueError(msg)
        self._rows["measurement"].append(
            {
                **self._measurement(region, extraction_id),
                "status": "ok",
                "path": "stock",
                "voxel_count": voxel_count,
            }
        )
        self._rows["dose_feature"] += [
            {
                **self._dose_key(dose.dose_id, region, extraction_id),
                "feature": metric.feature,
                "unit": metric.unit,
                "value": metric.value,
                "value_status": metric.status,
                "value_reason": metric.reason,
            }
            for metric in metrics
        ]

    def not_measured(self, region: RegionWork, extraction_id: str, refusal: Refusal) -> None:
        """Take a measurement down that a gate or the engine refused."""
        status = _STATUS_OF_REASON.get(refusal.reason_code, "refused")
        self._rows["measurement"].append(
            {
                **self._measurement(region, extraction_id),
                "status": status,
                "reason": refusal.reason_code,
                "reason_detail": refusal.detail,
                "voxel_count": 0 if status == "label_absent" else None,
            }
        )
        self.refuse(refusal)

    def none_measured(self, region: RegionWork, refusal: Refusal) -> None:
        """Take down that one refusal stands against everything due for a region."""
        for extraction_id in region.due:
            self.not_measured(region, extraction_id, refusal)

    def refuse(self, refusal: Refusal) -> None:
        """Take a refusal down, once however many measurements it keeps out."""
        place = (refusal.reason_code, refusal.file_path, refusal.subject)
        known = {(r.reason_code, r.file_path, r.subject) for r in self._refusals}
        if refusal.reason_code not in _NOT_QUARANTINED and place not in known:
            self._refusals.append(refusal)

    def overlap(self, segmentation_id_a: str, segmentation_id_b: str, found: Overlap) -> None:
        """Take down how far two masks of one region agree."""
        self._rows["segmentation_overlap"].append(
            {
                "cohort_id": self._case.cohort_id,
                "segmentation_id_a": segmentation_id_a,
                "segmentation_id_b": segmentation_id_b,
                "dice": found.dice,
                "hd95_mm": found.hd95_mm,
                "volume_difference_mm3": found.volume_difference_mm3,
                "status": found.status,
            }
        )

    def rows(self) -> CaseRows:
        """Give everything taken down, as Arrow tables."""
        self._rows["mask_label"] = [
            {
                "cohort_id": self._case.cohort_id,
                "source_hash": source_hash,
                "label": label,
                "voxel_count": voxel_count,
            }
            for source_hash, inventory in self._labels.items()
            for label, voxel_count in inventory.items()
        ]
        found = {
            name: pa.Table.from_pylist(rows, schema=staged_schema(f"imaging.{name}"))
            for name, rows in self._rows.items()
        }
        values = pa.table(self._values, schema=staged_schema("imaging.feature_value"))
        return CaseRows(**found, feature_value=values, refusal=refusals_to_arrow(self._refusals))

    def _visit(self) -> dict[str, Any]:
        case = self._case
        return {
            "cohort_id": case.cohort_id,
            "patient_id": case.patient_id,
            "timepoint_id": case.timepoint_id,
        }

    def _key(self, region: RegionWork, extraction_id: str) -> dict[str, str]:
        return {
            "cohort_id": self._case.cohort_id,
            "segmentation_id": region.segmentation_id,
            "series_id": self._case.series_id,
            "extraction_id": extraction_id,
        }

    def _dose_key(self, dose_id: str, region: RegionWork, extraction_id: str) -> dict[str, str]:
        return {
            "cohort_id": self._case.cohort_id,
            "dose_id": dose_id,
            "segmentation_id": region.segmentation_id,
            "extraction_id": extraction_id,
        }

    def _measurement(self, region: RegionWork, extraction_id: str) -> dict[str, Any]:
        row = {**self._key(region, extraction_id), "work_key": region.due[extraction_id]}
        misfit = self._misfits.get(region.segmentation_id)
        return row if misfit is None else {**row, **_differences(misfit)}


def _differences(misfit: GeometryDifference) -> dict[str, float]:
    return {
        "size_difference": misfit.size_voxels,
        "spacing_difference_mm": misfit.spacing_mm,
        "origin_difference_mm": misfit.origin_mm,
        "direction_difference": misfit.direction,
        "corner_distance_mm": misfit.corner_mm,
    }


def _value_status(feature: str, result: EngineResult) -> str:
    if result.values[feature] is None:
        return "undefined"
    return "approximate" if feature in result.approximate else "ok"
