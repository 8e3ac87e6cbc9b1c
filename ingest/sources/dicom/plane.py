"""One slice: where it lies, what its stored values mean, and what volume it may belong to."""

from __future__ import annotations

from dataclasses import dataclass

from roentgene.ingest.sources.dicom.elements import Elements, Three


@dataclass(frozen=True)
class Plane:
    """Where one slice lies, and what makes its stored values real ones.

    Parameters
    ----------
    position : tuple of float or None
        Centre of its first pixel in millimetres.
    orientation : tuple of float or None
        Direction cosines of its rows (the way along which columns are counted) and its columns.
    pixel_spacing : tuple of float or None
        Distance of its rows and of its columns in millimetres.
    slope, intercept : float or None
        Value = slope x stored value + intercept; None where the header gives one that is no
        number.
    """

    position: Three | None
    orientation: tuple[float, ...] | None
    pixel_spacing: tuple[float, float] | None
    slope: float | None
    intercept: float | None


@dataclass(frozen=True)
class Splitting:
    """What may tell volumes of one series apart; None where the header does not say it."""

    temporal_position: float | None = None
    diffusion_b_value: float | None = None
    echo_time: float | None = None
    inversion_time: float | None = None
    flip_angle: float | None = None
    trigger_time: float | None = None
    frame_reference_time: float | None = None
    acquisition_number: float | None = None
    image_type: tuple[str, ...] = ()


def read_plane(facts: Elements) -> Plane:
    """Read where a slice lies, and its rescale.

    Parameters
    ----------
    facts : Elements
        Of its header; without a rescale its values are the stored ones.
    """
    position = facts.numbers("ImagePositionPatient", 3)
    spacing = facts.numbers("PixelSpacing", 2)
    return Plane(
        None if position is None else (position[0], position[1], position[2]),
        facts.numbers("ImageOrientationPatient", 6),
        None if spacing is None else (spacing[0], spacing[1]),
        facts.number_or("RescaleSlope", 1.0),
        facts.number_or("RescaleIntercept", 0.0),
    )


def read_splitting(facts: Elements) -> Splitting:
    """Read what may tell the volume of a slice from others of its series.

    Parameters
    ----------
    facts : Elements
        Of its header.
    """
    return Splitting(
        temporal_position=facts.number("TemporalPositionIdentifier"),
        diffusion_b_value=facts.number("DiffusionBValue"),
        echo_time=facts.number("EchoTime"),
        inversion_time=facts.number("InversionTime"),
        flip_angle=facts.number("FlipAngle"),
        trigger_time=facts.number("TriggerTime"),
        frame_reference_time=facts.number("FrameReferenceTime"),
        acquisition_number=facts.number("AcquisitionNumber"),
        image_type=facts.words("ImageType"),
    )
