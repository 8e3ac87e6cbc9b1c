"""Files that claim to be one instance, and persons who share one id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from roentgene.ingest.identity import file_hash
from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.pixel_length import Fault
from roentgene.ingest.sources.dicom.series import Refused

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Distinct:
    """Files with one file an instance.

    Parameters
    ----------
    headers : tuple of Header
        The files that are left.
    refused : tuple of Refused
        Instances that several files claim to be (``duplicate_instance``).
    n_copies : int
        Number of files left out because another one has the same bytes.
    """

    headers: tuple[Header, ...]
    refused: tuple[Refused, ...]
    n_copies: int


def distinct_instances(headers: Sequence[Header]) -> Distinct:
    """Keep one of several copies of an instance, and none where they differ.

    Nobody can say which of two different files of one SOPInstanceUID is the right one.

    Parameters
    ----------
    headers : sequence of Header
        All files.
    """
    kept: list[Header] = []
    refused: list[Refused] = []
    n_copies = 0
    for same in _grouped(headers, lambda header: header.sop_instance_uid):
        if len(same) == 1 or len({file_hash(header.path) for header in same}) == 1:
            kept.append(same[0])
            n_copies += len(same) - 1
            continue
        detail = f"{len(same)} files claim to be this instance and differ"
        refused.append(Refused(tuple(same), Fault("duplicate_instance", detail)))
    return Distinct(tuple(kept), tuple(refused), n_copies)


def persons_with_one_id(headers: Iterable[Header]) -> list[Refused]:
    """Find the files under a PatientID that belongs to two persons (``two_persons_one_id``).

    They are two if two birth dates, two sexes or two issuers of the id are given; what a file
    does not give contradicts nothing. An empty id is nobody's.

    Parameters
    ----------
    headers : iterable of Header
        All files.
    """
    refused = []
    for own in _grouped(headers, lambda header: header.patient_id):
        if not own[0].patient_id:
            continue
        if (differing := _differing(own)) is not None:
            detail = f"{len(own)} files under one PatientID give {differing}"
            refused.append(Refused(tuple(own), Fault("two_persons_one_id", detail)))
    return refused


def _differing(headers: Sequence[Header]) -> str | None:
    """Name the fact of the person that is not the same everywhere, and never its value."""
    digests = [(header.person_digest or ".").split(".") for header in headers]
    for name, values in (
        ("birth dates", {birth_date for birth_date, _ in digests}),
        ("sexes", {sex for _, sex in digests}),
        ("issuers", {header.issuer_of_patient_id or "" for header in headers}),
    ):
        if len(values - {""}) > 1:
            return f"different {name}"
    return None


def _grouped(headers: Iterable[Header], key: Callable[[Header], Key]) -> list[list[Header]]:
    found: defaultdict[Key, list[Header]] = defaultdict(list)
    for header in headers:
        found[key(header)].append(header)
    return list(found.values())
