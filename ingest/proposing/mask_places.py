"""Which folder, or part of a file name, is the patient, the region or the rater of masks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from roentgene.ingest.proposing.file_names import SEPARATORS, Named, Places, ended


def mask_places(masks: Iterable[Named], images: Places) -> Places:
    """Find the patterns of masks, knowing the patients and visits of the images.

    Parameters
    ----------
    masks : iterable of Named
        The masks.
    images : Places
        What was found of the images.
    """
    places = Places()
    for mask in masks:
        fields = dict(mask.tail.fields)
        pattern = _mask_pattern(mask, images, places, fields)
        if "patient_id" in fields or len(images.patients) == 1:
            places.patterns[pattern][mask.name] = fields
        else:
            places.not_understood.append(mask.name)
    return places


def _mask_pattern(mask: Named, images: Places, places: Places, fields: dict[str, str]) -> str:
    parts = [_mask_folder(folder, images, fields) for folder in mask.folders]
    start = _mask_start(mask, images, fields, places)
    return "/".join([*parts, f"{start}{mask.separator}{mask.tail.template}{mask.ending}"])


def _mask_folder(folder: str, images: Places, fields: dict[str, str]) -> str:
    known: Mapping[str, Collection[str]] = {
        "patient_id": images.patients,
        "timepoint": images.visits,
        "sequence": images.sequences,
    }
    for name, values in known.items():
        if folder in values and name not in fields:
            fields[name] = folder
            return f"{{{name}}}"
    return folder


def _mask_start(mask: Named, images: Places, fields: dict[str, str], places: Places) -> str:
    start = mask.start
    if not start:
        return ""
    patient = max(
        (one for one in images.patients if start == one or start.startswith(ended(one))),
        key=len,
        default=None,
    )
    rest = start if patient is None else start[len(patient) :]
    if patient is not None:
        fields["patient_id"] = patient
    placed = "" if patient is None else "{patient_id}"
    if not rest.strip(SEPARATORS):
        return placed
    separator = rest[: len(rest) - len(rest.lstrip(SEPARATORS))]
    if rest.lstrip(SEPARATORS) in images.sequences and "sequence" not in fields:
        field_name = "sequence"
    elif "patient_id" in fields and "region" not in fields:
        field_name = "region"
        told = "regions: what differs in the names of masks is taken for the region"
        places.guessed[told] = None
    elif "rater_id" not in fields:
        field_name = "rater_id"
        told = "raters: what differs in the names of masks is taken for the rater"
        places.guessed[told] = None
    else:
        return placed + rest
    fields[field_name] = rest.lstrip(SEPARATORS)
    return f"{placed}{separator}{{{field_name}}}"
