"""The facts of one DICOM file, read without its pixels."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from roentgene.ingest.sources.dicom.acquisition import Acquisition, read_acquisition
from roentgene.ingest.sources.dicom.damage import unwarned
from roentgene.ingest.sources.dicom.elements import Elements, Three, functional_groups, wanted_tags
from roentgene.ingest.sources.dicom.framing import Framed, take_apart
from roentgene.ingest.sources.dicom.pixel_length import Fault, Promise, pixel_fault
from roentgene.ingest.sources.dicom.plane import Plane, Splitting, read_plane, read_splitting
from roentgene.ingest.sources.dicom.sop_classes import (
    DIRECTORY,
    IMAGES,
    MULTI_FRAME,
    WITH_PIXELS,
)
from roentgene.ingest.sources.volume import VolumeError

# a damaged file of one of these names is refused; anything else that is no DICOM is passed over
_DICOM_SUFFIXES = frozenset((".dcm", ".dicom", ".dic", ".ima"))
# what macOS puts beside each file of an archive, under the name of that file
_APPLE_DOUBLE = b"\0\5\x16\7"


@dataclass(frozen=True)
class Header:
    """Facts of one DICOM file.

    Dates live in memory alone, to count days; like the digest of the person they are kept out of
    the representation, lest a log shows them.

    Parameters
    ----------
    path : Path
        The file.
    sop_class_uid, sop_instance_uid, study_instance_uid, series_instance_uid : str
        What it is, which one, and what it belongs to.
    modality : str
        Such as CT, MR, PT, RTSTRUCT.
    frame_of_reference_uid : str or None
        Frame of its positions.
    patient_id, issuer_of_patient_id : str, str or None
        Whose it is; the id may be empty.
    person_digest : str or None
        Hashes of birth date and sex, joined by a dot and each empty where the header does not
        give it; only to notice two persons under one id. None where it gives neither.
    series_description, series_number : str or None, int or None
        What the scanner calls it.
    study_date : datetime.date or None
        When.
    rows, columns, number_of_frames : int
        Size; 0 rows where it has no pixels.
    image_position, image_orientation, pixel_spacing, slice_thickness, rescale_slope, \
