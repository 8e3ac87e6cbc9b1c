"""Trees of DICOM files, such as downloads from TCIA or the IDC: everything is told by headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from roentgene.ingest.proposing.dicom_regions import RoiKinds, kinds_of_rois
from roentgene.ingest.proposing.dicom_series import SeriesKinds, kinds_of_series
from roentgene.ingest.proposing.dicom_texts import PersonalWords
from roentgene.ingest.proposing.dicom_visits import told_visits
from roentgene.ingest.proposing.download import read_download
from roentgene.ingest.proposing.listing import Listing
from roentgene.ingest.proposing.proposal import Proposal, Section, counted
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.scan import DicomTree, scan
from roentgene.schemas.words import reason_codes

_EXAMPLE_THRESHOLD = 0.5


def propose_dicom(listing: Listing) -> Proposal | None:
    """Recognise a tree of DICOM files; names of files and folders mean nothing.

    Parameters
    ----------
    listing : Listing
        What stands in the folder.

    Returns
    -------
    Proposal or None
        None where neither image nor dose can be taken.
    """
    # where a file lies may name a person, so nothing is said of it
    found = scan(listing.root, lambda _: "")
    tree = found.kept
    if not tree.series and not tree.doses:
        return None
    headers = list(_headers(tree))
    words = PersonalWords(headers)
    series, rois = kinds_of_series(tree.series, words), kinds_of_rois(tree, words)
    downloaded = read_download(listing)
    guessed = [*_guesses(series, rois), *told_visits(one.header for one in tree.series)]
    left_out = [*_left_out(tree, found.refused, series, rois), *downloaded.told_missing(tree)]
    keys: dict[str, Any] = {"dicom": "."}
    if series.matches:
        keys["series"] = series.matches
    if rois.regions:
        keys["rois"] = rois.regions
    if rois.n_withheld:
        # what is not named keeps its name, and that one may be somebody's
        keys["only_rois"] = True
    if rois.is_fractional:
        keys["fraction_threshold"] = _EXAMPLE_THRESHOLD
    return Proposal(
        recognised=f"a tree of DICOM files{downloaded.said}",
        images=(Section(keys, entries={"series": series.says, "rois": rois.says}),),
        patient_ids=frozenset(header.patient_id for header in headers),
        counts={
            "patients": len({(h.issuer_of_patient_id, h.patient_id) for h in headers}),
            "series": len({one.header.series_instance_uid for one in tree.series}),
            "images": len(tree.series),
            "structure_sets": len(tree.structure_sets),
            "segmentations": len(tree.segmentations),
            "doses": len(tree.doses),
            "plans": len(tree.plans),
        },
        title=downloaded.collection,
        license=downloaded.license,
        guessed=tuple(guessed),
        left_out=tuple(left_out),
    )


def _headers(tree: DicomTree) -> Iterator[Header]:
    yield from (one.header for one in tree.series)
    yield from (*tree.structure_sets, *tree.segmentations, *tree.doses, *tree.plans)


def _guesses(series: SeriesKinds, rois: RoiKinds) -> Iterator[str]:
    if series.matches:
        yield "series: each description is a sequence of its own; join or rename those that are one"
    for pattern in rois.merged:
        yield f"rois: '{pattern}' stands for names that differ by their modality alone"
    if rois.regions:
        yield "rois: regions have the names of the ROIs; rename them to those of your study"
    if rois.is_fractional:
        yield "fraction_threshold: some segmentations are fractional; the value is an example"


def _left_out(
    tree: DicomTree, refused: tuple[Refusal, ...], series: SeriesKinds, rois: RoiKinds
) -> Iterator[str]:
    if series.n_withheld:
        yield (
            f"{counted(series.n_withheld, 'series description')} not written, as they may hold a "
            "name, a number of somebody or a date; their series stand under the modality alone"
        )
    if rois.n_withheld:
        yield (
            f"{counted(rois.n_withheld, 'name')} of ROIs not written, as they may hold a name, a "
            "number of somebody or a date; only_rois leaves them out"
        )
    if series.n_rarer:
        told = "not written, as there are too many; their series stand under the modality alone"
        yield f"{series.n_rarer:,} rarer series descriptions {told}"
    if rois.n_rarer:
        yield f"{rois.n_rarer:,} rarer names of ROIs not written, as there are too many"
    if rois.n_nameless:
        told = "of other letters than those of a region; write them under rois with a region each"
        yield f"{counted(rois.n_nameless, 'name')} of ROIs {told}"
    if rois.n_unreadable:
        yield f"{counted(rois.n_unreadable, 'structure set or segmentation')} that cannot be read"
    for modality, n in sorted(Counter(header.modality for header in tree.others).items()):
        yield f"{counted(n, 'file')} of modality {modality}: neither images nor regions nor dose"
    for code, n in sorted(Counter(refusal.reason_code for refusal in refused).items()):
        yield f"{n} refused as {code}: {reason_codes()[code].means}"
    if tree.n_passed_over:
        yield f"{counted(tree.n_passed_over, 'file')} other than DICOM"
    if tree.n_copies:
        yield f"{counted(tree.n_copies, 'file')} with the bytes of another"
