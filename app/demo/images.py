"""The images of one synthetic patient: tumours whose texture carries two hidden traits.

Inside the tumour, a Gaussian random field is added whose correlation length and amplitude are
the patient's; outside it the texture is the same for everybody. A tumour keeps its field from
visit to visit. Responders shrink, and their texture fades and coarsens.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from roentgene.app.demo.lesion import (
    LABELS,
    SHAPE,
    SPACING,
    as_drawn,
    depth_field,
    label_map,
    smooth_field,
    smoothed,
    whole_radius,
)
from roentgene.app.demo.patients import READERS, REFERENCE_READER, TIMEPOINTS, Patient
from roentgene.app.demo.traits import Floats, Stream, random_stream

#: Mean signal of healthy tissue (0) and of the labelled parts.
SIGNAL: Mapping[str, Mapping[int, float]] = {
    "T1C": {0: 1200, LABELS["ED"]: 1100, LABELS["ET"]: 1500, LABELS["NCR"]: 1000},
    "FLAIR": {0: 1000, LABELS["ED"]: 1400, LABELS["ET"]: 1250, LABELS["NCR"]: 1100},
}
SEQUENCES = tuple(SIGNAL)

#: Correlation length and amplitude of the texture of an average patient, and how they follow
#: the traits: ``average * exp(slope * trait)``.
LENGTH_MM, LENGTH_SLOPE = 1.1, 0.45
AMPLITUDE, AMPLITUDE_SLOPE = 110.0, 0.25

#: Volume, amplitude and correlation length of the texture, each as a share of the baseline's.
_RESPONSE = {"baseline": (1.0, 1.0, 1.0), "week_6": (0.75, 0.85, 1.15), "month_3": (0.5, 0.7, 1.3)}
_PROGRESS = {"baseline": (1.0, 1.0, 1.0), "week_6": (1.1, 1.0, 1.0), "month_3": (1.25, 1.0, 1.0)}
_EDGE_MM = 0.7
_HEALTHY_TEXTURE = 50.0
_NOISE = 15.0
_SHARED = 0.5


@dataclass(frozen=True)
class Visit:
    """Images by sequence and masks by reader of one visit; arrays of shape (z, y, x)."""

    timepoint: str
    images: Mapping[str, NDArray[np.int16]]
    masks: Mapping[str, NDArray[np.uint8]]


@dataclass(frozen=True)
class _Tumour:
    """What stays with a patient: shape, texture before it is smoothed, gain of the scanner."""

    depth: Floats
    white: Mapping[str, Floats]
    gain: Mapping[str, float]


@dataclass(frozen=True)
class _State:
    """What a tumour is like at one visit."""

    radius_mm: float
    length_mm: float
    amplitude: float


def visits(seed: int, patient: Patient) -> Iterator[Visit]:
    """Make the visits of a patient, in order; both readers draw the baseline, one the others."""
    rng = random_stream(seed, Stream.IMAGES, patient.number)
    tumour = _Tumour(
        depth_field(rng),
        _white_noise(rng),
        {sequence: float(rng.lognormal(0.0, 0.03)) for sequence in SEQUENCES},
    )
    for timepoint in TIMEPOINTS:
        # made whether it took place or not, so that the numbers after it do not move
        visit = _visit(rng, patient, tumour, timepoint)
        if timepoint not in patient.absent:
            yield visit


def _visit(rng: np.random.Generator, patient: Patient, tumour: _Tumour, timepoint: str) -> Visit:
    state = _state(rng, patient, timepoint)
    unseen = {reader for when, reader in patient.without_enhancement if when == timepoint}
    truth = label_map(tumour.depth, state.radius_mm, REFERENCE_READER not in unseen)
    images = {sequence: _image(rng, tumour, state, truth, sequence) for sequence in SEQUENCES}
    drawn = {reader: as_drawn(rng, tumour.depth, sd) for reader, sd in READERS.items()}
    return Visit(
        timepoint,
        {
            sequence: voxels
            for sequence, voxels in images.items()
            if (timepoint, sequence) not in patient.without_sequence
        },
        {
            reader: label_map(depth, state.radius_mm, reader not in unseen)
            for reader, depth in drawn.items()
            if timepoint == TIMEPOINTS[0] or reader == REFERENCE_READER
        },
    )


def _state(rng: np.random.Generator, patient: Patient, timepoint: str) -> _State:
    volume, amplitude, length = (_RESPONSE if patient.responder else _PROGRESS)[timepoint]
    scatter = 1.0 if timepoint == TIMEPOINTS[0] else float(rng.lognormal(0.0, 0.08))
    return _State(
        whole_radius(patient.size, volume * scatter),
        length * LENGTH_MM * math.exp(LENGTH_SLOPE * patient.texture_length),
        amplitude * AMPLITUDE * math.exp(AMPLITUDE_SLOPE * patient.heterogeneity),
    )


def _white_noise(rng: np.random.Generator) -> dict[str, Floats]:
    """White noise a sequence; the sequences see partly the same tumour."""
    shared = rng.standard_normal(SHAPE)
    return {
        sequence: np.sqrt(_SHARED) * shared + np.sqrt(1 - _SHARED) * rng.standard_normal(SHAPE)
        for sequence in SEQUENCES
    }


def _image(
    rng: np.random.Generator,
    tumour: _Tumour,
    state: _State,
    labels: NDArray[np.uint8],
    sequence: str,
) -> NDArray[np.int16]:
    """Signal of the parts, texture of the tumour and of healthy tissue, and noise."""
    edge = [_EDGE_MM / step for step in SPACING]
    means = np.zeros(SHAPE)
    for label, mean in SIGNAL[sequence].items():
        means[labels == label] = mean
    inside = gaussian_filter((labels > 0).astype(float), edge)
    texture = state.amplitude * smoothed(tumour.white[sequence], state.length_mm)
    healthy = _HEALTHY_TEXTURE * smooth_field(rng, LENGTH_MM)
    image = gaussian_filter(means, edge) + inside * texture + (1 - inside) * healthy
    noise = _NOISE * rng.standard_normal(SHAPE)
    scanned = np.clip(tumour.gain[sequence] * image + noise, 0, None)
    return np.asarray(np.rint(scanned), np.int16)


def write_visit(folder: Path, patient_id: str, visit: Visit) -> None:
    """Write a visit below ``images`` and ``masks`` of the study's input folder."""
    for sequence, voxels in visit.images.items():
        _write(voxels, folder / "images" / patient_id / visit.timepoint / f"{sequence}.nii.gz")
    for reader, labels in visit.masks.items():
        _write(labels, folder / "masks" / patient_id / visit.timepoint / f"{reader}.nii.gz")


def _write(voxels: NDArray[Any], path: Path) -> None:
    import SimpleITK as sitk

    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(SPACING[::-1])
    sitk.WriteImage(image, str(path), useCompression=True)
