"""A DICOM delivery made by hand: image series, structure sets, plans and doses of one patient."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
RTDOSE = "1.2.840.10008.5.1.4.1.1.481.2"
RTPLAN = "1.2.840.10008.5.1.4.1.1.481.5"

SIZE = 20
N_SLICES = 12
PIXEL_MM = 2.0
SLICE_MM = 3.0


def uid(*names: object) -> str:
    """Make a UID that is the same in every run."""
    return str(generate_uid(entropy_srcs=["roentgene tests", *map(str, names)]))


def dicom(sop_class: str, instance: str, **elements: Any) -> Dataset:
    """Make an object with what every object has."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = sop_class
    made.file_meta.MediaStorageSOPInstanceUID = instance
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = sop_class, instance
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def item(**elements: Any) -> Dataset:
    """Make an item of a sequence."""
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def save(made: Dataset, path: Path) -> Path:
    """Write an object to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def square(z_mm: float, low_mm: float, high_mm: float) -> NDArray[np.float64]:
    """Make the contour of a square in one slice, corners (x, y, z)."""
    corners = [(low_mm, low_mm), (high_mm, low_mm), (high_mm, high_mm), (low_mm, high_mm)]
    return np.array([(x, y, z_mm) for x, y in corners])


def block(low_mm: float = 9.0, high_mm: float = 25.0, slices: range = range(3, 9)) -> list[Any]:
    """Make the contours of a block: 8 x 8 pixels in six slices, unless said otherwise."""
    return [square(number * SLICE_MM, low_mm, high_mm) for number in slices]


@dataclass
class Patient:
    """What is delivered of a patient, below a folder."""

    folder: Path
    patient_id: str = "P1"
    study: str = "S1"
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def _common(self) -> dict[str, Any]:
        return {
            "PatientID": self.patient_id,
            "PatientName": "Doe^Jane",
            "PatientBirthDate": "19500301",
            "StudyDate": "20200115",
            "StudyInstanceUID": self._uid("study"),
            "FrameOfReferenceUID": self._uid("frame"),
            **self.more,
        }

    def _uid(self, *names: object) -> str:
        return uid(self.patient_id, self.study, *names)

    def series_uid(self, name: str) -> str:
        return self._uid("series", name)

    def image_uid(self, name: str, number: int) -> str:
        return self._uid("image", name, number)

    def slice(self, name: str, number: int, **changed: Any) -> Dataset:
        """Make one CT slice with values that differ from slice to slice."""
        values = np.random.default_rng([number, *name.encode()]).normal(40, 30, (SIZE, SIZE))
        elements = {
            **self._common,
            "Modality": "CT",
            "SeriesInstanceUID": self.series_uid(name),
            "SeriesDescription": name,
            "SeriesNumber": 1,
            "InstanceNumber": number + 1,
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "Manufacturer": "Maker",
            "ManufacturerModelName": "Model",
            "SliceThickness": SLICE_MM,
            "KVP": 120,
            "ImagePositionPatient": [0.0, 0.0, number * SLICE_MM],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [PIXEL_MM, PIXEL_MM],
            "Rows": SIZE,
            "Columns": SIZE,
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelRepresentation": 1,
            "RescaleSlope": 1,
            "RescaleIntercept": 0,
            "PixelData": values.astype("<i2").tobytes(),
        }
        return dicom(CT, self.image_uid(name, number), **{**elements, **changed})

    def ct(self, name: str = "ct", slices: range = range(N_SLICES), **changed: Any) -> list[Path]:
        """Write a CT series."""
        return [
            save(
                self.slice(name, number, **changed),
                self.folder / self.patient_id / name / f"{number:03}.dcm",
            )
            for number in slices
        ]

    def structures(
        self,
        name: str = "rs",
        on: str | None = "ct",
        rois: dict[str, list[Any]] | None = None,
        **changed: Any,
    ) -> Path:
        """Write a structure set; ``on`` is the series that it refers to."""
        rois = {"GTV": block()} if rois is None else rois
        frame = changed.get("FrameOfReferenceUID", self._common["FrameOfReferenceUID"])
        referenced = item(FrameOfReferenceUID=frame)
        if on is not None:
            images = [
                item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=self.image_uid(on, n))
                for n in range(N_SLICES)
            ]
            series = item(SeriesInstanceUID=self.series_uid(on), ContourImageSequence=images)
            referenced.RTReferencedStudySequence = [
                item(
                    ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
                    ReferencedSOPInstanceUID=self._common["StudyInstanceUID"],
                    RTReferencedSeriesSequence=[series],
                )
            ]
        elements = {
            **self._common,
            "Modality": "RTSTRUCT",
            "SeriesInstanceUID": self._uid("series", name),
            "StructureSetLabel": "drawn",
            "ReferencedFrameOfReferenceSequence": [referenced],
            "StructureSetROISequence": [
                item(ROINumber=n, ROIName=roi, ReferencedFrameOfReferenceUID=frame)
                for n, roi in enumerate(rois, start=1)
            ],
            "ROIContourSequence": [
                item(
                    ReferencedROINumber=n,
                    ContourSequence=[
                        item(
                            ContourGeometricType="CLOSED_PLANAR",
                            NumberOfContourPoints=len(points),
                            ContourData=[f"{value:.4f}" for value in points.ravel()],
                        )
                        for points in contours
                    ],
                )
                for n, contours in enumerate(rois.values(), start=1)
            ],
            **changed,
        }
        made = dicom(RTSTRUCT, self._uid("structures", name), **elements)
        return save(made, self.folder / self.patient_id / f"{name}.dcm")

    def dose(self, name: str = "rd", gray: float = 60.0, **changed: Any) -> Path:
        """Write a dose that falls from the first column to the last, from ``gray`` to 0."""
        falling = np.linspace(1, 0, SIZE)[None, None, :]
        stored = np.rint(np.broadcast_to(falling, (N_SLICES, SIZE, SIZE)) * 60_000)
        elements = {
            **self._common,
            "Modality": "RTDOSE",
            "SeriesInstanceUID": self._uid("series", name),
            "DoseUnits": "GY",
            "DoseType": "PHYSICAL",
            "DoseSummationType": "PLAN",
            "DoseGridScaling": gray / 60_000,
            "GridFrameOffsetVector": [number * SLICE_MM for number in range(N_SLICES)],
            "FrameIncrementPointer": 0x3004000C,
            "ImagePositionPatient": [0.0, 0.0, 0.0],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [PIXEL_MM, PIXEL_MM],
            "NumberOfFrames": N_SLICES,
            "Rows": SIZE,
            "Columns": SIZE,
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": 32,
            "BitsStored": 32,
            "HighBit": 31,
            "PixelRepresentation": 0,
            "PixelData": stored.astype("<u4").tobytes(),
            "ReferencedRTPlanSequence": [
                item(ReferencedSOPClassUID=RTPLAN, ReferencedSOPInstanceUID=self._uid("plan", "rp"))
            ],
            **changed,
        }
        made = dicom(RTDOSE, self._uid("dose", name), **elements)
        return save(made, self.folder / self.patient_id / f"{name}.dcm")

    def plan(self, name: str = "rp", fractions: int = 30, **changed: Any) -> Path:
        """Write a plan of one fraction group on the structure set ``rs``."""
        elements = {
            **self._common,
            "Modality": "RTPLAN",
            "SeriesInstanceUID": self._uid("series", name),
            "FractionGroupSequence": [
                item(FractionGroupNumber=1, NumberOfFractionsPlanned=fractions)
            ],
            "DoseReferenceSequence": [
                item(
                    DoseReferenceNumber=1,
                    DoseReferenceStructureType="SITE",
                    DoseReferenceType="TARGET",
                    TargetPrescriptionDose=60,
                )
            ],
            "ReferencedStructureSetSequence": [
                item(
                    ReferencedSOPClassUID=RTSTRUCT,
                    ReferencedSOPInstanceUID=self._uid("structures", "rs"),
                )
            ],
            **changed,
        }
        made = dicom(RTPLAN, self._uid("plan", name), **elements)
        return save(made, self.folder / self.patient_id / f"{name}.dcm")
