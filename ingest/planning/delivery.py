"""The drawings of a delivery: every pair that the cohort file knows what to make of, hashed.

A pair that cannot be taken is refused by name and the others go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from roentgene.ingest.known import StoredFile
from roentgene.ingest.planning.contents import Files, read_contents
from roentgene.ingest.planning.drawing import DeliveredFile, Drawing, refuse
from roentgene.ingest.planning.image_sources import SourceFiles, read_sources
from roentgene.ingest.planning.personal_paths import (
    StoredNames,
    personal_field,
    stored_names,
    without_personal_paths,
)
from roentgene.ingest.privacy import UNDECLARED, Privacy, hashes_ids, reason_of
from roentgene.ingest.refusal import Gated, Refusal
from roentgene.ingest.sources.pair import Pair
from roentgene.schemas.cohort import Cohort, ImageSource
from roentgene.schemas.cohort_perturbations import DRAWN_REPEATS

# what the column of imaging.segmentation can hold
_REPEAT_NO = re.compile(r"0*[1-9][0-9]{0,8}")
_VOLUME_INDEX = re.compile(r"0*[0-9]{1,9}")

#: Declared id rules: id as given and its source to the cohort's id.
Normalise = Callable[[str, ImageSource], str]


@dataclass(frozen=True)
class Delivery(Gated[tuple[Drawing, ...]]):
    """Drawings found, and what was refused.

    Parameters
    ----------
    kept, refused, counts
        As in :class:`Gated`.
    files : frozenset of str
        Names of all image and mask files that were found, kept or not.
    n_pairs : int
        Number of pairs found, kept or not; an image or a mask alone counts as one.
    newly_read : mapping of str to StoredFile
        Files that were read, by name, and by what they are recognised the next time.
    """

    files: frozenset[str] = frozenset()
    n_pairs: int = 0
    newly_read: Mapping[str, StoredFile] = field(default_factory=dict)


@dataclass(frozen=True)
class _Declared:
    """A pair with its source and the cohort's id of its patient."""

    source: SourceFiles
    pair: Pair
    patient_id: str


def find_drawings(
    cohort: Cohort,
    folder: Path,
    normalise: Normalise,
    stored: Mapping[str, StoredFile],
    privacy: Privacy = UNDECLARED,
    anchors: Mapping[str, date] | None = None,
) -> Delivery:
    """Find the images and masks of a delivery.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    folder : Path
        Its folder, from which relative paths start.
    normalise : callable
        Declared id rules.
    stored : mapping of str to StoredFile
        Files as they were last read.
    privacy : Privacy
        What may come in although it looks like a person.
    anchors : mapping of str to date, optional
        Day zero of each patient, by the cohort's id.

    Raises
    ------
    FileError
        As :func:`roentgene.ingest.planning.image_sources.read_sources`.
    """

    def anchor_of(given: str, source: ImageSource) -> date | None:
        return (anchors or {}).get(normalise(given, source))

    sources = read_sources(cohort, folder, anchor_of, privacy)
    names = stored_names(sources, folder, normalise)
    sources = [without_personal_paths(source, names, privacy) for source in sources]
    found = [_declared(source, pair, normalise) for source in sources for pair in source.pairs]
    refused = [refusal for source in sources for refusal in source.refused]
    n_pairs = len(found) + len(refused)
    declared = []
    for one in found:
        refusal = _undeclared(one, cohort, names, privacy)
        if refusal is None:
            declared.append(one)
        else:
            refused.append(refusal)
    contents = _contents([one.pair for one in declared], names, stored)
    return Delivery(
        tuple(
            _drawing(one, contents.files)
            for one in declared
            if one.pair.image in contents.files and one.pair.mask in contents.files
        ),
        # a fault of an image is met again with each of its masks
        tuple(dict.fromkeys([*refused, *contents.unreadable])),
        files=frozenset(name for source in sources for name in _names(source, names)),
        n_pairs=n_pairs,
        newly_read=contents.newly_read,
    )


def _declared(source: SourceFiles, pair: Pair, normalise: Normalise) -> _Declared:
    patient_id = normalise(pair.fields["patient_id"], source.declared)
    if hashes_ids(source.declared.normalise):
        # refusals are told by the fields of their pair
        pair = replace(pair, fields={**pair.fields, "patient_id": patient_id})
    return _Declared(source, pair, patient_id)


