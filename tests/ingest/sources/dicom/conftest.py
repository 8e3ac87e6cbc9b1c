"""Small DICOM files, written by pydicom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

SOP_CLASSES = {
    "CT": CTImageStorage,
    "MR": MRImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
}
ROWS, COLUMNS = 4, 6
Slices = list[Dataset]


def stored_values(index: int) -> np.ndarray[Any, Any]:
    return np.arange(ROWS * COLUMNS, dtype="<i2").reshape(ROWS, COLUMNS) + 100 * index


def one_slice(modality: str = "CT", index: int = 0, **elements: Any) -> Dataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    facts = {
        "SOPClassUID": SOP_CLASSES[modality],
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": f"1.2.3.{ord(modality[0])}",
        "FrameOfReferenceUID": "1.2.4",
        "Modality": modality,
        "PatientID": "P1",
        "PatientName": "Nemo^Captain",
        "PatientBirthDate": "18280208",
        "PatientSex": "M",
        "StudyDate": "18680624",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "Rows": ROWS,
        "Columns": COLUMNS,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "PixelSpacing": [0.75, 0.5],
        "SliceThickness": 3,
        "ImagePositionPatient": [-10, 20, 5 + 2.5 * index],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "InstanceNumber": index + 1,
        "PixelData": stored_values(index).tobytes(),
    }
    for keyword, value in (facts | elements).items():
        if value is not None:
            setattr(dataset, keyword, value)
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def slices(n: int = 5, modality: str = "CT", **elements: Any) -> Slices:
    return [one_slice(modality, index, **elements) for index in range(n)]


def save(datasets: Slices, folder: Path, prefix: str = "") -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, dataset in enumerate(datasets):
        paths.append(folder / f"{prefix}{number:04}.dcm")
        dataset.save_as(paths[-1], enforce_file_format=True)
    return paths


@pytest.fixture
def make_slices() -> Callable[..., Slices]:
    """Slices of one series, 2.5 mm apart."""
    return slices


@pytest.fixture
def save_slices() -> Callable[..., list[Path]]:
    """Write slices into a folder, one file each."""
    return save
