"""A folder of DICOM files of any shape: what is in it, and what of it cannot be taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.identity import file_hash
from roentgene.ingest.refusal import Gated, Refusal, RuleCount
from roentgene.ingest.sources.dicom import sop_classes
from roentgene.ingest.sources.dicom.damage import unwarned
from roentgene.ingest.sources.dicom.header import Examined, Header, examine
from roentgene.ingest.sources.dicom.instances import distinct_instances, persons_with_one_id
from roentgene.ingest.sources.dicom.pixel_length import Fault
from roentgene.ingest.sources.dicom.series import (
    ImageSeries,
    Refused,
    SeriesKey,
    by_series,
    series_key,
    volumes_of,
)
from roentgene.ingest.sources.dicom.walking import walk
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.words import reason_codes

Name = Callable[[Path], str]

# reading is Python's own work, one thread at a time; more of them wait for a slow file system
_N_THREADS = 4
_OF_FILES = ("path_outside", "unreadable_dicom", "pixel_header_mismatch", "two_persons_one_id")
_OF_INSTANCES = ("duplicate_instance",)
_OF_SERIES = (
    "missing_slices",
    "duplicate_slices",
    "gantry_tilt",
    "mixed_orientations",
    "mixed_grids",
    "single_slice",
    "localizer",
    "multiframe_unsupported",
    "not_three_dimensional",
    "invalid_geometry",
    "unreadable_image",
)


@dataclass(frozen=True)
class DicomTree:
    """What was found in a folder and can be taken.

    Parameters
    ----------
    series : tuple of ImageSeries
        CT, MR and PET volumes.
    structure_sets, segmentations, doses, plans : tuple of Header
        RTSTRUCT, SEG (label maps too), RTDOSE and RTPLAN objects, one a file.
    others : tuple of Header
        Everything else: reports, presentation states, other modalities.
    n_files, n_passed_over, n_copies : int
        Files that were found; those that are no DICOM; those with the bytes of another one.
    """

    series: tuple[ImageSeries, ...] = ()
    structure_sets: tuple[Header, ...] = ()
    segmentations: tuple[Header, ...] = ()
    doses: tuple[Header, ...] = ()
    plans: tuple[Header, ...] = ()
    others: tuple[Header, ...] = ()
    n_files: int = 0
    n_passed_over: int = 0
    n_copies: int = 0


def scan(folder: Path, name: Name) -> Gated[DicomTree]:
    """Find the DICOM objects of a folder by their headers.

    Names and places of files mean nothing: a file is DICOM by its content, and what is none is
    passed over. A series of which a file cannot be taken is not taken either, for half a volume
    looks like a whole one; a damaged file that does not say its series is of the one whose
    folder it stands in, unless other series stand there too.

    Parameters
    ----------
    folder : Path
        The folder; all folders in it are looked into.
    name : callable
        A file's name in refusals.

    Returns
    -------
    Gated of DicomTree
        Refusals name a file, or the first file of a series, and no value of a header; with the
        reason codes ``path_outside``, ``unreadable_dicom``, ``pixel_header_mismatch``,
        ``two_persons_one_id``, ``duplicate_instance``, and those of
        :func:`roentgene.ingest.sources.dicom.series.volumes_of`.
    """
    found = walk(folder)
    with unwarned(), ThreadPoolExecutor(_N_THREADS) as pool:
        looked_into = list(pool.map(examine, found.files))
    refused = [_of_file(path, fault, name) for path, fault in found.refused]
    refused += [_of_file(e.path, e.fault, name) for e in looked_into if e.fault is not None]
    headers = [e.header for e in looked_into if e.header is not None and e.fault is None]
    others, broken = _without_persons_with_one_id(headers, name)
    refused += broken
    distinct = distinct_instances(others)
    refused += [_of_file(h.path, r.fault, name) for r in distinct.refused for h in r.headers]
    unknown = [
        *(path for path, _ in found.refused),
        *(e.path for e in looked_into if e.fault is not None and e.header is None),
    ]
    lost = [
        *(e.header for e in looked_into if e.fault is not None and e.header is not None),
        *(header for r in distinct.refused for header in r.headers),
        *_beside(unknown, distinct.headers),
    ]
    series, incomplete = _series(distinct.headers, lost)
    refused += [_of_series(r, name) for r in incomplete]
    tree = DicomTree(
        series=tuple(series),
        **_sorted_by_kind(distinct.headers),
        n_files=len(found.files) + found.n_passed_over,
        n_passed_over=found.n_passed_over + sum(map(_is_none, looked_into)),
        n_copies=distinct.n_copies,
    )
    counts = _counts(refused, len(looked_into) + len(found.refused), len(series))
    return Gated(tree, tuple(refused), tuple(counts))


def _is_none(examined: Examined) -> bool:
    return examined.header is None and examined.fault is None


def _without_persons_with_one_id(
    headers: Sequence[Header], name: Name
) -> tuple[list[Header], list[Refusal]]:
    found = persons_with_one_id(headers)
    ids = {refused.headers[0].patient_id for refused in found}
    refused = [
        _of_series(Refused(tuple(own), of_person.fault), name)
        for of_person in found
        for own in by_series(of_person.headers)
    ]
    return [header for header in headers if header.patient_id not in ids], refused


def _beside(unknown: Iterable[Path], headers: Iterable[Header]) -> Iterator[Header]:
    """Find an image of the series that a file without readable header belongs to.

    It is the only series of its folder, if that is the folder of one series.
    """
    by_folder: dict[Path, dict[SeriesKey, Header]] = {}
    for header in headers:
        if header.is_image:
            by_folder.setdefault(header.path.parent, {})[series_key(header)] = header
    for path in unknown:
        one_a_series = by_folder.get(path.parent, {})
        if len(one_a_series) == 1:
            yield from one_a_series.values()


def _series(
    headers: Iterable[Header], lost: Iterable[Header]
) -> tuple[list[ImageSeries], list[Refused]]:
    n_lost: dict[SeriesKey, int] = {}
    for header in lost:
        n_lost[series_key(header)] = n_lost.get(series_key(header), 0) + 1
    taken: list[ImageSeries] = []
    refused: list[Refused] = []
    for own in by_series(header for header in headers if header.is_image):
        if n := n_lost.get(series_key(own[0])):
            detail = f"{n} of its {len(own) + n} files cannot be taken"
            refused.append(Refused(tuple(own), Fault("missing_slices", detail)))
            continue
        volumes, broken = volumes_of(own)
        taken += volumes
        refused += broken
    return taken, refused


def _sorted_by_kind(headers: Iterable[Header]) -> dict[str, tuple[Header, ...]]:
    kinds: dict[str, list[Header]] = {
        kind: [] for kind in ("structure_sets", "segmentations", "doses", "plans", "others")
    }
    for header in headers:
        if not header.is_image:
            kinds[_kind(header.sop_class_uid)].append(header)
    return {kind: tuple(found) for kind, found in kinds.items()}


def _kind(sop_class_uid: str) -> str:
    if sop_class_uid in sop_classes.SEGMENTATIONS:
        return "segmentations"
    if sop_class_uid in sop_classes.PLANS:
        return "plans"
    one = {sop_classes.STRUCTURE_SET: "structure_sets", sop_classes.DOSE: "doses"}
    return one.get(sop_class_uid, "others")


def _of_file(path: Path, fault: Fault, name: Name) -> Refusal:
    readable = path.is_file() and fault.reason_code != "path_outside"
    try:
        content_hash = file_hash(path) if readable else None
    except OSError:
        content_hash = None
    return _refusal(fault, "DICOM file", name(path), content_hash)


def _of_series(refused: Refused, name: Name) -> Refusal:
    first = refused.headers[0]
    # of two persons one instance may stand there twice, and planes have no order
    content = sorted([header.sop_instance_uid, repr(header.planes)] for header in refused.headers)
    return _refusal(
        refused.fault,
        # no id, number or description, for each of them may be a person's
        f"{first.modality} series of {len(refused.headers)} files",
        name(first.path),
        text_hash(canonical_json(content)),
    )


def _refusal(fault: Fault, subject: str, file_path: str, content_hash: str | None) -> Refusal:
    return Refusal(
        "manifest",
        fault.reason_code,
        subject,
        fault.detail,
        file_path=file_path,
        content_hash=content_hash,
    )


def _counts(refused: Sequence[Refusal], n_files: int, n_taken: int) -> Iterator[RuleCount]:
    """Count a file once, and a series once, for each rule that it was tried by."""
    met: dict[str, int] = {}
    for refusal in refused:
        met[refusal.reason_code] = met.get(refusal.reason_code, 0) + 1
    n_series = n_taken + sum(met.get(rule, 0) for rule in _OF_SERIES)
    for rules, subject, n_checked in (
        ((*_OF_FILES, *_OF_INSTANCES), "DICOM files", n_files),
        (_OF_SERIES, "DICOM series", n_series),
    ):
        for rule in rules:
            severity = reason_codes()[rule].severity
            yield RuleCount("manifest", subject, rule, n_checked, met.get(rule, 0), severity)
