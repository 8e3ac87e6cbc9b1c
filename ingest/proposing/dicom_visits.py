"""How many visits the patients of a DICOM tree have, and how many days lie between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from roentgene.ingest.sources.dicom.header import Header


def told_visits(headers: Iterable[Header]) -> list[str]:
    """Say when images were made, in days from the first of each patient.

    Parameters
    ----------
    headers : iterable of Header
        Images.

    Returns
    -------
    list of str
        Nothing where every patient was imaged on one day.
    """
    days: dict[str, set[int]] = defaultdict(set)
    for header in headers:
        if header.study_date is not None:
            days[header.patient_id].add(header.study_date.toordinal())
    n_several = sum(len(own) > 1 for own in days.values())
    if not n_several:
        return []
    told = [
        f"visits: {n_several} of {len(days)} patients were imaged on several days; declare "
        "timepoints with their windows of days, and the anchors that days are counted from"
    ]
    since_first: dict[int, list[int]] = defaultdict(list)
    for own in days.values():
        for number, day in enumerate(sorted(own)):
            since_first[number].append(day - min(own))
    for number, found in sorted(since_first.items())[1:]:
        told.append(
            f"visits: day {number + 1} of imaging is {min(found)} to {max(found)} days after the "
            f"first (median {median(found):g}, {len(found)} patients)"
        )
    return told