def _undeclared(
    found: _Declared, cohort: Cohort, names: StoredNames, privacy: Privacy
) -> Refusal | None:
    """Refuse a pair of which the cohort file does not say what to make."""
    pair, modalities = found.pair, found.source.modalities

    def refusal(reason_code: str, column: str, detail: str) -> Refusal:
        return refuse(pair, reason_code, detail, names(pair.image), column)

    fields = pair.fields
    if (personal := personal_field(pair, found.patient_id, privacy)) is not None:
        column, kind = personal
        return refusal(reason_of(kind), column, f"{column} looks like a {kind}")
    sequence, timepoint, repeat_no = fields["sequence"], fields["timepoint"], fields["repeat_no"]
    if modalities is not None and sequence not in modalities:
        detail = f"sequence {sequence!r} is not among {', '.join(modalities)}"
        return refusal("unknown_sequence", "sequence", detail)
    if timepoint not in cohort.timepoints:
        detail = f"timepoint {timepoint!r} is not among {', '.join(cohort.timepoints)}"
        return refusal("unknown_timepoint", "timepoint", detail)
    if not _REPEAT_NO.fullmatch(repeat_no) or int(repeat_no) > DRAWN_REPEATS:
        detail = f"repeat_no {repeat_no!r} is no whole number from 1 to {DRAWN_REPEATS}"
        return refusal("missing_field", "repeat_no", detail)
    volume_index = fields.get("volume_index")
    if volume_index is not None and not _VOLUME_INDEX.fullmatch(volume_index):
        detail = f"volume_index {volume_index!r} is no whole number from 0 to 999999999"
        return refusal("missing_field", "volume_index", detail)
    if pair.told is None and fields.get("region") not in found.source.rules:
        return refusal("missing_field", "region", "region is empty")
    if not found.patient_id:
        detail = f"the id rules leave nothing of {fields['patient_id']!r}"
        return refusal("missing_field", "patient_id", detail)
    return None


@dataclass(frozen=True)
class _Contents:
    """Files that could be read, and refusals of the others."""

    files: Mapping[Path, DeliveredFile]
    unreadable: Sequence[Refusal]
    newly_read: Mapping[str, StoredFile]


def _contents(
    pairs: Sequence[Pair], name_of: StoredNames, stored: Mapping[str, StoredFile]
) -> _Contents:
    """Hash the files of pairs, each once and only if need be; refuse those that cannot be read."""
    # a file that several pairs share is refused with the first of them
    first: dict[Files, tuple[str, Pair]] = {}
    for pair in pairs:
        first.setdefault(pair.image_files, ("image", pair))
        first.setdefault((pair.mask,), ("mask", pair))
    names = {paths: name_of(paths[0]) for paths in first}
    files, refused, newly_read = {}, [], {}
    for paths, found in read_contents(names, stored).items():
        name = names[paths]
        if isinstance(found, OSError):
            refused.append(_unreadable(*first[paths], name, found))
            continue
        files[paths[0]] = DeliveredFile(paths[0], name, found.content_hash)
        if found.newly_read is not None:
            newly_read[name] = found.newly_read
    return _Contents(files, refused, newly_read)


def _unreadable(kind: str, pair: Pair, name: str, error: OSError) -> Refusal:
    absent = isinstance(error, FileNotFoundError)
    detail = f"{name} cannot be read ({type(error).__name__})"
    return refuse(pair, "file_missing" if absent else f"unreadable_{kind}", detail, name, kind)


def _drawing(found: _Declared, files: Mapping[Path, DeliveredFile]) -> Drawing:
    pair, declared = found.pair, found.source.declared
    modality, place = declared.modality, 0
    if pair.told is not None:
        modality = pair.told.modality
    elif isinstance(modality, dict):
        sequence = pair.fields["sequence"]
        modality, place = modality[sequence], list(modality).index(sequence)
    return Drawing(
        pair=pair,
        image=files[pair.image],
        mask=files[pair.mask],
        patient_id=found.patient_id,
        modality=modality,
        rules=found.source.rules_of(pair),
        reference_sequence=declared.reference_sequence,
        order=(found.source.number, place),
    )


def _names(source: SourceFiles, names: StoredNames) -> Iterator[str]:
    for pair in source.pairs:
        yield names(pair.image)
        yield names(pair.mask)
    for refusal in source.refused:
        # a pattern refuses files; a manifest refuses lines of its own
        if source.declared.manifest is None and refusal.file_path is not None:
            yield refusal.file_path
