"""Which of the known layouts a folder has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from roentgene.ingest.proposing.bids import propose_bids
from roentgene.ingest.proposing.brats import propose_brats
from roentgene.ingest.proposing.dicom_tree import propose_dicom
from roentgene.ingest.proposing.listing import Listing, list_folder
from roentgene.ingest.proposing.name_pairs import propose_name_pairs
from roentgene.ingest.proposing.proposal import Proposal, counted, may_stand
from roentgene.ingest.proposing.tables_beside import find_tables
from roentgene.schemas.errors import FileError

_OF_VOLUMES: tuple[Callable[[Listing], Proposal | None], ...] = (
    propose_bids,
    propose_brats,
    propose_name_pairs,
)


def propose(folder: Path) -> Proposal:
    """Recognise what lies in a folder.

    The more a layout says, the sooner it is tried: BIDS, BraTS, names of any kind, then DICOM.

    Parameters
    ----------
    folder : Path
        The folder; all folders in it are looked into, and nothing is written.

    Returns
    -------
    Proposal
        The content of a cohort file.

    Raises
    ------
    FileError
        If there is no such folder, or nothing in it is understood.
    """
    if not folder.is_dir():
        msg = f"there is no folder {folder}"
        raise FileError(msg, "Correct the path")
    listing = list_folder(folder)
    has_dicom = listing.has_dicom()
    for recogniser in _OF_VOLUMES if listing.volumes else ():
        proposal = recogniser(listing)
        if proposal is not None:
            return _with_the_rest(proposal, listing, has_dicom=has_dicom)
    proposal = propose_dicom(listing) if has_dicom else None
    if proposal is None:
        raise _not_understood(listing, has_dicom=has_dicom)
    if listing.volumes:
        told = f"{counted(len(listing.volumes), 'NIfTI, NRRD or MetaImage file')} without pairs"
        proposal = replace(proposal, left_out=(*proposal.left_out, told))
    return _with_the_rest(proposal, listing, has_dicom=False)


def _with_the_rest(proposal: Proposal, listing: Listing, *, has_dicom: bool) -> Proposal:
    """Add the tables beside the images, and what else is to be said of the folder."""
    beside = find_tables(listing, proposal.patient_ids)
    guessed, left_out = list(proposal.guessed), [*proposal.left_out, *beside.left_out]
    if beside.tables:
        guessed.append("tables: all their columns are taken for clinical variables of the patient")
    if has_dicom:
        left_out.append("DICOM files, which lie here too: propose their folder by itself")
    if listing.n_refused:
        left_out.append(f"{listing.n_refused:,} links that lead out or cannot be followed")
    if n := sum(not may_stand(patient) for patient in proposal.patient_ids):
        left_out.append(
            f"ids of {counted(n, 'patient')} look like they hold a date or a number of somebody: "
            "they are not in this file, but would be in the warehouse"
        )
    return replace(proposal, tables=beside.tables, guessed=tuple(guessed), left_out=tuple(left_out))


def _not_understood(listing: Listing, *, has_dicom: bool) -> FileError:
    what = []
    if listing.volumes:
        n = counted(len(listing.volumes), "NIfTI, NRRD or MetaImage file")
        what.append(f"{n}, of which no image has a mask on its grid")
    if has_dicom:
        what.append("DICOM files, of which none is an image or a dose that can be taken")
    found = "; ".join(what) or "neither NIfTI, NRRD, MetaImage nor DICOM files"
    msg = f"nothing that can be proposed lies in {listing.root}: there are {found}"
    cure = "Give the folder above those of the patients, or write the cohort file by hand"
    return FileError(msg, cure)