rescale_intercept
        Of an image of one frame; see :class:`Plane`.
    image_type : tuple of str
        ImageType, such as ORIGINAL, PRIMARY, LOCALIZER.
    splitting : Splitting
        What may tell volumes of one series apart.
    acquisition : Acquisition
        Scanner and protocol.
    frames : tuple of Plane
        The frames of an enhanced multi-frame image, in their order in the file.
    bits_stored, signed, samples_per_pixel : int, bool, int
        The stored values.
    transfer_syntax : str
        How the pixels are coded.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    modality: str
    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str | None
    patient_id: str = field(repr=False)
    issuer_of_patient_id: str | None = field(repr=False)
    person_digest: str | None = field(repr=False)
    series_description: str | None = field(repr=False)
    series_number: int | None
    study_date: datetime.date | None = field(repr=False)
    rows: int
    columns: int
    number_of_frames: int
    image_position: Three | None
    image_orientation: tuple[float, ...] | None
    pixel_spacing: tuple[float, float] | None
    slice_thickness: float | None
    rescale_slope: float | None
    rescale_intercept: float | None
    image_type: tuple[str, ...]
    splitting: Splitting
    acquisition: Acquisition
    frames: tuple[Plane, ...]
    bits_stored: int
    signed: bool
    samples_per_pixel: int
    transfer_syntax: str

    @property
    def is_image(self) -> bool:
        """Whether it is a CT, MR or PET image."""
        return self.sop_class_uid in IMAGES

    @property
    def is_multiframe(self) -> bool:
        """Whether one file holds several slices."""
        return self.sop_class_uid in MULTI_FRAME or self.number_of_frames > 1

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The slices that it holds."""
        if self.is_multiframe:
            return self.frames
        return (
            Plane(
                self.image_position,
                self.image_orientation,
                self.pixel_spacing,
                self.rescale_slope,
                self.rescale_intercept,
            ),
        )


@dataclass(frozen=True)
class Examined:
    """A file that was looked into.

    Parameters
    ----------
    path : Path
        The file.
    header : Header or None
        Its facts, also of a damaged file as far as they could be read; None if it is no DICOM
        file, or none whose facts say anything.
    fault : Fault or None
        Why it cannot be taken.
    """

    path: Path
    header: Header | None = None
    fault: Fault | None = None


def read_header(path: Path) -> Header | None:
    """Read the facts of a DICOM file, and see whether the file is whole.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Header or None
        None if it is no DICOM file, which its content says and not its name.

    Raises
    ------
    VolumeError
        ``unreadable_dicom`` if it is damaged or cut off, or if it is none and its name says that
        it should be; ``pixel_header_mismatch`` if its header promises other pixels than it holds.

    Notes
    -----
    Not for use in several threads at once, for it keeps pydicom's warnings back; these do so
    around all of them: ``with unwarned(): ... examine(path)``.
    """
    with unwarned():
        examined = examine(path)
    if examined.fault is not None:
        raise VolumeError(examined.fault.detail, examined.fault.reason_code)
    return examined.header


def examine(path: Path) -> Examined:
    """Look into a file, as :func:`read_header` does, and say what was found instead of raising.

    Parameters
    ----------
    path : Path
        The file.
    """
    try:
        with path.open("rb") as stream:
            framed = take_apart(stream, wanted_tags)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        return Examined(path, fault=Fault("unreadable_dicom", detail))
    except VolumeError as error:
        return Examined(path, fault=Fault(error.reason_code, error.message))
    if framed is None:
        return Examined(path, fault=_fault_of_none(path))
    if framed.media_storage == DIRECTORY:
        return Examined(path)
    try:
        header = _header(path, framed)
    except ValueError as error:
        return Examined(path, fault=Fault("unreadable_dicom", str(error)))
    return Examined(path, header, _fault(header, framed))


def _fault_of_none(path: Path) -> Fault | None:
    """Say what is wrong with a file that is no DICOM file."""
    if path.suffix.lower() not in _DICOM_SUFFIXES:
        return None
    with path.open("rb") as stream:
        if stream.read(len(_APPLE_DOUBLE)) == _APPLE_DOUBLE:
            return None
    return Fault("unreadable_dicom", "its name is that of a DICOM file and its content is none")


def _fault(header: Header, framed: Framed) -> Fault | None:
    if framed.cut_off:
        return Fault("unreadable_dicom", "it is cut off within its header")
    if framed.pixels is None:
        if header.sop_class_uid in WITH_PIXELS:
            return Fault("unreadable_dicom", "it holds no pixel data")
        return None
    bits = Elements(framed.dataset).whole("BitsAllocated")
    promise = Promise(
        header.rows,
        header.columns,
        header.number_of_frames,
        header.samples_per_pixel,
        0 if bits is None else bits,
    )
    fault = pixel_fault(framed, promise)
    if fault is None and header.frames and len(header.frames) != header.number_of_frames:
        detail = (
            f"its header promises {header.number_of_frames} frames "
            f"and places {len(header.frames)} of them"
        )
        return Fault("pixel_header_mismatch", detail)
    return fault


def _header(path: Path, framed: Framed) -> Header:
    own = Elements(framed.dataset)
    shared, of_frames = functional_groups(framed.dataset)
    # what all frames of a multi-frame image share stands where a plain image has it at the top
    facts = Elements(framed.dataset, *shared)
    plane = read_plane(facts)
    frames = tuple(read_plane(Elements(*groups, *shared, framed.dataset)) for groups in of_frames)
    n_frames = own.whole("NumberOfFrames")
    samples = own.whole("SamplesPerPixel")
    return Header(
        path=path,
        sop_class_uid=own.text("SOPClassUID") or framed.media_storage,
        sop_instance_uid=own.required("SOPInstanceUID"),
        modality=own.text("Modality") or "",
        study_instance_uid=own.required("StudyInstanceUID"),
        series_instance_uid=own.required("SeriesInstanceUID"),
        frame_of_reference_uid=own.text("FrameOfReferenceUID"),
        patient_id=own.text("PatientID") or "",
        issuer_of_patient_id=own.text("IssuerOfPatientID"),
        person_digest=_person_digest(own),
        series_description=own.text("SeriesDescription"),
        series_number=own.whole("SeriesNumber"),
        study_date=_date(own.text("StudyDate")),
        rows=own.whole("Rows") or 0,
        columns=own.whole("Columns") or 0,
        number_of_frames=1 if n_frames is None else n_frames,
        image_position=plane.position,
        image_orientation=plane.orientation,
        pixel_spacing=plane.pixel_spacing,
        slice_thickness=facts.number("SliceThickness"),
        rescale_slope=plane.slope,
        rescale_intercept=plane.intercept,
        image_type=own.words("ImageType"),
        splitting=read_splitting(facts),
        acquisition=read_acquisition(facts.number, facts.text),
        frames=frames,
        bits_stored=own.whole("BitsStored") or own.whole("BitsAllocated") or 0,
        signed=own.whole("PixelRepresentation") == 1,
        samples_per_pixel=1 if samples is None else samples,
        transfer_syntax=framed.transfer_syntax,
    )


def _person_digest(own: Elements) -> str | None:
    parts = [
        hashlib.sha256(value.encode()).hexdigest() if value else ""
        for value in (own.text("PatientBirthDate"), own.text("PatientSex"))
    ]
    return ".".join(parts) if any(parts) else None


def _date(text: str | None) -> datetime.date | None:
    # 1997.08.24 was the form before 1993
    digits = (text or "").replace(".", "")
    try:
        return datetime.datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None
