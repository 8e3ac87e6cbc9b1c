"""What a value of a release was made from: a row of a view, or stored rows, by its sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from roentgene.warehouse.tracing.release import ReleaseCell

Source = Mapping[str, Any]
#: A table and the values of the columns that name its rows; None asks for NULL.
Asked = tuple[str, dict[str, Any]]

_FEATURE_VIEW = "mart.patient_feature"
_DELTA_VIEW = "mart.delta_radiomics"
_GENE_VIEW = "mart.gene_status"
_LABEL_VIEW = "mart.response_label"
_PLACE = ("sequence", "region", "profile", "engine", "feature")


@dataclass(frozen=True)
class Origin:
    """What stands behind a value.

    Parameters
    ----------
    view : str or None
        View whose row it is; None where it is stored as it is.
    conditions : mapping of str to str or None
        Columns that pick the row.
    stored : tuple of (str, dict)
        Tables, with the columns that name their rows.
    structure : str or None
        Region that stored rows must be of, where their table does not say it.
    notes : tuple of str
        What is to be said of it.
    """

    view: str | None = None
    conditions: Mapping[str, str | None] | None = None
    stored: tuple[Asked, ...] = ()
    structure: str | None = None
    notes: tuple[str, ...] = ()


def origin_of(cell: ReleaseCell) -> Origin:
    """Find what stands behind a value of a release, by its sources and its dictionary."""
    block, kind = cell.dictionary.get("block"), cell.dictionary.get("kind")
    if block == "target":
        return _of_target(cell)
    if block == "rad":
        return _of_image(cell, kind)
    if block == "gen" and kind == "mutation":
        return _of_gene(cell, str(cell.dictionary["feature"]))
    ask = _STORED.get((str(block), str(kind)), _patient)
    sources = cell.sources or (cell.row,)
    stored = tuple(ask(cell, source) for source in sources)
    missing = ("the release has no value here, and names no source",) if not cell.sources else ()
    structure = cell.dictionary.get("region") if block == "dose" else None
    described = block not in ("key", "context")
    return Origin(stored=stored, structure=structure, notes=missing if described else ())


def _of_image(cell: ReleaseCell, kind: str | None) -> Origin:
    """Give the row of the view; of a change the source of its own visit names it."""
    visit = cell.timepoint_id or cell.dictionary.get("timepoint_id")
    own = [source for source in cell.sources if source["visit"] == visit]
    if not own:
        return Origin(notes=("no image of the person at this visit has such a value",))
    source = own[0]
    conditions: dict[str, str | None] = {
        "cohort_id": source["cohort_id"],
        "patient_id": source["patient_id"],
        "timepoint_id": visit,
        **{name: cell.dictionary[name] for name in _PLACE},
        "measurement_id": source["record"],
    }
    if kind != "value":
        return Origin(_DELTA_VIEW, conditions)
    notes = () if source["record"] is not None else (_MEAN,)
    return Origin(_FEATURE_VIEW, conditions, notes=notes)


_MEAN = (
    "the value is a mean over lesions, weighted by volume, and no single measurement has it;"
    " the measurements shown are those of the region, of which it is the mean"
)


def _of_gene(cell: ReleaseCell, gene: str) -> Origin:
    cohorts = {source["cohort_id"] for source in cell.sources} or {cell.row.get("cohort_id")}
    conditions = {"person_id": cell.person_id, "hugo_symbol": gene}
    if len(cohorts) == 1:
        conditions["cohort_id"] = cohorts.pop()
    return Origin(_GENE_VIEW, conditions)


def _of_target(cell: ReleaseCell) -> Origin:
    target = cell.target
    name, visit = str(target.get("name")), target.get("timepoint")
    patient = _patient_of(cell.row)
    if target.get("kind") == "gene":
        return _of_gene(cell, name)
    if target.get("kind") == "progression":
        at = {} if visit is None else {"timepoint_id": visit}
        return Origin(_LABEL_VIEW, {**patient, "criteria": name, **at})
    return Origin(stored=tuple(_stored_target(target, {**patient}, name, visit)))


def _stored_target(
    target: Mapping[str, Any], patient: dict[str, Any], name: str, visit: str | None
) -> Iterator[Asked]:
    match target.get("kind"):
        case "biomarker":
            yield "genomic.biomarker", {**patient, "marker": name}
        case "clinical":
            yield "clinical.variable", {**patient, "variable": name, "timepoint_id": visit}
        case "outcome":
            anchor = target.get("start_anchor")
            counted = {} if anchor is None else {"start_anchor": anchor}
            yield "clinical.outcome", {**patient, "endpoint": name, **counted}
        case "response":
            yield "clinical.response", {**patient, "criteria": name, "timepoint_id": visit}


def _patient_of(source: Source) -> dict[str, Any]:
    return {"cohort_id": source["cohort_id"], "patient_id": source["patient_id"]}


def _patient(_cell: ReleaseCell, source: Source) -> Asked:
    return "study.patient", _patient_of(source)


def _variable(cell: ReleaseCell, source: Source) -> Asked:
    named = {"variable": cell.dictionary["feature"], "timepoint_id": source.get("visit")}
    return "clinical.variable", {**_patient_of(source), **named}


def _dose(cell: ReleaseCell, source: Source) -> Asked:
    named = {"feature": cell.dictionary["feature"], "unit": cell.dictionary["unit"]}
    ids = {"dose_id": source.get("record"), "extraction_id": source.get("extraction_id")}
    return "imaging.dose_feature", {"cohort_id": source["cohort_id"], **ids, **named}


def _expression(cell: ReleaseCell, source: Source) -> Asked:
    gene, profile = cell.dictionary["feature"], cell.dictionary["profile"]
    named = {"hugo_symbol": gene, "molecular_profile_id": profile}
    sample = {"cohort_id": source["cohort_id"], "sample_id": source.get("record")}
    return "genomic.expression", {**sample, **named}


def _biomarker(cell: ReleaseCell, source: Source) -> Asked:
    named = {"marker": cell.dictionary["feature"], "method": source.get("record")}
    day = {"study_day": source.get("study_day")}
    return "genomic.biomarker", {**_patient_of(source), **named, **day}


_STORED: Mapping[tuple[str, str], Callable[[ReleaseCell, Source], Asked]] = {
    ("clin", "variable"): _variable,
    ("dose", "dose"): _dose,
    ("gen", "expression"): _expression,
    ("gen", "biomarker"): _biomarker,
}
