"""Patterns that could find the wrong files, or read names wrongly, with values written out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from roentgene.ingest.proposing.file_names import Files
from roentgene.ingest.sources.pattern import expression_of

#: Fields with the values that hold for all files of a pattern.
Constants = Mapping[str, str]

# in this order; patients and visits are never written
_WRITTEN_OUT = ("sequence", "region", "rater_id", "lesion_id")


def narrowed(
    pattern: str,
    files: Files,
    others: Collection[str] = (),
    constants: Constants | None = None,
    *,
    always: Collection[str] = (),
) -> dict[str, Constants]:
    """Write values out in place of placeholders until a pattern says what is meant.

    The pattern of a cohort file takes as little as it can for each placeholder, so that
    ``{patient_id}_{sequence}`` reads ``P_1_T1`` as the patient P; ``{patient_id}_T1`` does not.

    Parameters
    ----------
    pattern : str
        The pattern.
    files : Files
        What it is to find, and to read.
    others : collection of str
        What it must not find.
    constants : mapping of str to str, optional
        Fields that are written out already.
    always : collection of str
        Fields that are written out even where they need not be.

    Returns
    -------
    dict of str to mapping
        Patterns, each with the fields that it has values in place of; none where nothing helps.
    """
    found = constants or {}
    waiting = [name for name in _WRITTEN_OUT if f"{{{name}}}" in pattern]
    if not set(waiting) & set(always) and _is_read_right(pattern, files, others):
        return {pattern: found}
    waiting.sort(key=lambda name: name not in always)
    if not waiting:
        return {}
    by_value: dict[str, Files] = defaultdict(dict)
    for name, fields in files.items():
        by_value[fields[waiting[0]]][name] = fields
    patterns: dict[str, Constants] = {}
    for value, own in sorted(by_value.items()):
        written = pattern.replace(f"{{{waiting[0]}}}", value)
        more = {**found, waiting[0]: value}
        patterns |= narrowed(written, own, others, more, always=always)
    return patterns


def _is_read_right(pattern: str, files: Files, others: Collection[str]) -> bool:
    expression = expression_of(pattern)
    for name, fields in files.items():
        read = expression.fullmatch(name)
        if read is None or any(fields[key] != value for key, value in read.groupdict().items()):
            return False
    return not any(expression.fullmatch(other) for other in others)
